use fsw_naming::{ScopeLevel, SecretId};
use fsw_source::{Answer, Failure, Secret, SecretSource, SourceError};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use thiserror::Error;

use crate::{OnAccessDenied, Plan};

/// What became of a look-up: every id that was asked for, and how it ended.
#[derive(Debug, Clone)]
pub struct LookUp {
    /// In the order of preference.
    pub attempts: Vec<Attempt>,
    /// The secret, or why there is none.
    pub end: Result<Found, LookUpError>,
}

/// One id and what the source said about it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The scope it belongs to.
    pub level: ScopeLevel,
    /// What was asked for.
    pub id: SecretId,
    /// What came back.
    pub outcome: Outcome,
}

/// What the source said about an id.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It has it.
    Found(Secret),
    /// It has no such secret, or not in that version.
    NotFound,
    /// It has it, but marked for deletion.
    MarkedForDeletion,
    /// It could not say.
    Failed(SourceError),
}

/// The secret that a task gets.
#[derive(Debug, Clone)]
pub struct Found {
    /// The scope it was found in.
    pub level: ScopeLevel,
    /// Under which id.
    pub id: SecretId,
    /// The secret itself.
    pub secret: Secret,
}

/// Why a look-up found nothing. The texts say what to do first and list ids last, so that what is cut off in a long
/// message is the least.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookUpError {
    /// No scope has it.
    #[error(
        "not found in {place}; create the secret under one of these ids, or correct the key or the pod's labels: {}",
        list(ids)
    )]
    NotFound {
        /// Where was looked.
        place: String,
        /// Which ids, the preferred one first, each with its scope or what is special about it.
        ids: Vec<String>,
    },
    /// The source does not let us read it.
    #[error("{place} denies {id}: {failure}")]
    Denied {
        /// Where was looked.
        place: String,
        /// The id.
        id: SecretId,
        /// The facts.
        failure: Failure,
    },
    /// The source is out of service or overloaded.
    #[error("{place} is unavailable for {id}: {failure}")]
    Unavailable {
        /// Where was looked.
        place: String,
        /// The id.
        id: SecretId,
        /// The facts.
        failure: Failure,
    },
    /// The answer is nothing that a task could be given.
    #[error("{place} has {id}, but it cannot be used: {failure}")]
    Unusable {
        /// Where was looked.
        place: String,
        /// The id.
        id: SecretId,
        /// The facts.
        failure: Failure,
    },
}

/// Looks a secret up, scope by scope. Within a scope all forms of the id are asked for at once, and the preferred one
/// wins. A scope that cannot be read for sure ends the walk: what a broader one holds could be the wrong value.
pub async fn look_up(plan: &Plan, source: &dyn SecretSource, on_access_denied: OnAccessDenied) -> LookUp {
    let mut attempts: Vec<Attempt> = Vec::new();
    for scope in &plan.scopes {
        let first = attempts.len();
        let mut answers: FuturesOrdered<_> = scope.ids.iter().map(|id| source.get(id, &plan.version)).collect();
        for id in &scope.ids {
            let Some(answer) = answers.next().await else { break };
            let outcome = outcome(answer);
            let is_sure = matches!(outcome, Outcome::Found(_));
            attempts.push(Attempt { level: scope.level, id: id.clone(), outcome });
            if is_sure {
                // Nobody waits for a form that could not win any more.
                break;
            }
        }
        if let Some(end) = end_of_scope(&attempts[first..], source.place(), on_access_denied) {
            return LookUp { attempts, end };
        }
    }
    let end = Err(nothing(&attempts, source.place()));
    LookUp { attempts, end }
}

fn outcome(answer: Result<Answer, SourceError>) -> Outcome {
    match answer {
        Ok(Answer::Found(secret)) => Outcome::Found(secret),
        Ok(Answer::NotFound) => Outcome::NotFound,
        Ok(Answer::MarkedForDeletion) => Outcome::MarkedForDeletion,
        Err(error) => Outcome::Failed(error),
    }
}

/// How the walk ends in this scope, if it does.
///
/// A form that is denied does not hide another form of the same scope: the policy of a role that was written for Flyte's
/// own webhook covers the padded ids alone.
fn end_of_scope(attempts: &[Attempt], place: &str, on_denied: OnAccessDenied) -> Option<Result<Found, LookUpError>> {
    let mut denied = None;
    for Attempt { level, id, outcome } in attempts {
        match outcome {
            Outcome::Found(secret) => {
                return Some(Ok(Found { level: *level, id: id.clone(), secret: secret.clone() }));
            }
            Outcome::Failed(error @ SourceError::Denied(_)) => {
                denied = denied.or_else(|| Some(Err(failed(error, id, place))));
            }
            Outcome::Failed(error) => return Some(Err(failed(error, id, place))),
            Outcome::NotFound | Outcome::MarkedForDeletion => {}
        }
    }
    denied.filter(|_| on_denied == OnAccessDenied::Stop)
}

fn failed(error: &SourceError, id: &SecretId, place: &str) -> LookUpError {
    let (place, id) = (place.to_owned(), id.clone());
    match error.clone() {
        SourceError::Denied(failure) => LookUpError::Denied { place, id, failure },
        SourceError::Unavailable(failure) => LookUpError::Unavailable { place, id, failure },
        SourceError::Unusable(failure) => LookUpError::Unusable { place, id, failure },
    }
}

/// Every scope was asked and none has it. An id that was denied on the way is the better news: it may be there.
fn nothing(attempts: &[Attempt], place: &str) -> LookUpError {
    let denied = attempts.iter().find_map(|attempt| match &attempt.outcome {
        Outcome::Failed(error) => Some(failed(error, &attempt.id, place)),
        _ => None,
    });
    denied.unwrap_or_else(|| LookUpError::NotFound {
        place: place.to_owned(),
        ids: attempts.iter().map(describe).collect(),
    })
}

fn describe(Attempt { level, id, outcome }: &Attempt) -> String {
    match outcome {
        Outcome::MarkedForDeletion => {
            format!("{id} ({level}; marked for deletion, `aws secretsmanager restore-secret` brings it back)")
        }
        _ => format!("{id} ({level})"),
    }
}

fn list(ids: &[String]) -> String {
    ids.join(", ")
}
