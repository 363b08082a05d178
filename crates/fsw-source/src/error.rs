use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// Why a source could not say what is behind an id. The kind decides what happens to the task. A clone shares the facts:
/// many may wait for one answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The source does not let us read it, and will not until somebody grants it.
    #[error("access denied: {0}")]
    Denied(Arc<Failure>),
    /// The source is out of service or overloaded: asking again later may help.
    #[error("unavailable: {0}")]
    Unavailable(Arc<Failure>),
    /// There is an answer, but nothing that can be given to a task: asking again will not help.
    #[error("unusable: {0}")]
    Unusable(Arc<Failure>),
}

impl SourceError {
    /// The facts.
    pub fn failure(&self) -> &Failure {
        match self {
            Self::Denied(failure) | Self::Unavailable(failure) | Self::Unusable(failure) => failure,
        }
    }
}

/// What happened and what helps. Never holds anything of a response's body but names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// The source's own code, for example `AccessDeniedException`.
    pub code: String,
    /// One sentence without a dot: what happened and what to do.
    pub explanation: String,
    /// The source's id of the request, for its support.
    pub request_id: Option<String>,
}

impl Failure {
    /// The bytes of its texts.
    pub fn size(&self) -> usize {
        self.code.len() + self.explanation.len() + self.request_id.as_ref().map_or(0, String::len)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.explanation, self.code)
    }
}
