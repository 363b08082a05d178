use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use data_encoding::BASE64;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use secrecy::{SecretSlice, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;

use crate::{Answer, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};

/// Secrets out of a YAML text, in place of AWS, for trying things out: id to text, `{string: …}` or
/// `{binary: base64}`. It holds one version of each, the current one. A clone shares the values.
#[derive(Clone)]
pub struct FileStore {
    secrets: BTreeMap<String, Arc<SecretValue>>,
    place: String,
}

/// Why a text is no store. Values are never part of the message.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileStoreError {
    /// Not YAML, or not a map of ids.
    #[error(
        "{name} is not a map from secret id to a text, {{string: TEXT}} or {{binary: BASE64}}{}",
        place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default()
    )]
    Format {
        /// The file.
        name: String,
        /// One-based line and column, where known.
        place: Option<(u64, u64)>,
    },
    /// One of the entries.
    #[error("{name}: secret {id:?} {problem}")]
    Entry {
        /// The file.
        name: String,
        /// The id.
        id: String,
        /// What is wrong.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Entry {
    Text(String),
    Map { string: Option<String>, binary: Option<String> },
    Other(IgnoredAny),
}

impl FileStore {
    /// Reads a store; `name` is what messages call it.
    ///
    /// # Errors
    /// The text is not a map of secrets.
    pub fn from_yaml(name: &str, yaml: &str) -> Result<Self, FileStoreError> {
        let entries: BTreeMap<String, Entry> = serde_saphyr::from_str(yaml).map_err(|error| {
            // Only the place: the library's message may quote the text around it, and with it a value.
            let place = error.location().map(|location| (location.line(), location.column()));
            FileStoreError::Format { name: name.to_owned(), place }
        })?;
        let secrets = entries
            .into_iter()
            .map(|(id, entry)| match value(entry) {
                Ok(value) => Ok((id, Arc::new(value))),
                Err(problem) => Err(FileStoreError::Entry { name: name.to_owned(), id, problem }),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { secrets, place: format!("file {name}") })
    }
}

fn value(entry: Entry) -> Result<SecretValue, &'static str> {
    match entry {
        Entry::Text(string) | Entry::Map { string: Some(string), binary: None } => {
            Ok(SecretValue::Text(SecretString::from(string)))
        }
        Entry::Map { string: None, binary: Some(base64) } => match BASE64.decode(base64.trim().as_bytes()) {
            Ok(bytes) => Ok(SecretValue::Binary(SecretSlice::from(bytes))),
            Err(_) => Err("is not base64 in `binary`"),
        },
        Entry::Map { .. } => Err("needs either `string` or `binary`"),
        // YAML would not keep how `0123` or `1e3` was written, and a secret is exact.
        Entry::Other(_) => Err("is no text; put a number, true, false or null in quotes"),
    }
}

impl SecretSource for FileStore {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        let answer = match (self.secrets.get(id.as_str()), version) {
            (Some(value), Version::Current) => {
                Answer::Found(Secret { value: Arc::clone(value), version_id: "file".into() })
            }
            _ => Answer::NotFound,
        };
        ready(Ok(answer)).boxed()
    }

    fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("ids", &self.secrets.keys()).finish_non_exhaustive()
    }
}
