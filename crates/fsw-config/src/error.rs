//! Why there is no configuration.

use std::path::PathBuf;

use figment::error::{Actual, Kind};

use crate::{Finding, schema};

/// Why there is no configuration: which setting, where it came from, what is valid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}, given to --config", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },

    /// A directory where a file is expected.
    #[error("{} is a directory; give its files, for example --config '{}/*.yaml'", path.display(), path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },

    /// A pattern without a file.
    #[error("no file matches {}; '*' is expanded in the last part of the path only", pattern.display())]
    NoMatch {
        /// The pattern.
        pattern: PathBuf,
    },

    /// Not YAML.
    #[error("{origin} is not valid YAML: {message}")]
    Yaml {
        /// The file, variable or flag.
        origin: String,
        /// What the parser says, with line and column.
        message: String,
    },

    /// A file that is YAML, but not of settings.
    #[error("{origin} holds {found} where settings are expected, for example webhook: {{listenPort: 9443}}")]
    NotSettings {
        /// The file.
        origin: String,
        /// What it holds instead.
        found: String,
    },

    /// One setting in two spellings.
    #[error("{path} is given twice, as {first} and as {second} in {origin}; keep one")]
    Twice {
        /// The setting.
        path: String,
        /// Its first spelling.
        first: String,
        /// Its second spelling.
        second: String,
        /// The file, variable or flag.
        origin: String,
    },

    /// A flag without a value.
    #[error("the setting {setting:?} has no value; write it as KEY=VALUE, for example webhook.listenPort=9443")]
    NoValue {
        /// What was given.
        setting: String,
    },

    /// A bad value.
    #[error("{path} in {origin}: {problem}")]
    Invalid {
        /// The setting.
        path: String,
        /// The file, variable or flag.
        origin: String,
        /// What was found, and what is expected.
        problem: String,
    },

    /// Two listeners on one port.
    #[error(
        "{first} in {first_origin} and {second} in {second_origin} are both port {port}; give one of them another port"
    )]
    SamePort {
        /// One setting.
        first: &'static str,
        /// Where it came from.
        first_origin: String,
        /// The other setting.
        second: &'static str,
        /// Where it came from.
        second_origin: String,
        /// The port.
        port: u16,
    },

    /// Settings that nobody knows, when checking strictly.
    #[error("{}", lines(unknown))]
    Unknown {
        /// All of them.
        unknown: Vec<Finding>,
    },

    /// A defect of this program: its own defaults do not load.
    #[error("the built-in defaults do not load ({message}); please report this")]
    Defaults {
        /// What went wrong.
        message: String,
    },
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        let path = error.path.join(".");
        let origin = error.metadata.map_or_else(|| "the defaults".to_owned(), |metadata| metadata.name.into_owned());
        let problem = match error.kind {
            Kind::Message(message) => message,
            Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
                format!("found {}, expected {expected}", found(&actual))
            }
            Kind::InvalidLength(0, expected) => format!("found an empty list, expected {expected}"),
            other => other.to_string(),
        };
        let problem = match schema::example(&path) {
            Some(example) => format!("{problem}, for example {example}"),
            None => problem,
        };
        Self::Invalid { path, origin, problem }
    }
}

/// A value as a reader of YAML knows it.
pub(crate) fn found(actual: &Actual) -> String {
    match actual {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(value) => format!("{value:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a map".to_owned(),
        Actual::Unit | Actual::Option => "nothing".to_owned(),
        other => other.to_string(),
    }
}
