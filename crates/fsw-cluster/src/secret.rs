use std::collections::BTreeMap;
use std::time::SystemTime;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::info;

use crate::rotation::{Leaf, Policy, Step, Stored, step};
use crate::{Cluster, ClusterError, FIELD_MANAGER, ownership, rotation};

/// When the last step of a renewal was taken; whoever keeps the Secret writes it.
pub(crate) const SINCE: &str = "secrets-webhook.flyte.org/since";
/// Any value asks for a renewal.
const RENEW: &str = "secrets-webhook.flyte.org/renew";
/// Only cert-manager's Secrets have it.
const CERT_MANAGER: &str = "cert-manager.io/certificate-name";

const AUTHORITIES: &str = "ca.crt";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const NEXT_CERTIFICATE: &str = "next.crt";
const NEXT_KEY: &str = "next.key";

/// The Secret that all replicas share.
#[derive(Debug, Clone)]
pub struct CertificateSecret {
    /// Its name.
    pub name: String,
    /// When it is renewed.
    pub policy: Policy,
    /// The ClusterRole with which it goes away.
    pub owner: Option<String>,
}

/// The Secret as it was read: what it holds, and what a change of it must not overlook.
pub(crate) struct Held {
    secret: Option<Secret>,
    pub(crate) stored: Option<Stored>,
}

impl CertificateSecret {
    /// Reads the Secret, makes it where it is missing, and takes the step that is due. Whoever writes first wins;
    /// the others take what they wrote.
    pub(crate) async fn settle(&self, cluster: &Cluster, announced: Option<&str>) -> Result<Stored, ClusterError> {
        loop {
            let held = self.read(cluster).await?;
            let is_announced = announced.is_none_or(|bundle| held.holds(bundle));
            match step(held.stored.as_ref(), &self.policy, is_announced, SystemTime::now())? {
                Step::Keep => {
                    if let Some(stored) = held.stored {
                        return Ok(stored);
                    }
                }
                // Flyte's own init-certs makes it so. As long as it can be served with, it is.
                Step::Write(..) if held.is_immutable() => {
                    let immutable = || ClusterError::ImmutableSecret { name: self.name.clone() };
                    let servable = held.stored.filter(|stored| rotation::is_usable(stored, SystemTime::now()));
                    return servable.ok_or_else(immutable);
                }
                Step::Write(stored, what) => match self.write(cluster, held, &stored).await {
                    Ok(()) => {
                        info!(secret = self.name, "the certificate: {what}");
                        return Ok(*stored);
                    }
                    Err(ClusterError::Raced { .. }) => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Reads it, unless it is kept by someone who would undo a change of ours.
    pub(crate) async fn read(&self, cluster: &Cluster) -> Result<Held, ClusterError> {
        let what = format!("get the Secret {}", self.name);
        let secret = self.api(cluster).get_opt(&self.name).await.map_err(|error| ClusterError::of(&what, error))?;
        if secret.as_ref().is_some_and(|secret| secret.annotations().contains_key(CERT_MANAGER)) {
            return Err(ClusterError::ForeignSecret { name: self.name.clone(), owner: "cert-manager".to_owned() });
        }
        let stored = secret.as_ref().and_then(stored);
        Ok(Held { secret, stored })
    }

    async fn write(&self, cluster: &Cluster, held: Held, stored: &Stored) -> Result<(), ClusterError> {
        let owner = ownership::owner(cluster, self.owner.as_deref()).await?;
        match held.secret {
            // Each replica applies as a manager of its own, and none insists: the API server refuses the second one.
            None => {
                let metadata = ObjectMeta {
                    name: Some(self.name.clone()),
                    labels: Some(ownership::labels()),
                    owner_references: owner.map(|owner| vec![owner]),
                    ..ObjectMeta::default()
                };
                let mut secret = Secret { metadata, ..Secret::default() };
                fill(&mut secret, stored);
                let what = format!("create the Secret {}", self.name);
                let as_replica = PatchParams::apply(&format!("{FIELD_MANAGER}-{}", cluster.replica));
                let written = self.api(cluster).patch(&self.name, &as_replica, &Patch::Apply(&secret)).await;
                written.map_err(|error| ClusterError::of(&what, error))?;
            }
            // Its resourceVersion makes the API server refuse a change of what has changed meanwhile.
            Some(mut secret) => {
                fill(&mut secret, stored);
                let what = format!("update the Secret {}", self.name);
                let as_us = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
                let written = self.api(cluster).replace(&self.name, &as_us, &secret).await;
                written.map_err(|error| ClusterError::of(&what, error))?;
            }
        }
        Ok(())
    }

    pub(crate) fn api(&self, cluster: &Cluster) -> Api<Secret> {
        Api::namespaced(cluster.client.clone(), &cluster.namespace)
    }
}

impl Held {
    fn is_immutable(&self) -> bool {
        self.secret.as_ref().is_some_and(|secret| secret.immutable == Some(true))
    }

    fn holds(&self, bundle: &str) -> bool {
        self.stored.as_ref().is_some_and(|stored| stored.authorities == bundle)
    }
}

fn stored(secret: &Secret) -> Option<Stored> {
    let data = secret.data.as_ref()?;
    let text = |name: &str| data.get(name).and_then(|value| String::from_utf8(value.0.clone()).ok());
    let leaf = |certificate, key| Some(Leaf { certificate: text(certificate)?, key: text(key)? });
    let annotations = secret.annotations();
    Some(Stored {
        authorities: text(AUTHORITIES)?,
        leaf: leaf(CERTIFICATE, KEY)?,
        next: leaf(NEXT_CERTIFICATE, NEXT_KEY),
        since: annotations
            .get(SINCE)
            .and_then(|since| OffsetDateTime::parse(since, &Rfc3339).ok())
            .map(SystemTime::from),
        renewal_asked: annotations.contains_key(RENEW),
    })
}

/// Puts what is stored into the Secret; whatever else it holds stays.
fn fill(secret: &mut Secret, stored: &Stored) {
    let data = secret.data.get_or_insert_with(BTreeMap::new);
    let mut put = |name: &str, value: Option<&String>| match value {
        Some(value) => {
            data.insert(name.to_owned(), ByteString(value.clone().into_bytes()));
        }
        None => {
            data.remove(name);
        }
    };
    put(AUTHORITIES, Some(&stored.authorities));
    put(CERTIFICATE, Some(&stored.leaf.certificate));
    put(KEY, Some(&stored.leaf.key));
    put(NEXT_CERTIFICATE, stored.next.as_ref().map(|next| &next.certificate));
    put(NEXT_KEY, stored.next.as_ref().map(|next| &next.key));
    let since = stored.since.and_then(|since| OffsetDateTime::from(since).format(&Rfc3339).ok());
    let annotations = secret.annotations_mut();
    if let Some(since) = since {
        annotations.insert(SINCE.to_owned(), since);
    }
    if !stored.renewal_asked {
        annotations.remove(RENEW);
    }
}
