use std::time::Duration;

use fsw_pod::Patch;
use futures_util::future::BoxFuture;

use crate::PodReview;

/// What is done to a pod.
pub trait MutatePod: Send + Sync + 'static {
    /// Decides about one pod, before its deadline.
    ///
    /// # Errors
    /// The pod is refused.
    fn mutate(&self, review: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>>;
}

/// A pod that is admitted.
#[derive(Debug, Default)]
pub struct Mutation {
    /// What changes.
    pub patch: Patch,
    /// For whoever created the pod; kubectl prints them.
    pub warnings: Vec<String>,
    /// For the log: what was done, without values.
    pub facts: String,
}

/// A pod that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What kind, which decides what Flyte does with the task.
    pub kind: DenialKind,
    /// One line for whoever created the pod.
    pub message: String,
    /// For the log: the same facts, at any length.
    pub facts: String,
}

/// The kinds of refusals, and with them the HTTP codes that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DenialKind {
    /// 400: the task is at fault.
    Invalid,
    /// 400, never 404: an absent secret is the task's fault too.
    NotFound,
    /// 403.
    Forbidden,
    /// 429: ask again after this time, in whole seconds.
    Unavailable {
        /// What the client is told to wait.
        retry_after: Duration,
    },
}
