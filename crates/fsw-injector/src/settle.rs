use std::sync::Arc;

use fsw_embedded::{Depth, Found, LookUp, LookUpError, OnAccessDenied, look_up};
use fsw_source::SecretSource;
use futures_util::FutureExt as _;
use futures_util::future::join_all;

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
/// must not depend on the weather.
pub async fn settle<'p>(plan: &'p PodPlan, settings: &Settings, source: &dyn SecretSource) -> Vec<Settled<'p>> {
    let (on_denied, depth) = settings
        .embedded()
        .map_or((OnAccessDenied::Stop, Depth::Sequential), |embedded| (embedded.on_access_denied, embedded.depth));
    let mut asked: Vec<&fsw_embedded::Plan> = Vec::new();
    for embedded in plan.requests.iter().filter_map(embedded) {
        if position(&asked, embedded).is_none() {
            asked.push(embedded);
        }
    }
    let look_ups = asked.iter().map(|embedded| look_up(embedded, source, on_denied, depth).map(Arc::new));
    let answers = join_all(look_ups).await;
    plan.requests
        .iter()
        .map(|request| {
            let answer = embedded(request).and_then(|embedded| answers.get(position(&asked, embedded)?));
            Settled { end: first_that_serves(request, answer.map(Arc::as_ref)), look_up: answer.cloned() }
        })
        .collect()
}

/// Which of those that are asked already asks for the same.
fn position(asked: &[&fsw_embedded::Plan], embedded: &fsw_embedded::Plan) -> Option<usize> {
    asked.iter().position(|other| other.scopes == embedded.scopes && other.version == embedded.version)
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
                None => {}
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
