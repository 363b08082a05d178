//! What this replica keeps in its cluster, from what the user said.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsw_cluster::{
    Authorities, AuthorityFile, CertificateSecret, Cluster, ClusterError, Keeper, Policy, Registration, Whose,
};
use fsw_config::{CertificateSource, Config, Layers};
use tokio::time::sleep;
use tracing::{info, warn};

/// What could not be done in the cluster is tried again after so long.
const PAUSE: Duration = Duration::from_secs(2);

/// The keeper of certificates and registration; `None` where there is nothing to keep: outside a cluster, or when others
/// keep all of it.
pub(crate) async fn keeper(config: &Config, layers: &Layers) -> Result<Option<Keeper>, ClusterError> {
    let ours = &config.secrets_webhook;
    let source = ours.certificates.source;
    let cluster = match of_this_pod(layers) {
        Ok(cluster) => cluster,
        Err(error) if source == CertificateSource::Managed => return Err(error),
        Err(error) => {
            info!(%error, "not registering");
            return Ok(None);
        }
    };
    let webhook = &config.webhook;
    let is_managed = match source {
        CertificateSource::Managed => true,
        CertificateSource::Files => false,
        CertificateSource::Auto => keeps(&cluster, config).await,
    };
    if !is_managed && webhook.disable_create_mutating_webhook_config {
        return Ok(None);
    }
    let authorities = match is_managed {
        true => Authorities::Secret(secret(config, &cluster)),
        false => Authorities::File(AuthorityFile::new(webhook.cert_dir.join("ca.crt"), ours.certificates.overlap)),
    };
    let registration = (!webhook.disable_create_mutating_webhook_config).then(|| registration(config));
    Ok(Some(Keeper { cluster, authorities, registration, every: ours.certificates.check_interval }))
}

/// What `init-certs` looks after: the Secret alone.
pub(crate) fn secret_keeper(config: &Config, layers: &Layers) -> Result<Keeper, ClusterError> {
    let cluster = of_this_pod(layers)?;
    let authorities = Authorities::Secret(secret(config, &cluster));
    let every = config.secrets_webhook.certificates.check_interval;
    Ok(Keeper { cluster, authorities, registration: None, every })
}

fn of_this_pod(layers: &Layers) -> Result<Cluster, ClusterError> {
    let variable = |name| layers.variable(name).filter(|value| !value.is_empty()).map(str::to_owned);
    Cluster::of_this_pod(variable("POD_NAME"), variable("POD_NAMESPACE"))
}

/// Tries until it succeeds; each new fault is said once.
pub(crate) async fn persist<T, F>(mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, ClusterError>>,
{
    let mut last = None;
    loop {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => {
                let said = error.to_string();
                if last.as_ref() != Some(&said) {
                    warn!(%error, "not ready yet; trying again");
                }
                last = Some(said);
            }
        }
        sleep(PAUSE).await;
    }
}

/// Files that someone else mounted win over a Secret that is not there yet.
async fn keeps(cluster: &Cluster, config: &Config) -> bool {
    let webhook = &config.webhook;
    match cluster.whose_secret(&webhook.secret_name).await {
        Whose::Ours => true,
        Whose::Nobodys => !webhook.cert_dir.join("tls.crt").exists(),
        Whose::Others => false,
    }
}

fn secret(config: &Config, cluster: &Cluster) -> CertificateSecret {
    let certificates = &config.secrets_webhook.certificates;
    let (service, namespace) = (&config.webhook.service_name, cluster.namespace());
    CertificateSecret {
        name: config.webhook.secret_name.clone(),
        policy: Policy {
            names: vec![
                format!("{service}.{namespace}.svc"),
                format!("{service}.{namespace}"),
                format!("{service}.{namespace}.svc.cluster.local"),
                service.clone(),
            ],
            validity: certificates.validity,
            renew_before: certificates.renew_before,
            overlap: certificates.overlap,
        },
        owner: config.secrets_webhook.registration.owner.clone(),
    }
}

fn registration(config: &Config) -> Registration {
    let webhook = &config.webhook;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Registration {
        service: webhook.service_name.clone(),
        port: webhook.service_port,
        timeout: webhook.webhook_timeout,
        namespace_selector: webhook.namespace_selector.clone(),
        owner: config.secrets_webhook.registration.owner.clone(),
        adopt: config.secrets_webhook.registration.adopt,
        started_at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
    }
}
