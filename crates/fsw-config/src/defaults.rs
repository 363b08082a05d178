//! The one place for defaults.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::{
    Aws, AwsConfig, AwsSecretManager, Cache, CertificateSource, Certificates, Config, Drain, EmbeddedBackend,
    EmbeddedSecretManagerConfig, FileMountInitContainer, InMemoryFixedSize, Log, LogFormat, Lookup, OnAccessDenied,
    Registration, Resources, SecretManager, SecretNames, SecretsCache, SecretsWebhook, Sidecar, SidecarContract,
    Webhook,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The configuration when nothing is configured.
pub fn defaults() -> Config {
    Config {
        webhook: webhook(),
        secrets_webhook: secrets_webhook(),
        cache: Cache { in_memory_fixed_size: InMemoryFixedSize { size: None, default_expiration: None } },
    }
}

/// As in Flyte v2.0.43, apart from `secretManagerTypes`, which is `K8s` there.
fn webhook() -> Webhook {
    Webhook {
        secret_manager_types: vec![SecretManager::Embedded],
        secret_env_var_prefix: "_UNION_".to_owned(),
        aws_secret_manager: AwsSecretManager {
            sidecar_image: "docker.io/amazon/aws-secrets-manager-secret-sidecar:v0.1.4".to_owned(),
            resources: guaranteed("200m", "500Mi"),
        },
        embedded_secret_manager_config: EmbeddedSecretManagerConfig {
            backend: EmbeddedBackend::Aws,
            aws_config: AwsConfig { region: String::new() },
            file_mount_init_container: FileMountInitContainer {
                image: "public.ecr.aws/docker/library/busybox:latest".to_owned(),
                resources: guaranteed("100m", "100Mi"),
                container_name: "init-embedded-secret".to_owned(),
            },
        },
        listen_port: 9443,
        service_port: 443,
        service_name: "flyte-pod-webhook".to_owned(),
        secret_name: "flyte-pod-webhook".to_owned(),
        cert_dir: "/etc/webhook/certs".into(),
        local_cert: false,
        cache_invalidation_port: 9444,
        webhook_timeout: Duration::from_secs(30),
        namespace_selector: None,
        disable_create_mutating_webhook_config: false,
    }
}

fn secrets_webhook() -> SecretsWebhook {
    SecretsWebhook {
        secret_names: vec![SecretNames::Documented, SecretNames::Padded],
        default_organization: None,
        on_access_denied: OnAccessDenied::Stop,
        lookup: Lookup::Sequential,
        group_version_is_stage: false,
        env_var_aliases: true,
        exclude_containers: Vec::new(),
        init_container_position: None,
        retry_after: Duration::from_secs(2),
        max_waiting_reviews: 64,
        max_concurrent_reviews: 512,
        max_connections: 2048,
        max_body: 6 * 1024 * 1024,
        header_timeout: Duration::from_secs(10),
        admin_port: 10254,
        max_connection_age: Duration::from_secs(600),
        listen_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        standby_lock: None,
        log: Log { level: "info".to_owned(), format: LogFormat::Json },
        drain: Drain { delay: Duration::from_secs(5), timeout: Duration::from_secs(25) },
        cert_reload_interval: Duration::from_secs(5),
        certificates: Certificates {
            source: CertificateSource::Auto,
            validity: 365 * DAY,
            renew_before: 90 * DAY,
            overlap: Duration::from_secs(120),
            check_interval: Duration::from_secs(10),
        },
        registration: Registration { owner: None, adopt: false },
        sidecar: Sidecar { contract: SidecarContract::Aws, resources: puller() },
        cache: SecretsCache {
            max_size: 32 * 1024 * 1024,
            ttl: Duration::from_secs(5 * 60),
            negative_ttl: Duration::from_secs(30),
            refresh_percent: 10,
            max_stale: Duration::ZERO,
            invalidation_token_file: None,
        },
        aws: Aws {
            attempt_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(1),
            max_concurrency: 64,
            endpoint_url: None,
        },
        secrets_file: None,
        security_context: None,
    }
}

/// Little is set aside, but a handshake may take the processor for a moment: under a limit of 10m it would take seconds.
fn puller() -> Resources {
    let limits = guaranteed("500m", "32Mi").limits;
    Resources { limits, ..guaranteed("10m", "32Mi") }
}

fn guaranteed(cpu: &str, memory: &str) -> Resources {
    let amounts: BTreeMap<String, String> =
        [("cpu", cpu), ("memory", memory)].map(|(name, amount)| (name.to_owned(), amount.to_owned())).into();
    Resources { requests: amounts.clone(), limits: amounts }
}
