use std::collections::HashMap;

use fsw_embedded::{Depth, Found, LookUp, LookUpError, OnAccessDenied, look_up};
use fsw_naming::{ScopeIds, Version};
use fsw_source::SecretSource;
use futures_util::future::join_all;

use crate::{Class, ManagerPlan, PodPlan, Reason, RequestPlan, Settings};

/// What became of one request.
#[derive(Debug, Clone)]
pub struct Settled {
    /// What serves it, or every manager's reason not to.
    pub end: Result<Source, Vec<Reason>>,
    /// The look-up, where one was made.
    pub look_up: Option<LookUp>,
}

/// What serves a request.
#[derive(Debug, Clone)]
pub enum Source {
    /// An init container will pull it.
    Pull(fsw_sidecar::Pull),
    /// It was found.
    Found(fsw_embedded::Plan, Found),
}

/// Finds for each request the first manager that serves it. All look-ups run at the same time, and requests that ask
/// for the same thing share one.
///
/// A manager whose source is out of service ends the search for its request: what the next manager would do instead
/// must not depend on the weather.
pub async fn settle(plan: &PodPlan, settings: &Settings, source: &dyn SecretSource) -> Vec<Settled> {
    let (on_denied, depth) = settings
        .embedded()
        .map_or((OnAccessDenied::Stop, Depth::Sequential), |embedded| (embedded.on_access_denied, embedded.depth));
    let mut asked: HashMap<Question<'_>, usize> = HashMap::new();
    let mut look_ups = Vec::new();
    for embedded in plan.requests.iter().filter_map(embedded) {
        asked.entry(question(embedded)).or_insert_with(|| {
            look_ups.push(look_up(embedded, source, on_denied, depth));
            look_ups.len() - 1
        });
    }
    let answers = join_all(look_ups).await;
    plan.requests
        .iter()
        .map(|request| {
            let answer = embedded(request).and_then(|embedded| Some(&answers[*asked.get(&question(embedded))?]));
            Settled { end: first_that_serves(request, answer), look_up: answer.cloned() }
        })
        .collect()
}

type Question<'a> = (&'a [ScopeIds], &'a Version);

fn question(embedded: &fsw_embedded::Plan) -> Question<'_> {
    (&embedded.scopes, &embedded.version)
}

/// The look-up of a request, unless a manager that comes first serves it without one.
fn embedded(request: &RequestPlan) -> Option<&fsw_embedded::Plan> {
    match request.managers.iter().find_map(|manager| manager.as_ref().ok())? {
        ManagerPlan::Embedded(embedded) => Some(embedded),
        ManagerPlan::Sidecar(_) => None,
    }
}

fn first_that_serves(request: &RequestPlan, answer: Option<&LookUp>) -> Result<Source, Vec<Reason>> {
    let mut reasons = Vec::new();
    for manager in &request.managers {
        match manager {
            Err(reason) => reasons.push(reason.clone()),
            Ok(ManagerPlan::Sidecar(pull)) => return Ok(Source::Pull(pull.clone())),
            Ok(ManagerPlan::Embedded(embedded)) => match answer.map(|answer| &answer.end) {
                Some(Ok(found)) => return Ok(Source::Found(embedded.clone(), found.clone())),
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
