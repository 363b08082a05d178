//! Files as Flyte has them.

use std::fs;

use expect_test::expect;

use super::*;
use crate::schema::{self, Kind};

/// In the shape of what flyte-core's chart renders for propeller and its webhook, shortened, with the embedded manager for AWS.
const FLYTE_CORE: &str = r#"
admin:
  clientId: flytepropeller
  clientSecretLocation: /etc/secrets/client_secret
  endpoint: flyteadmin:81
  insecure: true
event:
  rate: 500
  type: admin
catalog-cache:
  endpoint: datacatalog:89
  insecure: true
  type: datacatalog
copilot:
  plugins:
    k8s:
      co-pilot:
        image: cr.flyte.org/flyteorg/flytecopilot:v1.16.8
        name: flyte-copilot-
        start-timeout: 30s
plugins:
  k8s:
    default-cpus: 100m
    default-env-vars: []
    default-memory: 100Mi
tasks:
  task-plugins:
    default-for-task-types:
      container: container
      container_array: k8s-array
    enabled-plugins: [container, sidecar, k8s-array]
propeller:
  downstream-eval-duration: 30s
  enable-admin-launcher: true
  leader-election:
    enabled: true
    lease-duration: 15s
    lock-config-map: {name: propeller-leader, namespace: flyte}
  max-workflow-retries: 30
  metadata-prefix: metadata/propeller
  prof-port: 10254
  workers: 40
storage:
  type: s3
  container: my-bucket
  connection: {auth-type: iam, region: us-east-1}
  cache: {max_size_mbs: 1024, target_gc_percent: 70}
logger:
  level: 5
  show-source: true
webhook:
  certDir: /etc/webhook/certs
  serviceName: flyte-pod-webhook
  secretManagerTypes:
    - Embedded
    - AWS
  localCert: yes
  metrics-prefix: "flyte:"
  embeddedSecretManagerConfig:
    type: aws
    awsConfig:
      region: us-east-2
    gcpConfig:
      project: ""
    fileMountInitContainer:
      resources:
        requests: {cpu: 1}
  imageBuilderConfig: {enabled: false}
  webhookTimeout: 10
cache:
  type: InMemoryFixedSize
  inMemoryFixedSize: {size: 100M, defaultExpiration: 24h0m0s}
"#;

#[test]
fn a_flyte_core_file_loads_unchanged() {
    check(
        FLYTE_CORE,
        expect![[r#"
            webhook.secretManagerTypes = ["Embedded","AWS"]
            webhook.embeddedSecretManagerConfig.awsConfig.region = "us-east-2"
            webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources.requests.cpu = "1"
            webhook.localCert = true
            webhook.webhookTimeout = 10
            cache.inMemoryFixedSize.size = 100000000
            cache.inMemoryFixedSize.defaultExpiration = "24h"
            webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources.requests.memory removed
            cache.inMemoryFixedSize removed
            ignored: cache.type in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.embeddedSecretManagerConfig.gcpConfig in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.imageBuilderConfig in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.metrics-prefix in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
        "#]],
    );
}

#[test]
fn other_sections_of_flyte_are_left_alone() {
    for section in [
        "actions",
        "admin",
        "auth",
        "authorization",
        "cacheService",
        "catalog-cache",
        "catalogCache",
        "cloudEvents",
        "cluster_resources",
        "clusterPools",
        "clusters",
        "copilot",
        "database",
        "datacatalog",
        "dataproxy",
        "domains",
        "event",
        "executor",
        "externalEvents",
        "flyteadmin",
        "interruptible",
        "kubernetes",
        "logger",
        "manager",
        "namespace_mapping",
        "notifications",
        "otel",
        "plugins",
        "propeller",
        "qualityOfService",
        "queues",
        "registration",
        "remoteData",
        "runs",
        "scheduler",
        "secrets",
        "server",
        "sharedservice",
        "storage",
        "task_resources",
        "task_type_whitelist",
        "tasks",
        "union",
    ] {
        check(&format!("{section}: {{webhook: 1, listenPort: x}}"), expect![[""]]);
    }
}

#[test]
fn files_without_settings_are_fine() {
    for text in ["", "# nothing yet\n", "---\n", "{}", "webhook:\n", "webhook: {}\nsecretsWebhook: {log: }\n"] {
        check(text, expect![[""]]);
    }
}

#[test]
fn keys_are_case_insensitive_at_every_level() {
    check(
        "WEBHOOK: {LISTENPORT: 8443, awssecretmanager: {SideCarImage: a/b:1, Resources: {REQUESTS: {cpu: 1}}}}\n\
         secretswebhook: {LOG: {Level: debug}}\n",
        expect![[r#"
            webhook.awsSecretManager.sidecarImage = "a/b:1"
            webhook.awsSecretManager.resources.requests.cpu = "1"
            webhook.listenPort = 8443
            secretsWebhook.log.level = "debug"
            webhook.awsSecretManager.resources.requests.memory removed
        "#]],
    );
}

#[test]
fn a_map_replaces_the_default_map_and_no_other() {
    check(
        "webhook: {awsSecretManager: {resources: {requests: {cpu: 1}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.requests.cpu = "1"
        webhook.awsSecretManager.resources.requests.memory removed
    "#]],
    );
    check(
        "webhook: {awsSecretManager: {resources: {requests: {CPU: 1, memory: null}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.requests.cpu = "1"
        webhook.awsSecretManager.resources.requests.memory removed
    "#]],
    );
    check(
        "webhook: {awsSecretManager: {resources: {limits: {}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.limits = {}
        webhook.awsSecretManager.resources.limits.cpu removed
        webhook.awsSecretManager.resources.limits.memory removed
    "#]],
    );
}

#[test]
fn the_old_single_manager_counts_when_there_is_no_list() {
    check(
        "webhook: {secretManagerType: aws}",
        expect![[r#"
        webhook.secretManagerTypes = ["AWS"]
        deprecated: webhook.secretManagerType in file /etc/flyte/config.yaml: write secretManagerTypes: [AWS]
    "#]],
    );
    check(
        "webhook: {secretManagerType: K8s, secretManagerTypes: [Embedded]}",
        expect![[r#"
        ignored: webhook.secretManagerType in file /etc/flyte/config.yaml: webhook.secretManagerTypes is given too, and wins
    "#]],
    );
}

#[test]
fn the_effective_configuration_loads_to_itself() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.yaml");
    let full = format!(
        "{FLYTE_CORE}
secretsWebhook:
  secretNames: [padded]
  defaultOrganization: '123'
  onAccessDenied: nextscope
  excludeContainers: [istio-proxy]
  initContainerPosition: first
  retryAfter: 1m30s
  maxBody: 8Mi
  listenAddress: '::'
  log: {{level: 'info,fsw=debug', format: text}}
  drain: {{delay: 0s, timeout: 1500ms}}
  lookup: eager
  cache: {{maxSize: 1Mi, ttl: 0, negativeTtl: 1m, refreshPercent: 0, maxStale: 1h, invalidationTokenFile: /etc/token}}
  aws: {{endpointUrl: 'http://localhost:4566'}}
  secretsFile: /etc/secrets.yaml
  securityContext: {{runAsUser: 1000, capabilities: {{drop: [ALL]}}}}
"
    );
    let full = full.replace("localCert:", "namespaceSelector: {matchLabels: {a.b/c: 'on'}}\n  localCert:");
    for text in ["", &full] {
        fs::write(&path, text).unwrap();
        let layers = Layers { files: vec![path.clone()], ..Layers::default() };
        let once = load(&layers).unwrap().config;
        fs::write(&path, serde_saphyr::to_string(&once).unwrap()).unwrap();
        let again = load(&layers).unwrap();
        assert_eq!(again, Loaded { config: once, findings: Vec::new() });
    }
}

#[test]
fn every_setting_is_in_the_schema_with_a_valid_example() {
    for (path, _) in leaves(&defaults()) {
        let is_key = |key: &schema::Key| key.kind != Kind::Section && path.starts_with(key.path);
        // Without settings of its own, the section is the leaf.
        assert!(path == "cache.inMemoryFixedSize" || schema::KEYS.iter().any(is_key), "{path}");
    }
    for key in schema::KEYS.iter().filter(|key| !key.example.is_empty()) {
        let settings = vec![format!("{}={}", key.path, key.example)];
        let loaded = load(&Layers { settings, ..Layers::default() }).unwrap();
        assert!(loaded.findings.iter().all(|finding| finding.level == crate::Level::Deprecated), "{loaded:?}");
    }
}
