//! What is odd but not wrong.

use std::fmt;

use crate::{Config, ConfigError};

/// What kind of oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// A setting of Flyte's that has no effect here.
    Ignored,
    /// A setting that nobody knows; most likely a mistake.
    Unknown,
    /// A setting with a better successor.
    Deprecated,
    /// A valid value that will hardly do what is wanted, or was adjusted.
    Suspicious,
}

/// What is odd but not wrong about a setting. Display is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of oddity.
    pub level: Level,
    /// The setting, for example `webhook.listenPort`.
    pub path: String,
    /// The file, variable or flag that it came from.
    pub origin: String,
    /// What is odd and what to do.
    pub message: String,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
            Self::Deprecated => "deprecated",
            Self::Suspicious => "suspicious",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} in {}: {}", self.level, self.path, self.origin, self.message)
    }
}

/// A valid configuration and what is odd about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The effective configuration.
    pub config: Config,
    /// In the order of the layers.
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// The same, unless there is a setting that nobody knows.
    ///
    /// # Errors
    /// [`ConfigError::Unknown`], with every such setting.
    pub fn strict(self) -> Result<Self, ConfigError> {
        let unknown: Vec<Finding> =
            self.findings.iter().filter(|finding| finding.level == Level::Unknown).cloned().collect();
        if unknown.is_empty() { Ok(self) } else { Err(ConfigError::Unknown { unknown }) }
    }
}
