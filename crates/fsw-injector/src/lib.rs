//! One pod in, one patch out: managers in order, all or nothing, every reason kept.
//!
//! [`plan`] says what each request means to each manager, [`settle`] finds for each request the first manager that
//! serves it (the only part that waits), and [`apply`] changes the pod. [`inject`] is all three.

mod apply;
mod claims;
mod plan;
mod record;
mod refusal;
mod settings;
mod settle;
mod taken;

use std::pin::pin;

use fsw_pod::{Patch, Pod, PodEditor, PodError};
use fsw_source::SecretSource;
use futures_util::future::poll_immediate;

pub use apply::apply;
pub use plan::{ManagerPlan, PodPlan, RequestPlan, plan};
pub use record::{RECORD_ANNOTATION, Served};
pub use refusal::{Class, LONGEST_MESSAGE, Reason, Refusal};
pub use settings::{InitContainerPosition, Manager, Settings};
pub use settle::{Settled, Source, settle};

/// What came of a pod.
#[derive(Debug)]
pub struct Injected {
    /// The pod with its secrets. Its `Debug` shows none of it.
    pub pod: PodEditor,
    /// Near-problems, for whoever created the pod.
    pub warnings: Vec<String>,
    /// What each request was served with, without values.
    pub served: Vec<Served>,
}

impl Injected {
    /// What the API server is answered.
    pub fn into_patch(self) -> Patch {
        self.pod.into_patch()
    }
}

/// Injects the secrets that a pod asks for.
///
/// # Errors
/// The pod cannot be read, or a request cannot be served; then nothing of the pod is changed.
pub async fn inject(pod: impl Into<Pod>, settings: &Settings, source: &dyn SecretSource) -> Result<Injected, Refusal> {
    let unreadable = |error: PodError| Refusal::of_pod(Class::Invalid, &error.to_string());
    let mut pod = PodEditor::new(pod).map_err(unreadable)?;
    let plan = plan(&pod, settings)?;
    // A pod that is refused for sure waits for nobody.
    if let Some(refusal) = plan.refusal() {
        return Err(refusal);
    }
    let mut settling = pin!(settle(&plan, settings, source));
    let settled = match poll_immediate(settling.as_mut()).await {
        Some(settled) => settled,
        None => {
            // Many pods may wait for one secret.
            let resting = pod.rest();
            let settled = settling.await;
            pod = resting.wake().map_err(unreadable)?;
            settled
        }
    };
    apply(pod, &plan, settled, settings)
}
