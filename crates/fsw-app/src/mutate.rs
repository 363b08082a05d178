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

/// What the line of the log says of a request beside its id takes about so many bytes.
const BESIDE_ID: usize = 80;

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
                    let facts = describe(&injected.served);
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

/// The served requests in a line of the log: `s0=Embedded:project:ID@VERSION s1=…`.
fn describe(served: &[Served]) -> String {
    let mut facts = String::with_capacity(served.iter().map(|served| served.id.len() + BESIDE_ID).sum());
    for (index, Served { request, manager, id, scope, version_id }) in served.iter().enumerate() {
        let space = if index > 0 { " " } else { "" };
        let (scope, colon) = scope.map_or(("", ""), |scope| (scope.as_str(), ":"));
        let (at, version) = version_id.as_ref().map_or(("", ""), |version| ("@", version.as_str()));
        facts.extend([space, request, "=", manager, ":", scope, colon, id, at, version]);
    }
    facts
}
