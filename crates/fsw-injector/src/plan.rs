use fsw_naming::Scope;
use fsw_pod::PodEditor;
use fsw_request::{Annotated, from_annotations};

use crate::{Class, Manager, Reason, Refusal, Settings};

/// What the requests of a pod mean, before anybody is asked.
#[derive(Debug, Clone)]
pub struct PodPlan {
    /// In the order of their numbers.
    pub requests: Vec<RequestPlan>,
    /// Near-problems of the pod as a whole.
    pub warnings: Vec<String>,
}

/// What one request means to each manager.
#[derive(Debug, Clone)]
pub struct RequestPlan {
    /// The request.
    pub annotated: Annotated,
    /// In the order in which the managers are tried.
    pub managers: Vec<Result<ManagerPlan, Reason>>,
}

/// What a manager would do for a request.
#[derive(Debug, Clone)]
pub enum ManagerPlan {
    /// Pull it in the pod.
    Sidecar(fsw_sidecar::Pull),
    /// Look it up and hand it over.
    Embedded(fsw_embedded::Plan),
}

/// So many secrets a pod may ask for: each costs calls to AWS, and work for each container.
const MOST_REQUESTS: usize = 256;

impl PodPlan {
    /// The refusal of a pod of which some request cannot be served, whatever the source says.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        let hopeless = self.requests.iter().filter_map(|request| {
            let reasons: Option<Vec<_>> =
                request.managers.iter().map(|manager| manager.as_ref().err().cloned()).collect();
            Some((&request.annotated.request, reasons?))
        });
        let hopeless: Vec<_> = hopeless.collect();
        (!hopeless.is_empty()).then(|| Refusal::of_requests(&hopeless))
    }
}

/// Reads the requests of a pod and decides what they mean to each manager.
///
/// # Errors
/// An annotation cannot be read.
pub fn plan(pod: &PodEditor, settings: &Settings) -> Result<PodPlan, Refusal> {
    let found =
        from_annotations(pod.annotations()).map_err(|error| Refusal::of_pod(Class::Invalid, &error.to_string()))?;
    if found.requests.len() > MOST_REQUESTS {
        let text = format!("the pod asks for {} secrets; at most {MOST_REQUESTS} are served", found.requests.len());
        return Err(Refusal::of_pod(Class::Invalid, &text));
    }
    let warnings = found
        .ignored
        .iter()
        .map(|name| {
            format!("annotation {name} is no secret request (those are flyte.secrets/s0, s1, …) and left alone")
        })
        .collect();
    let scope = Scope::from_labels(|name| pod.label(name), settings.default_organization.as_deref());
    let plan_for = |annotated: &Annotated, manager: &Manager| -> Result<ManagerPlan, String> {
        match manager {
            Manager::Sidecar(sidecar) => {
                fsw_sidecar::plan(annotated, sidecar).map(ManagerPlan::Sidecar).map_err(|error| error.to_string())
            }
            Manager::Embedded(embedded) => {
                let scope = scope.as_ref().map_err(ToString::to_string)?;
                let plan = fsw_embedded::plan(&annotated.request, scope, embedded);
                plan.map(ManagerPlan::Embedded).map_err(|error| error.to_string())
            }
        }
    };
    let requests = found
        .requests
        .into_iter()
        .map(|annotated| {
            let reason = |manager: &Manager, text| Reason { manager: manager.name(), class: Class::Invalid, text };
            let managers = settings
                .managers
                .iter()
                .map(|manager| plan_for(&annotated, manager).map_err(|text| reason(manager, text)))
                .collect();
            RequestPlan { annotated, managers }
        })
        .collect();
    Ok(PodPlan { requests, warnings })
}
