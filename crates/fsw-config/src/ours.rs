//! `secretsWebhook:`, what only this project has.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    CertificateSource, InitContainerPosition, LogFormat, Lookup, OnAccessDenied, Resources, SecretNames,
    SidecarContract, de, duration,
};

/// The `secretsWebhook:` section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretsWebhook {
    /// The forms of a secret's id to try in each scope, in this order; never empty, none twice.
    #[serde(deserialize_with = "de::some_of")]
    pub secret_names: Vec<SecretNames>,
    /// The organization of pods that carry no `organization` label (Flyte v1 sets none).
    #[serde(default, deserialize_with = "de::some_text", skip_serializing_if = "Option::is_none")]
    pub default_organization: Option<String>,
    /// What an AccessDenied from AWS means for the broader scopes.
    pub on_access_denied: OnAccessDenied,
    /// How the scopes are gone through.
    pub lookup: Lookup,
    /// Take a `group_version` that is no version id as a staging label.
    #[serde(deserialize_with = "de::switch")]
    pub group_version_is_stage: bool,
    /// Also inject the names that flytekit and POSIX shells can read.
    #[serde(deserialize_with = "de::switch")]
    pub env_var_aliases: bool,
    /// Names of containers to leave alone.
    #[serde(deserialize_with = "de::container_names")]
    pub exclude_containers: Vec<String>,
    /// Where our init containers go; `None`: each manager's own place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_container_position: Option<InitContainerPosition>,
    /// When Flyte is told to ask again after an outage; whole seconds, at least one.
    #[serde(deserialize_with = "de::whole_seconds", serialize_with = "duration::serialize")]
    pub retry_after: Duration,
    /// How many reviews may wait for AWS at a time.
    #[serde(deserialize_with = "de::count")]
    pub max_waiting_reviews: usize,
    /// How many reviews may be in work at a time.
    #[serde(deserialize_with = "de::count")]
    pub max_concurrent_reviews: usize,
    /// How many TCP connections may be open at a time.
    #[serde(deserialize_with = "de::count")]
    pub max_connections: usize,
    /// Largest request body, in bytes.
    #[serde(deserialize_with = "de::some_room")]
    pub max_body: u64,
    /// How long a client may take to send the head of a request.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub header_timeout: Duration,
    /// TCP port of `/livez`, `/readyz` and `/metrics`.
    #[serde(deserialize_with = "de::port")]
    pub admin_port: u16,
    /// How long a connection is used before its client is asked to open another, so that API servers, which keep theirs,
    /// come to another replica at times; zero: for ever.
    #[serde(deserialize_with = "de::duration", serialize_with = "duration::serialize")]
    pub max_connection_age: Duration,
    /// Address that every port is bound to.
    #[serde(deserialize_with = "de::address")]
    pub listen_address: IpAddr,
    /// A file whose lock decides which of several processes on one address serves; the others stand by and take over
    /// at once when it ends. `None`: this process is alone.
    #[serde(default, deserialize_with = "de::some_path", skip_serializing_if = "Option::is_none")]
    pub standby_lock: Option<PathBuf>,
    /// Logging.
    pub log: Log,
    /// Shutting down.
    pub drain: Drain,
    /// How often the certificate files are read again.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub cert_reload_interval: Duration,
    /// Where the certificate comes from, and its renewal.
    pub certificates: Certificates,
    /// The `MutatingWebhookConfiguration`.
    pub registration: Registration,
    /// The sidecar manager's pullers.
    pub sidecar: Sidecar,
    /// What is kept of AWS's answers.
    pub cache: SecretsCache,
    /// Calls to AWS.
    pub aws: Aws,
    /// A file of secrets to serve instead of AWS, for trying things out.
    #[serde(default, deserialize_with = "de::some_path", skip_serializing_if = "Option::is_none")]
    pub secrets_file: Option<PathBuf>,
    /// Fields of a Kubernetes container `SecurityContext` that replace ours in the injected containers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_context: Option<serde_json::Value>,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    /// A tracing directive, for example `info,fsw=debug`.
    #[serde(deserialize_with = "de::log_level")]
    pub level: String,
    /// How a line looks.
    pub format: LogFormat,
}

/// Shutting down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drain {
    /// How long to serve on after a SIGTERM, until endpoints have noticed; may be zero.
    #[serde(deserialize_with = "de::duration", serialize_with = "duration::serialize")]
    pub delay: Duration,
    /// How long reviews in flight may then take.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub timeout: Duration,
}

/// Where the certificate comes from, and its renewal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificates {
    /// Where it comes from.
    pub source: CertificateSource,
    /// How long a certificate made here is good for.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub validity: Duration,
    /// How long before its end it is renewed.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub renew_before: Duration,
    /// How long each step of a renewal lasts: every replica and API server must have noticed the one before.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub overlap: Duration,
    /// How often certificate and registration are looked at, besides whenever they change.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub check_interval: Duration,
}

/// The `MutatingWebhookConfiguration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Name of the ClusterRole that comes and goes with the installation: what is made at run time goes with it.
    #[serde(default, deserialize_with = "de::some_text", skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Take over a configuration of the same name that another program made, such as Flyte's own webhook.
    #[serde(deserialize_with = "de::switch")]
    pub adopt: bool,
}

/// The sidecar manager's pullers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sidecar {
    /// What the image (`webhook.awsSecretManager.sidecarImage`) understands.
    pub contract: SidecarContract,
    /// Resources of the one puller of a pod under the contract `fsw`; under `aws`, Flyte's own setting counts.
    pub resources: Resources,
}

/// What is kept of AWS's answers, in memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretsCache {
    /// Bytes, with all that an entry costs; `cache.inMemoryFixedSize.size` is an upper bound.
    #[serde(deserialize_with = "de::bytes")]
    pub max_size: u64,
    /// How long a secret is kept; zero: not at all. `cache.inMemoryFixedSize.defaultExpiration` is an upper bound.
    #[serde(deserialize_with = "de::duration", serialize_with = "duration::serialize")]
    pub ttl: Duration,
    /// How long it is kept that there is no such secret; zero: not at all.
    #[serde(deserialize_with = "de::duration", serialize_with = "duration::serialize")]
    pub negative_ttl: Duration,
    /// In the last part of its time, in percent, an entry that is used is fetched anew; zero: never.
    #[serde(deserialize_with = "de::percent")]
    pub refresh_percent: u8,
    /// How long an entry may be served beyond its time while AWS is unavailable.
    #[serde(deserialize_with = "de::duration", serialize_with = "duration::serialize")]
    pub max_stale: Duration,
    /// A file with the token that `POST /invalidate-secret` asks for; `None`: anybody may.
    #[serde(default, deserialize_with = "de::some_path", skip_serializing_if = "Option::is_none")]
    pub invalidation_token_file: Option<PathBuf>,
}

/// Calls to AWS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aws {
    /// How long one attempt may take.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub attempt_timeout: Duration,
    /// How long connecting may take.
    #[serde(deserialize_with = "de::timeout", serialize_with = "duration::serialize")]
    pub connect_timeout: Duration,
    /// How many calls may be under way at a time; fewer while AWS throttles.
    #[serde(deserialize_with = "de::count")]
    pub max_concurrency: usize,
    /// Another Secrets Manager to talk to (a VPC endpoint, an emulator).
    #[serde(default, deserialize_with = "de::some_url", skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
}
