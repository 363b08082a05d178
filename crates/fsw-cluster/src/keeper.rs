use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::ready;
use futures_util::stream::BoxStream;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::WatchParams;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::registration::{Bundle, Registered};
use crate::rotation::Stored;
use crate::{CertificateSecret, Cluster, ClusterError, Registration, identity};

/// The Service of a first installation is waited for so long; then the registration is made in any case.
const SERVICE_WAIT: Duration = Duration::from_secs(60);
const SERVICE_PAUSE: Duration = Duration::from_millis(200);
/// Changes that come together are looked at together.
const SETTLE: Duration = Duration::from_millis(100);
/// A watch that ends sooner was not to be had.
const BRIEF: Duration = Duration::from_secs(5);

/// Where the authorities come from that the API server must trust.
#[derive(Debug, Clone)]
pub enum Authorities {
    /// From the shared Secret, which is made and renewed here.
    Secret(CertificateSecret),
    /// From a file that someone else keeps.
    File(AuthorityFile),
}

/// A file that someone else keeps. Another replica may have another content for a while, and serve with it.
#[derive(Debug, Clone)]
pub struct AuthorityFile {
    path: PathBuf,
    overlap: Duration,
    others_since: Arc<Mutex<Option<Instant>>>,
}

impl AuthorityFile {
    /// What others have registered besides is left for as long as `overlap`.
    pub fn new(path: PathBuf, overlap: Duration) -> Self {
        Self { path, overlap, others_since: Arc::default() }
    }

    fn bundle(&self, registered: Option<&str>) -> Result<String, ClusterError> {
        let own = std::fs::read_to_string(&self.path).map_err(|error| ClusterError::Authority {
            path: self.path.display().to_string(),
            reason: error.to_string(),
        })?;
        let joined = identity::joined(&own, registered.unwrap_or_default());
        let mut since = self.others_since.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(joined) = joined else {
            *since = None;
            return Ok(own);
        };
        let is_over = since.get_or_insert_with(Instant::now).elapsed() >= self.overlap;
        Ok(if is_over { own } else { joined })
    }
}

/// Certificate and key to serve with; PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Material {
    /// The certificate.
    pub certificate: String,
    /// Its key. Secret.
    pub key: String,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material([redacted])")
    }
}

/// What both objects hold.
struct Looked {
    registered: Registered,
    bundle: Bundle,
    material: Option<Material>,
}

/// Keeps certificates and registration as they should be.
pub struct Keeper {
    /// Where.
    pub cluster: Cluster,
    /// What the API server must trust.
    pub authorities: Authorities,
    /// `None`: someone else registers.
    pub registration: Option<Registration>,
    /// Everything is looked at again at least so often.
    pub every: Duration,
}

impl Keeper {
    /// The material of the shared Secret, made where it is missing; `None` where the authorities are in a file.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn material(&self) -> Result<Option<Material>, ClusterError> {
        // Whoever else is registered, this replica can serve.
        let registered = match self.registered().await {
            Err(ClusterError::ForeignConfiguration { .. }) => Registered::Nothing,
            registered => registered?,
        };
        Ok(self.look_beside(registered).await?.material)
    }

    /// Checks, without changing anything, that this webhook can register.
    ///
    /// # Errors
    /// See [`ClusterError`].
    pub async fn rehearse(&self) -> Result<(), ClusterError> {
        let Some(registration) = &self.registration else { return Ok(()) };
        let Looked { registered, bundle, .. } = self.look().await?;
        registration.rehearse(&self.cluster, &registered, &bundle).await
    }

    /// Keeps everything right until `stopped`, and then leaves it to the other replicas. `renewed` gets the material
    /// whenever it is looked at, `in_order` whether all is as it should be.
    pub async fn keep_until(
        self,
        stopped: impl Future<Output = ()>,
        renewed: impl FnMut(Material),
        in_order: impl Fn(bool),
    ) {
        tokio::select! {
            () = self.keep(renewed, in_order) => {}
            () = stopped => {}
        }
        if let Some(registration) = &self.registration
            && let Err(error) = registration.retire(&self.cluster).await
        {
            debug!(%error, "the registration is not left to others");
        }
    }

    async fn keep(&self, mut renewed: impl FnMut(Material), in_order: impl Fn(bool)) {
        self.await_service().await;
        let (mut changes, mut begun) = (self.changes(), Instant::now());
        let mut last = None;
        loop {
            let result = self.look_after(&mut renewed).await;
            in_order(result.is_ok());
            match &result {
                Ok(()) if last.is_some() => info!("certificates and registration are as they should be again"),
                Ok(()) => {}
                // Once for each fault, not every few seconds.
                Err(error) if last.as_ref() != Some(&error.to_string()) => {
                    warn!(%error, "certificates or registration are not as they should be");
                }
                Err(_) => {}
            }
            last = result.err().map(|error| error.to_string());
            if timeout(self.every, changes.next()).await == Ok(None) {
                // A watch ends by itself every few minutes, or at once where there is no permission for it.
                sleep(if begun.elapsed() < BRIEF { self.every } else { SETTLE }).await;
                (changes, begun) = (self.changes(), Instant::now());
            }
            sleep(SETTLE).await;
        }
    }

    async fn look_after(&self, renewed: &mut impl FnMut(Material)) -> Result<(), ClusterError> {
        let Looked { registered, bundle, material } = self.look().await?;
        // Whatever becomes of the registration, what others have switched to is served.
        if let Some(material) = material {
            renewed(material);
        }
        if let Some(registration) = &self.registration {
            registration.register(&self.cluster, &registered, &bundle).await?;
        }
        Ok(())
    }

    /// Looks at both objects, once each; the Secret is made or taken a step further where that is due.
    async fn look(&self) -> Result<Looked, ClusterError> {
        self.look_beside(self.registered().await?).await
    }

    async fn registered(&self) -> Result<Registered, ClusterError> {
        match &self.registration {
            Some(registration) => registration.look(&self.cluster).await,
            None => Ok(Registered::Nothing),
        }
    }

    async fn look_beside(&self, registered: Registered) -> Result<Looked, ClusterError> {
        match &self.authorities {
            Authorities::Secret(secret) => {
                let announced = registered.bundle();
                let Stored { authorities, leaf, .. } = secret.settle(&self.cluster, announced.as_deref()).await?;
                let material = Material { certificate: leaf.certificate, key: leaf.key };
                Ok(Looked { registered, bundle: Bundle::Shared(authorities), material: Some(material) })
            }
            Authorities::File(file) => {
                let bundle = Bundle::Own(file.bundle(registered.bundle().as_deref())?);
                Ok(Looked { registered, bundle, material: None })
            }
        }
    }

    /// A configuration without a Service behind it makes every pod creation fail, so a first registration waits until
    /// the Service leads somewhere, and one that is taken over as long as it takes.
    async fn await_service(&self) {
        let Some(registration) = &self.registration else { return };
        let address = format!("{}.{}.svc:{}", registration.service, self.cluster.namespace, registration.port);
        let connect = async || {
            while TcpStream::connect(&address).await.is_err() {
                sleep(SERVICE_PAUSE).await;
            }
        };
        let mut is_told = false;
        while timeout(SERVICE_WAIT, connect()).await.is_err() {
            let registered = self.registered().await;
            let serves_elsewhere = registered.is_ok_and(|registered| {
                matches!(registered, Registered::Ours(_)) && !registered.leads_to(&registration.service, &self.cluster)
            });
            if !serves_elsewhere {
                return warn!(address, "this webhook does not reach its own Service; registering all the same");
            }
            if !std::mem::replace(&mut is_told, true) {
                warn!(address, "this webhook does not reach its own Service, so another one goes on serving");
            }
        }
    }

    /// Something happened to one of the two objects; ends when a watch ends.
    fn changes(&self) -> BoxStream<'static, ()> {
        let client = &self.cluster.client;
        let secret = match &self.authorities {
            Authorities::Secret(secret) => Some((secret.api(&self.cluster), secret.name.clone())),
            Authorities::File(_) => None,
        };
        let registration: Option<(Api<MutatingWebhookConfiguration>, _)> =
            self.registration.as_ref().map(|registration| (Api::all(client.clone()), registration.service.clone()));
        let events = futures_util::stream::select(watch::<Secret>(secret), watch(registration));
        events.take_while(|event| ready(event.is_some())).map(drop).boxed()
    }
}

/// Events of one object, and `None` when the watch has ended. Where there is nothing to watch, neither ever comes.
fn watch<K>(object: Option<(Api<K>, String)>) -> BoxStream<'static, Option<()>>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Send + 'static,
{
    let Some((api, name)) = object else { return futures_util::stream::pending().boxed() };
    let params = WatchParams::default().fields(&format!("metadata.name={name}"));
    let events = async move {
        match api.watch_metadata(&params, "0").await {
            Ok(events) => events.map(|_| Some(())).boxed(),
            Err(_) => futures_util::stream::empty().boxed(),
        }
    };
    futures_util::stream::once(events).flatten().chain(futures_util::stream::once(ready(None))).boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use tokio::time::advance;

    use super::*;

    fn certificate(text: &str) -> String {
        format!("{0} CERTIFICATE-----\n{text}\n{1} CERTIFICATE-----\n", "-----BEGIN", "-----END")
    }

    #[tokio::test(start_paused = true)]
    async fn what_others_serve_with_stays_registered_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.crt");
        let (own, others) = (certificate("own"), certificate("others"));
        std::fs::write(&path, &own).unwrap();
        let file = AuthorityFile::new(path, Duration::from_secs(120));
        let both = format!("{own}{others}");
        assert_eq!(file.bundle(None).unwrap(), own);
        assert_eq!(file.bundle(Some(&others)).unwrap(), both);
        advance(Duration::from_secs(119)).await;
        assert_eq!(file.bundle(Some(&both)).unwrap(), both);
        advance(Duration::from_secs(1)).await;
        assert_eq!(file.bundle(Some(&both)).unwrap(), own);
        // If somebody still needs it, the time begins anew.
        assert_eq!(file.bundle(Some(&own)).unwrap(), own);
        assert_eq!(file.bundle(Some(&both)).unwrap(), both);
    }
}
