use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::{iter, mem};

use fsw_embedded::{Depth, Found, LookUp, LookUpError, OnAccessDenied, look_up};
use fsw_source::{SecretSource, moment};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use crate::refusal::class_of;
use crate::{Class, ManagerPlan, PodPlan, Reason, RequestPlan, Settings};

/// What became of one request.
#[derive(Debug, Clone)]
pub struct Settled<'p> {
    /// What serves it, or every manager's reason not to.
    pub end: Result<Source<'p>, Vec<Reason>>,
    /// The look-up, where one was made; requests that ask for the same thing share it.
    pub look_up: Option<Arc<LookUp>>,
}

/// What serves a request, and what it means to that manager.
#[derive(Debug, Clone)]
pub enum Source<'p> {
    /// An init container will pull it.
    Pull(&'p fsw_sidecar::Pull),
    /// It was found.
    Found(&'p fsw_embedded::Plan, Found),
}

/// Finds for each request the first manager that serves it. All look-ups run at the same time, and requests that ask
/// for the same thing share one.
///
/// A manager whose source is out of service ends the search for its request: what the next manager would do instead
/// must not depend on the weather. A pod that is refused in any case waits for no source that is out of service.
pub async fn settle<'p>(plan: &'p PodPlan, settings: &Settings, source: &dyn SecretSource) -> Vec<Settled<'p>> {
    let (on_denied, depth) = settings
        .embedded()
        .map_or((OnAccessDenied::Stop, Depth::Sequential), |embedded| (embedded.on_access_denied, embedded.depth));
    let questions = Questions::new(&plan.requests);
    questions.ask(source, on_denied, depth).await;
    questions
        .requests
        .iter()
        .map(|(request, number)| {
            let answer = questions.answer(*number);
            Settled { end: first_that_serves(request, answer.map(Arc::as_ref)), look_up: answer.cloned() }
        })
        .collect()
}

/// What is asked for some requests, and what came of it.
struct Questions<'p> {
    /// Each with the number of its question.
    requests: Vec<(&'p RequestPlan, Option<usize>)>,
    asked: Vec<&'p fsw_embedded::Plan>,
    /// One for each question, there once it is known.
    answers: Vec<OnceLock<Arc<LookUp>>>,
}

impl<'p> Questions<'p> {
    fn new(requests: &'p [RequestPlan]) -> Self {
        let mut asked: Vec<&fsw_embedded::Plan> = Vec::new();
        let mut number = |request| {
            let embedded = embedded(request)?;
            let is_same =
                |other: &&fsw_embedded::Plan| other.scopes == embedded.scopes && other.version == embedded.version;
            asked.iter().position(is_same).or_else(|| {
                asked.push(embedded);
                Some(asked.len() - 1)
            })
        };
        let requests = requests.iter().map(|request| (request, number(request))).collect();
        Self { requests, answers: vec![OnceLock::new(); asked.len()], asked }
    }

    /// Waits until all is known. Once the pod is sure to be refused, only for a moment: whoever reads the refusal should learn
    /// of all that is wrong with it.
    async fn ask(&self, source: &dyn SecretSource, on_denied: OnAccessDenied, depth: Depth) {
        let look_ups = iter::zip(&self.asked, &self.answers).map(|(embedded, answer)| {
            look_up(embedded, source, on_denied, depth).map(|look_up| answer.set(Arc::new(look_up)))
        });
        let mut all = join_all(look_ups);
        let (mut known, mut rest) = (0, None);
        poll_fn(|context| {
            if all.poll_unpin(context).is_ready() {
                return Poll::Ready(());
            }
            let known_before = mem::replace(&mut known, self.answers.iter().filter_map(OnceLock::get).count());
            if rest.is_none() && known > known_before && self.is_in_vain() {
                rest = Some(Box::pin(moment()));
            }
            rest.as_mut().map_or(Poll::Pending, |rest| rest.poll_unpin(context))
        })
        .await;
    }

    /// Whether some request is refused for good, whatever else will be known.
    fn is_in_vain(&self) -> bool {
        self.requests.iter().any(|(request, number)| {
            let answer = self.answer(*number).filter(|answer| answer.end.is_err());
            let end = answer.map(|answer| first_that_serves(request, Some(answer)));
            matches!(end, Some(Err(reasons)) if class_of(&reasons) != Class::Unavailable)
        })
    }

    fn answer(&self, number: Option<usize>) -> Option<&Arc<LookUp>> {
        self.answers.get(number?)?.get()
    }
}

/// The look-up of a request, unless a manager that comes first serves it without one.
fn embedded(request: &RequestPlan) -> Option<&fsw_embedded::Plan> {
    match request.managers.iter().find_map(|manager| manager.as_ref().ok())? {
        ManagerPlan::Embedded(embedded) => Some(embedded),
        ManagerPlan::Sidecar(_) => None,
    }
}

fn first_that_serves<'p>(request: &'p RequestPlan, answer: Option<&LookUp>) -> Result<Source<'p>, Vec<Reason>> {
    let mut reasons = Vec::new();
    for manager in &request.managers {
        match manager {
            Err(reason) => reasons.push(reason.clone()),
            Ok(ManagerPlan::Sidecar(pull)) => return Ok(Source::Pull(pull)),
            Ok(ManagerPlan::Embedded(embedded)) => match answer.map(|answer| &answer.end) {
                Some(Ok(found)) => return Ok(Source::Found(embedded, found.clone())),
                Some(Err(error)) => {
                    let class = class(error);
                    reasons.push(Reason { manager: "Embedded", class, text: error.to_string() });
                    if class == Class::Unavailable {
                        return Err(reasons);
                    }
                }
                // The pod was refused before this was known.
                None => {
                    let text = "not waited for: this pod is refused in any case".to_owned();
                    reasons.push(Reason { manager: "Embedded", class: Class::Unavailable, text });
                    return Err(reasons);
                }
            },
        }
    }
    Err(reasons)
}

fn class(error: &LookUpError) -> Class {
    match error {
        LookUpError::NotFound { .. } => Class::NotFound,
        LookUpError::Denied { .. } => Class::Forbidden,
        LookUpError::Unavailable { .. } => Class::Unavailable,
        LookUpError::Unusable { .. } => Class::Invalid,
    }
}
