//! All checks, in the order in which they are made.

mod availability;
mod certificates;
mod drop_in;
mod embedded;
mod lifecycle;
mod python;
mod recordings;
mod refusals;
mod sidecar;
mod trouble;

use std::pin::Pin;

use crate::world::World;

/// What a check tells besides that it passed.
#[derive(Debug, Default)]
pub(crate) struct Told(String);

impl Told {
    pub(crate) fn suffix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!(": {}", self.0) }
    }
}

impl From<String> for Told {
    fn from(text: String) -> Self {
        Self(text)
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Told>> + 'a>>;

pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) is_smoke: bool,
    /// Changes the installation for the checks that follow, so it is made in any case.
    pub(crate) is_step: bool,
    pub(crate) run: fn(&World) -> Running<'_>,
}

/// A list of checks, each a function from the world to what it tells.
macro_rules! checks {
    ($($kind:ident $name:literal => $check:path),+ $(,)?) => {
        vec![$(Check {
            name: $name,
            is_smoke: checks!(@smoke $kind),
            is_step: checks!(@step $kind),
            run: |world| Box::pin(async move { $check(world).await.map(Into::into) }),
        }),+]
    };
    (@smoke smoke) => { true };
    (@smoke step) => { true };
    (@smoke check) => { false };
    (@step step) => { true };
    (@step $kind:ident) => { false };
}

impl From<()> for Told {
    fn from((): ()) -> Self {
        Self::default()
    }
}

pub(crate) fn all() -> Vec<Check> {
    checks![
        smoke "embedded: variables, under Flyte's names and flytekit's" => embedded::variables,
        smoke "embedded: files, written by busybox" => embedded::files,
        check "embedded: two files of 64 KiB" => embedded::large_files,
        check "embedded: domain and organization scope, both forms of ids" => embedded::scopes,
        check "embedded: non-root under restricted Pod Security" => embedded::restricted,
        check "embedded: user init containers, native sidecars, every container" => embedded::containers,
        check "embedded: a Deployment" => embedded::deployment,
        check "embedded: a Job of 50 pods" => embedded::job,
        smoke "sidecar (contract aws): files by IRSA, lower-case paths" => sidecar::files,
        check "sidecar (contract aws): non-root with fsGroup" => sidecar::non_root,
        check "sidecar (contract aws): a role that may not read, as kubectl describe shows it" => sidecar::denied,
        check "mixed: embedded and sidecar files in one pod" => sidecar::mixed,
        check "every recorded Flyte pod" => recordings::all,
        check "flytekit and the v2 SDK read their secrets" => python::reads,
        check "refused: not found, with every id" => refusals::not_found,
        check "refused: bad annotation, collision, missing label" => refusals::invalid,
        check "refused: denied by IAM" => refusals::denied,
        check "refused: throttled, down" => refusals::unavailable,
        check "refused: dry run too, and nothing is left" => refusals::dry_run,
        check "trouble: another webhook writes pods anew, and is reinvoked" => trouble::reserialised,
        check "trouble: a configuration of the same name that another program made" => trouble::foreign,
        check "drop-in: flyte-core's own Deployment, with only the image changed" => drop_in::flyte_core,
        check "objects: the API server takes all that the chart renders" => lifecycle::dry_run,
        step "upgrade: secrets-fetch as writer and puller" => lifecycle::upgrade,
        check "secrets-fetch: files, binary, large, restricted" => embedded::by_secrets_fetch,
        check "secrets-fetch: sidecar (contract fsw): 20 secrets in one container" => sidecar::twenty,
        check "secrets-fetch: sidecar (contract fsw): a role that may not read" => sidecar::denied,
        check "certificates: one Secret, renewed with overlap, caBundle follows" => certificates::renewal,
        check "certificates: a deleted configuration and a deleted Secret come back" => certificates::repair,
        check "certificates: what is registered is mended when the replica that wrote it has gone" => availability::writer_gone,
        check "certificates: given files, and the chart a second time" => certificates::given,
        check "available: rolling update under load" => availability::rolling_update,
        check "available: certificate and CA change under load" => availability::authority_change,
        check "available: a node drained (each replica evicted) under load" => availability::evicted,
        check "available: a replica deleted at once, under load" => availability::deleted,
        check "available: a replica killed (SIGKILL) under load" => availability::killed,
        check "webhook down: pods are refused, failurePolicy Fail" => availability::down,
        check "upgrade: rollback" => lifecycle::rollback,
        step "uninstall leaves nothing" => lifecycle::uninstall,
    ]
}
