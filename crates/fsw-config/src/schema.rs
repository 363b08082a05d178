//! Every key there is, in its canonical spelling, and how its value is written.

/// How the value of a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A map of the keys listed below it.
    Section,
    /// A single value.
    Scalar,
    /// A single value that a flag may leave out: true or false.
    Switch,
    /// A list of single values.
    List,
    /// A map from names to single values, which replaces the default map.
    Map,
    /// Anything, for Kubernetes to read.
    Free,
    /// Flyte's, of no effect here.
    Ignored,
}

/// A key that settings may have.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// A valid value.
    pub(crate) example: &'static str,
}

impl Key {
    pub(crate) fn name(&self) -> &'static str {
        split(self.path).1
    }
}

const fn section(path: &'static str) -> Key {
    Key { path, kind: Kind::Section, example: "" }
}
const fn scalar(path: &'static str, example: &'static str) -> Key {
    Key { path, kind: Kind::Scalar, example }
}
const fn switch(path: &'static str) -> Key {
    Key { path, kind: Kind::Switch, example: "true" }
}
const fn list(path: &'static str, example: &'static str) -> Key {
    Key { path, kind: Kind::List, example }
}
const fn amounts(path: &'static str) -> Key {
    Key { path, kind: Kind::Map, example: "{cpu: 100m, memory: 100Mi}" }
}
const fn free(path: &'static str) -> Key {
    Key { path, kind: Kind::Free, example: "" }
}
const fn ignored(path: &'static str) -> Key {
    Key { path, kind: Kind::Ignored, example: "" }
}

/// Flyte's keys are those of v2.0.43 (`flytepropeller/pkg/webhook/config/config.go`, `flytestdlib/cache`).
pub(crate) const KEYS: &[Key] = &[
    section("webhook"),
    list("webhook.secretManagerTypes", "[Embedded]"),
    scalar("webhook.secretManagerType", "Embedded"),
    scalar("webhook.secretEnvVarPrefix", "_UNION_"),
    section("webhook.awsSecretManager"),
    scalar("webhook.awsSecretManager.sidecarImage", "docker.io/amazon/aws-secrets-manager-secret-sidecar:v0.1.4"),
    section("webhook.awsSecretManager.resources"),
    amounts("webhook.awsSecretManager.resources.requests"),
    amounts("webhook.awsSecretManager.resources.limits"),
    ignored("webhook.awsSecretManager.resources.claims"),
    section("webhook.embeddedSecretManagerConfig"),
    ignored("webhook.embeddedSecretManagerConfig.enabled"),
    scalar("webhook.embeddedSecretManagerConfig.type", "AWS"),
    section("webhook.embeddedSecretManagerConfig.awsConfig"),
    scalar("webhook.embeddedSecretManagerConfig.awsConfig.region", "us-east-1"),
    ignored("webhook.embeddedSecretManagerConfig.gcpConfig"),
    ignored("webhook.embeddedSecretManagerConfig.azureConfig"),
    ignored("webhook.embeddedSecretManagerConfig.k8sConfig"),
    section("webhook.embeddedSecretManagerConfig.fileMountInitContainer"),
    scalar(
        "webhook.embeddedSecretManagerConfig.fileMountInitContainer.image",
        "public.ecr.aws/docker/library/busybox:latest",
    ),
    section("webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources"),
    amounts("webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources.requests"),
    amounts("webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources.limits"),
    ignored("webhook.embeddedSecretManagerConfig.fileMountInitContainer.resources.claims"),
    scalar("webhook.embeddedSecretManagerConfig.fileMountInitContainer.containerName", "init-embedded-secret"),
    ignored("webhook.embeddedSecretManagerConfig.imagePullSecrets"),
    scalar("webhook.listenPort", "9443"),
    scalar("webhook.servicePort", "443"),
    scalar("webhook.serviceName", "flyte-pod-webhook"),
    scalar("webhook.secretName", "flyte-pod-webhook"),
    scalar("webhook.certDir", "/etc/webhook/certs"),
    switch("webhook.localCert"),
    scalar("webhook.cacheInvalidationPort", "9444"),
    scalar("webhook.webhookTimeout", "30"),
    section("webhook.namespaceSelector"),
    free("webhook.namespaceSelector.matchLabels"),
    free("webhook.namespaceSelector.matchExpressions"),
    switch("webhook.disableCreateMutatingWebhookConfig"),
    ignored("webhook.metrics-prefix"),
    ignored("webhook.gcpSecretManager"),
    ignored("webhook.azureSecretManager"),
    ignored("webhook.vaultSecretManager"),
    ignored("webhook.k8sSecretManager"),
    ignored("webhook.imageBuilderConfig"),
    ignored("webhook.kubeClientConfig"),
    section("cache"),
    section("cache.inMemoryFixedSize"),
    scalar("cache.inMemoryFixedSize.size", "100M"),
    scalar("cache.inMemoryFixedSize.defaultExpiration", "24h"),
    ignored("cache.type"),
    ignored("cache.redis"),
    section("secretsWebhook"),
    list("secretsWebhook.secretNames", "[documented, padded]"),
    scalar("secretsWebhook.defaultOrganization", "my-org"),
    scalar("secretsWebhook.onAccessDenied", "stop"),
    scalar("secretsWebhook.lookup", "eager"),
    switch("secretsWebhook.groupVersionIsStage"),
    switch("secretsWebhook.envVarAliases"),
    list("secretsWebhook.excludeContainers", "[istio-proxy]"),
    scalar("secretsWebhook.initContainerPosition", "last"),
    scalar("secretsWebhook.retryAfter", "2s"),
    scalar("secretsWebhook.maxWaitingReviews", "64"),
    scalar("secretsWebhook.maxConcurrentReviews", "512"),
    scalar("secretsWebhook.maxConnections", "2048"),
    scalar("secretsWebhook.maxBody", "6Mi"),
    scalar("secretsWebhook.headerTimeout", "10s"),
    scalar("secretsWebhook.adminPort", "10254"),
    scalar("secretsWebhook.maxConnectionAge", "10m"),
    scalar("secretsWebhook.listenAddress", "0.0.0.0"),
    scalar("secretsWebhook.standbyLock", "/run/flyte-secrets-webhook/serving"),
    section("secretsWebhook.log"),
    scalar("secretsWebhook.log.level", "info,fsw=debug"),
    scalar("secretsWebhook.log.format", "json"),
    section("secretsWebhook.drain"),
    scalar("secretsWebhook.drain.delay", "5s"),
    scalar("secretsWebhook.drain.timeout", "25s"),
    scalar("secretsWebhook.certReloadInterval", "5s"),
    section("secretsWebhook.certificates"),
    scalar("secretsWebhook.certificates.source", "managed"),
    scalar("secretsWebhook.certificates.validity", "8760h"),
    scalar("secretsWebhook.certificates.renewBefore", "2160h"),
    scalar("secretsWebhook.certificates.overlap", "2m"),
    scalar("secretsWebhook.certificates.checkInterval", "10s"),
    section("secretsWebhook.registration"),
    scalar("secretsWebhook.registration.owner", "flyte-secrets-webhook"),
    switch("secretsWebhook.registration.adopt"),
    section("secretsWebhook.sidecar"),
    scalar("secretsWebhook.sidecar.contract", "aws"),
    section("secretsWebhook.sidecar.resources"),
    amounts("secretsWebhook.sidecar.resources.requests"),
    amounts("secretsWebhook.sidecar.resources.limits"),
    section("secretsWebhook.cache"),
    scalar("secretsWebhook.cache.maxSize", "32Mi"),
    scalar("secretsWebhook.cache.ttl", "5m"),
    scalar("secretsWebhook.cache.negativeTtl", "30s"),
    scalar("secretsWebhook.cache.refreshPercent", "10"),
    scalar("secretsWebhook.cache.maxStale", "1h"),
    scalar("secretsWebhook.cache.invalidationTokenFile", "/etc/fsw/invalidation-token"),
    section("secretsWebhook.aws"),
    scalar("secretsWebhook.aws.attemptTimeout", "3s"),
    scalar("secretsWebhook.aws.connectTimeout", "1s"),
    scalar("secretsWebhook.aws.maxConcurrency", "64"),
    scalar("secretsWebhook.aws.endpointUrl", "https://vpce-1234.secretsmanager.us-east-1.vpce.amazonaws.com"),
    scalar("secretsWebhook.secretsFile", "/etc/fsw/secrets.yaml"),
    // The fields of Kubernetes' SecurityContext (k8s.io/api/core/v1).
    section("secretsWebhook.securityContext"),
    free("secretsWebhook.securityContext.allowPrivilegeEscalation"),
    free("secretsWebhook.securityContext.appArmorProfile"),
    free("secretsWebhook.securityContext.capabilities"),
    free("secretsWebhook.securityContext.privileged"),
    free("secretsWebhook.securityContext.procMount"),
    free("secretsWebhook.securityContext.readOnlyRootFilesystem"),
    free("secretsWebhook.securityContext.runAsGroup"),
    free("secretsWebhook.securityContext.runAsNonRoot"),
    free("secretsWebhook.securityContext.runAsUser"),
    free("secretsWebhook.securityContext.seLinuxOptions"),
    free("secretsWebhook.securityContext.seccompProfile"),
    free("secretsWebhook.securityContext.windowsOptions"),
];

/// The path of the section, and the name in it.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

pub(crate) fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

pub(crate) fn children(parent: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| split(key.path).0 == parent)
}

/// The names that have an effect in a section, for messages.
pub(crate) fn names(parent: &str) -> String {
    let names = children(parent).filter(|key| key.kind != Kind::Ignored).map(Key::name);
    names.collect::<Vec<_>>().join(", ")
}

/// Where a name is written, which decides what counts in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// In a file or a flag: case does not count.
    Setting,
    /// In a variable, which can hold no dash: `LISTEN_PORT` is `listenPort`, `METRICS_PREFIX` is `metrics-prefix`.
    Variable,
}

impl Spelling {
    pub(crate) fn fold(self, name: &str) -> String {
        match self {
            Self::Setting => name.to_ascii_lowercase(),
            Self::Variable => name.replace(['_', '-'], "").to_ascii_lowercase(),
        }
    }
}

/// The key called `name`.
pub(crate) fn child(parent: &str, name: &str, spelling: Spelling) -> Option<&'static Key> {
    children(parent).find(|key| spelling.fold(key.name()) == spelling.fold(name))
}

/// `listenPort: 9443` for a path at or below a key.
pub(crate) fn example(path: &str) -> Option<String> {
    let mut path = path;
    loop {
        if let Some(key) = KEYS.iter().find(|key| key.path == path) {
            return (!key.example.is_empty()).then(|| format!("{}: {}", key.name(), key.example));
        }
        path = split(path).0;
        if path.is_empty() {
            return None;
        }
    }
}
