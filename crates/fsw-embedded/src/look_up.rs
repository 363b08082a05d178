use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use std::vec;

use fsw_naming::{ScopeIds, ScopeLevel, SecretId, Version};
use fsw_source::{Answer, Failure, Secret, SecretSource, SourceError, Stale};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, MaybeDone, maybe_done};
use thiserror::Error;

use crate::{Depth, OnAccessDenied, Plan};

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
    /// How old the answer is, where the source could not be asked now.
    pub stale: Option<Duration>,
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
    /// How old the oldest answer is that led to it, where the source could not be asked now.
    pub stale: Option<Duration>,
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
        failure: Arc<Failure>,
    },
    /// The source is out of service or overloaded.
    #[error("{place} is unavailable for {id}: {failure}")]
    Unavailable {
        /// Where was looked.
        place: String,
        /// The id.
        id: SecretId,
        /// The facts.
        failure: Arc<Failure>,
    },
    /// The answer is nothing that a task could be given.
    #[error("{place} has {id}, but it cannot be used: {failure}")]
    Unusable {
        /// Where was looked.
        place: String,
        /// The id.
        id: SecretId,
        /// The facts.
        failure: Arc<Failure>,
    },
}

/// Looks a secret up, scope by scope. Within a scope all forms of the id are asked for at once, and the preferred one
/// wins. A scope that cannot be read for sure ends the walk: what a broader one holds could be the wrong value.
pub async fn look_up(plan: &Plan, source: &dyn SecretSource, on_access_denied: OnAccessDenied, depth: Depth) -> LookUp {
    let most = plan.scopes.iter().map(|scope| scope.ids.len()).sum();
    let mut attempts: Vec<Attempt> = Vec::with_capacity(most);
    let at_once = match depth {
        Depth::Sequential => 1,
        Depth::Eager => plan.scopes.len().max(1),
    };
    for scopes in plan.scopes.chunks(at_once) {
        let mut answers = Answers::new(scopes, &plan.version, source);
        for scope in scopes {
            let first = attempts.len();
            for id in &scope.ids {
                let (outcome, stale) = outcome(answers.next(id).await, None);
                let is_sure = matches!(outcome, Outcome::Found(_));
                attempts.push(Attempt { level: scope.level, id: id.clone(), outcome, stale });
                if is_sure {
                    // Nobody waits for a form that could not win any more.
                    break;
                }
            }
            if let Some(end) = end_of_scope(&attempts, first, source.place(), on_access_denied) {
                return LookUp { attempts, end };
            }
        }
    }
    let end = Err(nothing(&attempts, source.place()));
    LookUp { attempts, end }
}

/// The answers for the ids of some scopes, in their order. All that are not known without asking are asked for at once,
/// and only when the first of them is needed. They are few, so all that are not there yet are looked at whenever one is.
struct Answers<'a> {
    scopes: &'a [ScopeIds],
    version: &'a Version,
    source: &'a dyn SecretSource,
    known: usize,
    asked: Option<vec::IntoIter<Asked<'a>>>,
}

/// A question, or its answer that was not taken yet.
type Asked<'a> = MaybeDone<BoxFuture<'a, Result<Answer, SourceError>>>;

impl<'a> Answers<'a> {
    fn new(scopes: &'a [ScopeIds], version: &'a Version, source: &'a dyn SecretSource) -> Self {
        Self { scopes, version, source, known: 0, asked: None }
    }

    /// The answer for the next id, which is `id`.
    async fn next(&mut self, id: &'a SecretId) -> Result<Answer, SourceError> {
        let Self { scopes, version, source, known, asked } = self;
        if asked.is_none()
            && let Some(answer) = source.peek(id, version)
        {
            *known += 1;
            return Ok(answer);
        }
        let asked = asked.get_or_insert_with(|| {
            let rest = scopes.iter().flat_map(|scope| &scope.ids).skip(*known);
            let mut asked = Vec::with_capacity(rest.clone().count());
            asked.extend(rest.map(|id| maybe_done(source.get(id, version))));
            asked.into_iter()
        });
        poll_fn(|context| {
            for answer in asked.as_mut_slice() {
                let _ = answer.poll_unpin(context);
            }
            match asked.as_mut_slice().first_mut().and_then(|first| Pin::new(first).take_output()) {
                Some(answer) => {
                    asked.next();
                    Poll::Ready(answer)
                }
                None => Poll::Pending,
            }
        })
        .await
    }
}

fn outcome(answer: Result<Answer, SourceError>, stale: Option<Duration>) -> (Outcome, Option<Duration>) {
    let outcome = match answer {
        Ok(Answer::Found(secret)) => Outcome::Found(secret),
        Ok(Answer::NotFound) => Outcome::NotFound,
        Ok(Answer::MarkedForDeletion) => Outcome::MarkedForDeletion,
        Ok(Answer::Stale(Stale { answer, age })) => return outcome(Ok(*answer), stale.max(Some(age))),
        Err(error) => Outcome::Failed(error),
    };
    (outcome, stale)
}

/// How the walk ends in the scope whose attempts begin at `first`, if it does.
///
/// A form that is denied does not hide another form of the same scope: the policy of a role that was written for Flyte's
/// own webhook covers the padded ids alone.
fn end_of_scope(
    attempts: &[Attempt],
    first: usize,
    place: &str,
    on_denied: OnAccessDenied,
) -> Option<Result<Found, LookUpError>> {
    let mut denied = None;
    for Attempt { level, id, outcome, .. } in &attempts[first..] {
        match outcome {
            Outcome::Found(secret) => {
                // That the narrower scopes have none may be old news, too.
                let stale = attempts.iter().filter_map(|attempt| attempt.stale).max();
                return Some(Ok(Found { level: *level, id: id.clone(), secret: secret.clone(), stale }));
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

fn describe(Attempt { level, id, outcome, .. }: &Attempt) -> String {
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
