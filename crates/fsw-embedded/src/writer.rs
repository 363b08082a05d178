//! The init container that writes the files of a pod's embedded secrets.
//!
//! Its input is its environment: `FSW_FILES` (how many), `FSW_MODE` (octal permission bits), and for each file N
//! `FSW_CONTENT_N` (base64), `FSW_SIZE_N` (bytes) and `FSW_PATHS_N` (paths below `FLYTE_SECRETS_DEFAULT_DIR`, one a
//! line; the first is written, the others are hard links to it). A path never holds a line break.

use std::sync::Arc;

use data_encoding::BASE64;
use fsw_naming::{FilePath, SECRETS_DIRECTORY};
use fsw_pod::{ContainerView, PodEditor, file_mode, security_context, variable, with_own};
use fsw_source::SecretValue;
use serde_json::{Map, Value, json};

use crate::ValueError;
use crate::value::LONGEST_STRING;

/// The volume that the files are written to.
pub const VOLUME: &str = "embedded-secret-vol";

/// Runs under the shell of any busybox from 1.28 on. It is the same text for every pod.
pub const SCRIPT: &str = include_str!("writer.sh");

/// What the writer is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// An image with a busybox shell.
    pub image: String,
    /// A container's `resources`.
    pub resources: Value,
    /// The container's name.
    pub container_name: String,
    /// Fields that replace those of the security context; null removes one.
    pub security_overrides: Map<String, Value>,
}

/// One file and all its paths.
#[derive(Debug, Clone)]
pub struct File {
    /// What is written.
    pub content: Arc<SecretValue>,
    /// Never empty; the first is the file, the others are links to it.
    pub paths: Vec<FilePath>,
}

/// Whether a writer can be given the content.
///
/// # Errors
/// It is too long.
pub fn check_content(content: &SecretValue) -> Result<(), ValueError> {
    // Base64 makes four bytes of three; the name and `=` come on top.
    let longest = (LONGEST_STRING - 64) / 4 * 3;
    match content.bytes().len() {
        length if length > longest => Err(ValueError::FileTooLong { length, longest }),
        _ => Ok(()),
    }
}

/// The container that writes `files` into `volume`; `variables` are those that every container of the pod gets.
pub fn container(files: &[File], volume: &str, variables: &[Value], pod: &PodEditor, settings: &Settings) -> Value {
    let mut env = Vec::new();
    env.push(variable("FSW_FILES", &files.len().to_string()));
    env.push(variable("FSW_MODE", &format!("{:04o}", file_mode(pod, &settings.security_overrides))));
    for (index, file) in files.iter().enumerate() {
        let paths: Vec<_> = file.paths.iter().map(FilePath::relative).collect();
        env.push(variable(&format!("FSW_PATHS_{index}"), &paths.join("\n")));
        env.push(variable(&format!("FSW_SIZE_{index}"), &file.content.bytes().len().to_string()));
        env.push(variable(&format!("FSW_CONTENT_{index}"), &BASE64.encode(file.content.bytes())));
    }
    json!({
        "name": settings.container_name,
        "image": settings.image,
        "command": ["sh", "-c", SCRIPT],
        "env": with_own(variables, env),
        "resources": settings.resources,
        "securityContext": security_context(pod, &settings.security_overrides),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": volume, "mountPath": SECRETS_DIRECTORY}],
    })
}

/// Reads the input of a writer that is a program, out of its environment.
///
/// # Errors
/// A sentence about what is missing or wrong; nothing of any content is in it.
pub fn read_input(variable: impl Fn(&str) -> Option<String>) -> Result<Vec<File>, String> {
    let value = |name: &str| variable(name).ok_or_else(|| format!("the variable {name} is missing"));
    let number = |name: &str| value(name)?.parse::<usize>().map_err(|_| format!("the variable {name} is no number"));
    let file = |index: usize| {
        let content = BASE64
            .decode(variable(&format!("FSW_CONTENT_{index}")).unwrap_or_default().as_bytes())
            .map_err(|_| format!("the variable FSW_CONTENT_{index} is not base64"))?;
        if content.len() != number(&format!("FSW_SIZE_{index}"))? {
            return Err(format!("the variable FSW_CONTENT_{index} is incomplete"));
        }
        let paths = value(&format!("FSW_PATHS_{index}"))?;
        let paths = paths.lines().map(|path| FilePath::parse(path).map_err(|error| error.to_string()));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        if paths.is_empty() {
            return Err(format!("the variable FSW_PATHS_{index} names no path"));
        }
        Ok(File { content: SecretValue::Binary(content.into()).into(), paths })
    };
    (0..number("FSW_FILES")?).map(file).collect()
}

/// Whether a container of our name is one that this manager, or Flyte's, made.
pub fn is_ours(container: &ContainerView<'_>, volumes: &[&str]) -> bool {
    container.mounts().iter().any(|mount| {
        mount["mountPath"] == SECRETS_DIRECTORY
            && mount["readOnly"] != true
            && volumes.iter().any(|volume| mount["name"] == *volume)
    })
}
