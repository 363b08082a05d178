use fsw_pod::PodEditor;
use fsw_request::SecretRequest;

use crate::{Class, Injected, PodPlan, Refusal, Served, Settings, Settled, Source};

mod edit;
mod gather;

/// The largest pod that comes out, in bytes of JSON. etcd takes about 1.5 MiB; the rest is for those after us.
const LARGEST_POD: usize = 1024 * 1024;

/// Changes the pod so that every request is served.
///
/// # Errors
/// A request is not served, or what the requests want collides with the pod or with each other.
pub fn apply(
    pod: PodEditor,
    plan: &PodPlan,
    settled: Vec<Settled<'_>>,
    settings: &Settings,
) -> Result<Injected, Refusal> {
    let requests: Vec<&SecretRequest> = plan.requests.iter().map(|planned| &planned.annotated.request).collect();
    let sources = all_or_nothing(&requests, settled)?;
    let mut injection = Injection { requests, settings, warnings: plan.warnings.clone() };
    let mut variables = Vec::new();
    let mut files = Vec::new();
    for (owner, source) in sources.iter().enumerate() {
        injection.claim(owner, source, &mut variables, &mut files)?;
    }
    let files = injection.files(files)?;
    let variables = injection.variables(variables, &files)?;
    let served = plan.requests.iter().zip(&sources);
    let served = served.map(|(planned, source)| Served::new(planned.annotated.short_name(), source)).collect();
    injection.edit(pod, variables, &files, served)
}

/// The sources of all requests, or a refusal with the reasons of all that have none.
fn all_or_nothing<'p>(requests: &[&SecretRequest], settled: Vec<Settled<'p>>) -> Result<Vec<Source<'p>>, Refusal> {
    let mut sources = Vec::with_capacity(settled.len());
    let mut failed = Vec::new();
    for (request, settled) in requests.iter().zip(settled) {
        match settled.end {
            Ok(source) => sources.push(source),
            Err(reasons) => failed.push((*request, reasons)),
        }
    }
    if failed.is_empty() { Ok(sources) } else { Err(Refusal::of_requests(&failed)) }
}

/// What is known of a pod's injection while it is put together.
struct Injection<'a> {
    requests: Vec<&'a SecretRequest>,
    settings: &'a Settings,
    warnings: Vec<String>,
}

impl Injection<'_> {
    fn refuse(&self, owner: usize, text: &str) -> Refusal {
        match self.requests.get(owner) {
            Some(request) => Refusal::of_request(Class::Invalid, request, text),
            None => Refusal::of_pod(Class::Invalid, text),
        }
    }

    fn too_large(&self, size: usize) -> Refusal {
        let text = format!(
            "the pod would have {size} bytes or more with its secrets; at most {LARGEST_POD} fit into the cluster's store, so ask for fewer or smaller secrets, or let fewer containers have them (secretsWebhook.excludeContainers)"
        );
        self.refuse(0, &text)
    }
}
