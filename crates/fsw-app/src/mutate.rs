use std::sync::Arc;
use std::time::Duration;

use fsw_admission::{Denial, DenialKind, MutatePod, Mutation, PodReview};
use fsw_injector::{Class, Refusal, Served, Settings, inject};
use fsw_source::{Patient, SecretSource, WaitingRoom};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// A source that is out of service is given up on so long before the review's deadline, so that our own sentence
/// arrives.
const MARGIN: Duration = Duration::from_millis(50);

/// Injects the secrets that a pod asks for.
pub struct InjectSecrets {
    pub(crate) settings: Settings,
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) room: WaitingRoom,
    pub(crate) retry_after: Duration,
}

impl MutatePod for InjectSecrets {
    fn mutate(&self, review: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        async move {
            let deadline = review.deadline.checked_sub(MARGIN).unwrap_or(review.deadline);
            let source = Patient::new(Arc::clone(&self.source), deadline, self.room.clone());
            match inject(review.pod, &self.settings, &source).await {
                Ok(injected) => {
                    let facts = injected.served.iter().map(describe).collect::<Vec<_>>().join(" ");
                    let warnings = injected.warnings.clone();
                    Ok(Mutation { patch: injected.into_patch(), warnings, facts })
                }
                Err(refusal) => Err(self.denial(refusal)),
            }
        }
        .boxed()
    }
}

impl InjectSecrets {
    fn denial(&self, Refusal { class, message, full }: Refusal) -> Denial {
        let kind = match class {
            Class::Invalid => DenialKind::Invalid,
            Class::NotFound => DenialKind::NotFound,
            Class::Forbidden => DenialKind::Forbidden,
            Class::Unavailable => DenialKind::Unavailable { retry_after: self.retry_after },
        };
        Denial { kind, message, facts: full }
    }
}

/// One served request in a line of the log: `s0=Embedded:project:ID@VERSION`.
fn describe(served: &Served) -> String {
    let Served { request, manager, id, scope, version_id } = served;
    let scope = scope.map(|scope| format!("{scope}:")).unwrap_or_default();
    let version = version_id.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    format!("{request}={manager}:{scope}{id}{version}")
}
