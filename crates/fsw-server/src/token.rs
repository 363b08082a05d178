use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use thiserror::Error;
use tracing::warn;

/// A token that clients have to show, out of a file that may change. Its `Debug` does not show it.
#[derive(Debug)]
pub struct Token {
    path: PathBuf,
    last: Mutex<SecretString>,
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The file is missing or may not be read.
    #[error("cannot read {}, given as secretsWebhook.cache.invalidationTokenFile", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody could be told from anybody.
    #[error("{}, given as secretsWebhook.cache.invalidationTokenFile, holds no token", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

impl Token {
    /// Reads the token; white space around it does not count.
    ///
    /// # Errors
    /// The file cannot be read, or is empty.
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        Ok(Self { path: path.to_owned(), last: Mutex::new(read(path)?) })
    }

    /// Whether the request shows it (`Authorization: Bearer TOKEN`). The file is read each time, since this is rare; one
    /// that cannot be read leaves the token as it was.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match read(&self.path) {
            Ok(token) => *last = token,
            Err(error) => warn!(%error, "invalidation token not reloaded; the one before stays"),
        }
        let shown = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let shown = match shown.split_at_checked(7) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
            _ => return false,
        };
        shown.ct_eq(last.expose_secret().as_bytes()).into()
    }
}

fn read(path: &Path) -> Result<SecretString, TokenError> {
    let text = fs::read_to_string(path).map(SecretString::from);
    let text = text.map_err(|source| TokenError::Read { path: path.to_owned(), source })?;
    match text.expose_secret().trim() {
        "" => Err(TokenError::Empty { path: path.to_owned() }),
        token => Ok(SecretString::from(token)),
    }
}
