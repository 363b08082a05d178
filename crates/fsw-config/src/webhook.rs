//! Flyte's `webhook:` section, as far as this webhook serves it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{EmbeddedBackend, SecretManager, de, duration};

/// Flyte's `webhook:` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// The managers to try, in this order; never empty, none twice.
    #[serde(deserialize_with = "de::some_of")]
    pub secret_manager_types: Vec<SecretManager>,
    /// What names of secret variables begin with; Flyte's clients find none when it is empty.
    #[serde(deserialize_with = "de::env_var_prefix")]
    pub secret_env_var_prefix: String,
    /// The sidecar manager.
    pub aws_secret_manager: AwsSecretManager,
    /// The embedded manager.
    pub embedded_secret_manager_config: EmbeddedSecretManagerConfig,
    /// TCP port of the HTTPS listener.
    #[serde(deserialize_with = "de::port")]
    pub listen_port: u16,
    /// TCP port of the Kubernetes Service in front of it.
    #[serde(deserialize_with = "de::port")]
    pub service_port: u16,
    /// Name of the Kubernetes Service, and of the `MutatingWebhookConfiguration`.
    #[serde(deserialize_with = "de::dns_label")]
    pub service_name: String,
    /// Name of the Kubernetes Secret that holds the certificates.
    #[serde(deserialize_with = "de::dns_subdomain")]
    pub secret_name: String,
    /// Directory of `tls.crt`, `tls.key` and `ca.crt`, variables already expanded.
    #[serde(deserialize_with = "de::path")]
    pub cert_dir: PathBuf,
    /// Write the certificates to `cert_dir` too.
    #[serde(deserialize_with = "de::switch")]
    pub local_cert: bool,
    /// TCP port of `POST /invalidate-secret`; 0 is off.
    #[serde(deserialize_with = "de::port_or_off")]
    pub cache_invalidation_port: u16,
    /// The API server's timeout for one review: whole seconds, 1 to 30.
    #[serde(deserialize_with = "de::webhook_timeout", serialize_with = "duration::serialize_seconds")]
    pub webhook_timeout: Duration,
    /// A Kubernetes label selector (`matchLabels`, `matchExpressions`) for the namespaces to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<serde_json::Value>,
    /// Leave the `MutatingWebhookConfiguration` to someone else.
    #[serde(deserialize_with = "de::switch")]
    pub disable_create_mutating_webhook_config: bool,
}

/// The sidecar manager's init containers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsSecretManager {
    /// Image that pulls one secret.
    #[serde(deserialize_with = "de::image")]
    pub sidecar_image: String,
    /// Resources of each of these containers.
    pub resources: Resources,
}

/// The embedded manager.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedSecretManagerConfig {
    /// Where the secrets are.
    #[serde(rename = "type")]
    pub backend: EmbeddedBackend,
    /// How to reach AWS.
    pub aws_config: AwsConfig,
    /// The init container that writes secret files.
    pub file_mount_init_container: FileMountInitContainer,
}

/// How to reach AWS Secrets Manager.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AwsConfig {
    /// AWS region; empty: what the AWS SDK finds by itself.
    #[serde(deserialize_with = "de::region")]
    pub region: String,
}

/// The init container that writes secret files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileMountInitContainer {
    /// An image with a busybox.
    #[serde(deserialize_with = "de::image")]
    pub image: String,
    /// Its resources.
    pub resources: Resources,
    /// Its name in the pod, a DNS label.
    #[serde(deserialize_with = "de::dns_label")]
    pub container_name: String,
}

/// Kubernetes resource quantities by resource name (`cpu: 200m`); not checked against each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What the scheduler sets aside.
    #[serde(deserialize_with = "de::quantities")]
    pub requests: BTreeMap<String, String>,
    /// What the container may use at most.
    #[serde(deserialize_with = "de::quantities")]
    pub limits: BTreeMap<String, String>,
}
