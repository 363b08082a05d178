use std::io;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Why there are no logs.
#[derive(Debug, Error)]
pub enum LogsError {
    /// The filter cannot be read.
    #[error(
        "log.level {level:?} is no filter; write a level (error, warn, info, debug, trace) or target=level, comma-separated"
    )]
    Level {
        /// What was given.
        level: String,
    },
    /// Something else in the process took the logs before.
    #[error("logs are set up already")]
    Taken,
}

/// kube's client logs an answer that it cannot parse, and that may be a Secret. Its errors reach their callers anyway.
const NEVER: &str = "kube_client::client=off";

/// Writes what is logged from here on to standard error.
///
/// # Errors
/// The filter cannot be read, or logs are set up already.
pub fn init_logs(format: LogFormat, level: &str) -> Result<(), LogsError> {
    let of_level = || LogsError::Level { level: level.to_owned() };
    let filter = EnvFilter::try_new(level).map_err(|_| of_level())?;
    let filter = filter.add_directive(NEVER.parse().map_err(|_| of_level())?);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let result = match format {
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
    };
    result.map_err(|_| LogsError::Taken)
}
