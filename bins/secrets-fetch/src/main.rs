//! `secrets-fetch`: the project's own init container. It pulls secrets out of AWS under the task's identity, or writes
//! those that the webhook found, and fails the pod with one clear line when it cannot.
//!
//! Its input is its environment, so that it can take the place of AWS's image (`pull`, also without a word) and of the
//! busybox writer (`write`, also under the name `sh`).

mod files;
mod identity;
mod pull;
mod write;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;
/// What a shell reports for a process that a SIGTERM ended.
const TERMINATED: u8 = 128 + 15;
/// Where the kubelet reads why a container ended.
const TERMINATION_LOG: &str = "/dev/termination-log";

const HELP: &str = "\
Usage: secrets-fetch [pull|write]

pull   Fetch secrets from AWS Secrets Manager into files (the default).
         SECRET_ARN, SECRET_FILENAME  one secret, as AWS's sidecar image takes it
         FSW_SECRETS    many: a JSON list of {\"secret\": \"ARN[:json-key[:stage[:version-id]]]\", \"paths\": [\"a/b\"]}
         FSW_DIRECTORY  where the files go; /tmp
         FSW_MODE       their permission bits, in octal; 0440 in a volume with an fsGroup, otherwise 0444
         FSW_TIMEOUT    how long to try, in seconds; 60
write  Write files that the webhook found.
         FSW_FILES, FSW_MODE, FSW_CONTENT_N, FSW_SIZE_N, FSW_PATHS_N, FLYTE_SECRETS_DEFAULT_DIR

Exit codes: 0 all files are there; 1 none of them is new, and the reason is on standard error and in
/dev/termination-log; 64 the command line or the input makes no sense; 143 a SIGTERM came first.
";

/// The environment, as far as it is text.
pub(crate) type Environment = HashMap<String, String>;

/// Why there are no files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The input makes no sense.
    #[error("{0}")]
    Input(String),
    /// A secret cannot be had, or a file cannot be written.
    #[error("{0}")]
    Work(String),
    /// Asked to stop.
    #[error("stopped by a SIGTERM")]
    Terminated,
}

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let environment: Environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let result = match task(&args) {
        Some(Task::Pull) => pull::pull(&environment),
        Some(Task::Write) => write::write(&environment),
        Some(Task::Help) => {
            let _ = std::io::stdout().write_all(HELP.as_bytes());
            return ExitCode::SUCCESS;
        }
        None => Err(Failure::Input("the command is pull or write; see --help".to_owned())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let line = format!("secrets-fetch: {failure}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            // Not there outside of a container.
            if Path::new(TERMINATION_LOG).exists() {
                let _ = std::fs::write(TERMINATION_LOG, &line);
            }
            ExitCode::from(match failure {
                Failure::Input(_) => USAGE,
                Failure::Work(_) => 1,
                Failure::Terminated => TERMINATED,
            })
        }
    }
}

enum Task {
    Pull,
    Write,
    Help,
}

fn task(args: &[OsString]) -> Option<Task> {
    let name = args.first().and_then(|program| Path::new(program).file_name()).unwrap_or_default();
    match args.get(1).map(|word| word.to_string_lossy()).as_deref() {
        // The webhook starts the writer as `sh -c SCRIPT`, whatever the image.
        Some("-c") if name == "sh" => Some(Task::Write),
        None | Some("pull") => Some(Task::Pull),
        Some("write") => Some(Task::Write),
        Some("--help" | "-h" | "help") => Some(Task::Help),
        Some(_) => None,
    }
}
