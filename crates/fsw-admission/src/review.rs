use std::future::ready;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::Either;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

use crate::decode::decode;
use crate::encode::{admit, deny};
use crate::{Denial, DenialKind, MutatePod, Mutation, PodReview, Undecodable};

/// What the API server is answered. It holds the patch, and with it secrets, so its `Debug` shows only the outcome.
pub struct Reply {
    /// The AdmissionReview.
    pub body: Vec<u8>,
    /// How it went.
    pub outcome: Outcome,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// How a review went; the label of metrics and the word in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The pod was changed.
    Injected,
    /// There was nothing to change.
    Unchanged,
    /// See [`DenialKind::Invalid`].
    Invalid,
    /// See [`DenialKind::NotFound`].
    NotFound,
    /// See [`DenialKind::Forbidden`].
    Forbidden,
    /// See [`DenialKind::Unavailable`].
    Unavailable,
}

impl Outcome {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Injected => "injected",
            Self::Unchanged => "unchanged",
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<DenialKind> for Outcome {
    fn from(kind: DenialKind) -> Self {
        match kind {
            DenialKind::Invalid => Self::Invalid,
            DenialKind::NotFound => Self::NotFound,
            DenialKind::Forbidden => Self::Forbidden,
            DenialKind::Unavailable { .. } => Self::Unavailable,
        }
    }
}

/// What is said of a request in the log.
struct About {
    uid: String,
    namespace: String,
    pod: String,
    is_dry_run: bool,
}

/// Warnings in the log, in bytes: Flyte asks again and again, and a pod may give cause for many.
const LONGEST_LOG: usize = 16 * 1024;

/// Answers one body. Whatever happens to the pod, the answer carries the request's id; a body without one is the only
/// error. Writes one line to the log. The body is given up as soon as it is read: a pod may have to wait.
///
/// # Errors
/// The body holds nothing that could be answered.
pub async fn review(body: impl AsRef<[u8]>, deadline: Instant, mutate: &dyn MutatePod) -> Result<Reply, Undecodable> {
    let start = Instant::now();
    let (About { uid, namespace, pod, is_dry_run }, asked) = begin(body.as_ref(), deadline, mutate)?;
    drop(body);
    let result = asked.await;
    let reply = match &result {
        Ok(mutation) => {
            let outcome = if mutation.patch.is_empty() { Outcome::Unchanged } else { Outcome::Injected };
            Reply { body: admit(&uid, mutation), outcome }
        }
        Err(denial) => Reply { body: deny(&uid, denial), outcome: denial.kind.into() },
    };
    let (outcome, duration_ms) = (reply.outcome.as_str(), milliseconds(start));
    match result {
        Ok(Mutation { facts, warnings, .. }) => {
            let mut warnings = warnings.join("; ");
            warnings.truncate(warnings.floor_char_boundary(LONGEST_LOG));
            info!(
                uid,
                namespace,
                pod,
                outcome,
                duration_ms,
                dry_run = is_dry_run,
                requests = facts,
                warnings,
                "review"
            );
        }
        Err(denial) => {
            let reason = denial.facts;
            warn!(uid, namespace, pod, outcome, duration_ms, dry_run = is_dry_run, reason, "review");
        }
    }
    Ok(reply)
}

/// Reads a body, and asks for the mutation of its pod. In a function of its own, so that nothing of it is kept while the
/// pod waits.
fn begin<'a>(
    body: &[u8],
    deadline: Instant,
    mutate: &'a dyn MutatePod,
) -> Result<(About, impl Future<Output = Result<Mutation, Denial>> + 'a), Undecodable> {
    let request = decode(body)?;
    let (uid, namespace, is_dry_run) = (request.uid.clone(), request.namespace.clone(), request.is_dry_run);
    let mut pod = String::new();
    let asked = match request.into_pod_review(deadline) {
        Ok(Some(review)) => {
            pod.clone_from(&review.name);
            Either::Left(ask(mutate, review))
        }
        Ok(None) => Either::Right(ready(Ok(Mutation {
            warnings: vec!["flyte-secrets-webhook changes pods at their creation only".to_owned()],
            ..Mutation::default()
        }))),
        Err(problem) => {
            let message = format!("none of the secret managers injected secret []: the pod cannot be read: {problem}");
            Either::Right(ready(Err(Denial { kind: DenialKind::Invalid, facts: message.clone(), message })))
        }
    };
    Ok((About { uid, namespace, pod, is_dry_run }, asked))
}

/// Asks for the pod's mutation. Nothing that goes wrong there leaves the API server without an answer.
fn ask(mutate: &dyn MutatePod, review: PodReview) -> impl Future<Output = Result<Mutation, Denial>> {
    let deadline = review.deadline;
    let guarded = AssertUnwindSafe(mutate.mutate(review)).catch_unwind();
    timeout_at(deadline, guarded).map(|answer| match answer {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            error!("a mutation panicked; please report it with the lines before this one");
            let message = "flyte-secrets-webhook has a fault with this pod; its log has the details".to_owned();
            Err(Denial { kind: DenialKind::Invalid, facts: message.clone(), message })
        }
        Err(_) => {
            let message =
                "none of the secret managers injected secret []: not done before the review's deadline".to_owned();
            let retry_after = std::time::Duration::from_secs(2);
            Err(Denial { kind: DenialKind::Unavailable { retry_after }, facts: message.clone(), message })
        }
    })
}

fn milliseconds(start: Instant) -> f64 {
    (start.elapsed().as_secs_f64() * 1e6).round() / 1e3
}
