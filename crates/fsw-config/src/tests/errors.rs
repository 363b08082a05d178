//! Every error, word for word.

use expect_test::expect;

use super::*;

#[test]
fn managers_that_only_flyte_serves() {
    check(
        "webhook: {secretManagerTypes: [Embedded, k8s]}",
        expect![[r#"
        webhook.secretManagerTypes.1 in file /etc/flyte/config.yaml: K8s is served by Flyte's own webhook, not by this one; keep Flyte's webhook for it, or use AWS or Embedded, for example secretManagerTypes: [Embedded]
    "#]],
    );
    check(
        "webhook: {secretManagerType: Vault}",
        expect![[r#"
            webhook.secretManagerType in file /etc/flyte/config.yaml: Vault is served by Flyte's own webhook, not by this one; keep Flyte's webhook for it, or use AWS or Embedded, for example secretManagerType: Embedded
        "#]],
    );
    check_layers(
        &[],
        &[("FSW_WEBHOOK__SECRET_MANAGER_TYPES", "Global")],
        &[],
        expect![[r#"
        webhook.secretManagerTypes in environment variable FSW_WEBHOOK__SECRET_MANAGER_TYPES: Global is served by Flyte's own webhook, not by this one; keep Flyte's webhook for it, or use AWS or Embedded, for example secretManagerTypes: [Embedded]
    "#]],
    );
    check(
        "webhook: {embeddedSecretManagerConfig: {type: gcp}}",
        expect![[r#"
        webhook.embeddedSecretManagerConfig.type in file /etc/flyte/config.yaml: GCP is served by Flyte's own webhook, not by this one; keep Flyte's webhook for it, or use AWS, for example type: AWS
    "#]],
    );
    check(
        "webhook: {secretManagerTypes: [EmbeddedAWS]}",
        expect![[r#"
        webhook.secretManagerTypes.0 in file /etc/flyte/config.yaml: found "EmbeddedAWS", expected AWS or Embedded, for example secretManagerTypes: [Embedded]
    "#]],
    );
    check(
        "webhook: {secretManagerTypes: []}",
        expect![[r#"
        webhook.secretManagerTypes in file /etc/flyte/config.yaml: found an empty list, expected a list of at least one, for example secretManagerTypes: [Embedded]
    "#]],
    );
}

/// One wrong value for every kind of value.
const WRONG: &[&str] = &[
    "webhook.listenPort=0",
    "webhook.listenPort=x",
    "webhook.cacheInvalidationPort=65536",
    "webhook.localCert=maybe",
    "webhook.certDir=",
    "webhook.serviceName=Flyte",
    "webhook.secretName=a..b",
    "webhook.webhookTimeout=0",
    "webhook.webhookTimeout=1500ms",
    "webhook.secretEnvVarPrefix=1_",
    "webhook.awsSecretManager.sidecarImage=",
    "webhook.awsSecretManager.resources.requests.cpu=1 core",
    "webhook.awsSecretManager.resources.limits=big",
    "webhook.embeddedSecretManagerConfig.type=S3",
    "webhook.embeddedSecretManagerConfig.awsConfig.region=useast1",
    "webhook.embeddedSecretManagerConfig.fileMountInitContainer.containerName=init_1",
    "cache.inMemoryFixedSize.size=100MB",
    "cache.inMemoryFixedSize.defaultExpiration=1d",
    "secretsWebhook.secretNames=[documented, short]",
    "secretsWebhook.secretNames=[]",
    "secretsWebhook.onAccessDenied=ignore",
    "secretsWebhook.excludeContainers=[istio proxy]",
    "secretsWebhook.excludeContainers={a: b}",
    "secretsWebhook.initContainerPosition=middle",
    "secretsWebhook.retryAfter=2",
    "secretsWebhook.retryAfter=2500ms",
    "secretsWebhook.maxConnections=0",
    "secretsWebhook.maxBody=0",
    "secretsWebhook.headerTimeout=10",
    "secretsWebhook.drain.delay=-1s",
    "secretsWebhook.listenAddress=localhost",
    "secretsWebhook.log.level=",
    "secretsWebhook.log.level=warning",
    "secretsWebhook.log.format=xml",
    "secretsWebhook.aws.endpointUrl=localhost:4566",
    "secretsWebhook.aws.maxConcurrency=0",
    "secretsWebhook.lookup=parallel",
    "secretsWebhook.cache.maxSize=32MB",
    "secretsWebhook.cache.ttl=5",
    "secretsWebhook.cache.negativeTtl=-1s",
    "secretsWebhook.cache.refreshPercent=101",
    "secretsWebhook.cache.maxStale=1d",
];

#[test]
fn values_that_are_not_valid() {
    let all: String = WRONG
        .iter()
        .map(|setting| {
            let layers = Layers { settings: vec![(*setting).to_owned()], ..Layers::default() };
            render(load(&layers))
        })
        .collect();
    expect![[r#"
        webhook.listenPort in flag --webhook.listenPort: found "0", expected a port from 1 to 65535, for example listenPort: 9443
        webhook.listenPort in flag --webhook.listenPort: found "x", expected a port from 1 to 65535, for example listenPort: 9443
        webhook.cacheInvalidationPort in flag --webhook.cacheInvalidationPort: found "65536", expected a port from 1 to 65535, or 0 for off, for example cacheInvalidationPort: 9444
        webhook.localCert in flag --webhook.localCert: found "maybe", expected true or false, for example localCert: true
        webhook.certDir in flag --webhook.certDir: found "", expected a path, for example certDir: /etc/webhook/certs
        webhook.serviceName in flag --webhook.serviceName: found "Flyte", expected a name of at most 63 characters a-z, 0-9 and '-', no '-' at either end, for example serviceName: flyte-pod-webhook
        webhook.secretName in flag --webhook.secretName: found "a..b", expected a name of at most 253 characters a-z, 0-9, '-' and '.', no '-' or '.' next to a '.' or at either end, for example secretName: flyte-pod-webhook
        webhook.webhookTimeout in flag --webhook.webhookTimeout: found "0", expected whole seconds, 1 to 30, for example webhookTimeout: 30
        webhook.webhookTimeout in flag --webhook.webhookTimeout: found "1500ms", expected whole seconds, 1 to 30, for example webhookTimeout: 30
        webhook.secretEnvVarPrefix in flag --webhook.secretEnvVarPrefix: found "1_", expected the beginning of a variable's name: letters, digits, '-', '.' and '_', no digit first, for example secretEnvVarPrefix: _UNION_
        webhook.awsSecretManager.sidecarImage in flag --webhook.awsSecretManager.sidecarImage: found "", expected a container image, for example sidecarImage: docker.io/amazon/aws-secrets-manager-secret-sidecar:v0.1.4
        webhook.awsSecretManager.resources.requests.cpu in flag --webhook.awsSecretManager.resources.requests.cpu: found "1 core", expected a Kubernetes quantity, for example requests: {cpu: 100m, memory: 100Mi}
        webhook.awsSecretManager.resources.limits in flag --webhook.awsSecretManager.resources.limits: found "big", expected a map, for example limits: {cpu: 100m, memory: 100Mi}
        webhook.embeddedSecretManagerConfig.type in flag --webhook.embeddedSecretManagerConfig.type: found "S3", expected AWS, for example type: AWS
        webhook.embeddedSecretManagerConfig.awsConfig.region in flag --webhook.embeddedSecretManagerConfig.awsConfig.region: found "useast1", expected an AWS region, or nothing for what the AWS SDK finds, for example region: us-east-1
        webhook.embeddedSecretManagerConfig.fileMountInitContainer.containerName in flag --webhook.embeddedSecretManagerConfig.fileMountInitContainer.containerName: found "init_1", expected a name of at most 63 characters a-z, 0-9 and '-', no '-' at either end, for example containerName: init-embedded-secret
        cache.inMemoryFixedSize.size in flag --cache.inMemoryFixedSize.size: found "100MB", expected a whole number of bytes, for example size: 100M
        cache.inMemoryFixedSize.defaultExpiration in flag --cache.inMemoryFixedSize.defaultExpiration: found "1d", expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example defaultExpiration: 24h
        secretsWebhook.secretNames.1 in flag --secretsWebhook.secretNames: found "short", expected documented or padded, for example secretNames: [documented, padded]
        secretsWebhook.secretNames in flag --secretsWebhook.secretNames: found an empty list, expected a list of at least one, for example secretNames: [documented, padded]
        secretsWebhook.onAccessDenied in flag --secretsWebhook.onAccessDenied: found "ignore", expected stop or nextScope, for example onAccessDenied: stop
        secretsWebhook.excludeContainers.0 in flag --secretsWebhook.excludeContainers: found "istio proxy", expected a name of at most 63 characters a-z, 0-9 and '-', no '-' at either end, for example excludeContainers: [istio-proxy]
        secretsWebhook.excludeContainers in flag --secretsWebhook.excludeContainers: found a map, expected a list, for example excludeContainers: [istio-proxy]
        secretsWebhook.initContainerPosition in flag --secretsWebhook.initContainerPosition: found "middle", expected first or last, for example initContainerPosition: last
        secretsWebhook.retryAfter in flag --secretsWebhook.retryAfter: found "2", expected a duration of whole seconds, at least 1s, for example retryAfter: 2s
        secretsWebhook.retryAfter in flag --secretsWebhook.retryAfter: found "2500ms", expected a duration of whole seconds, at least 1s, for example retryAfter: 2s
        secretsWebhook.maxConnections in flag --secretsWebhook.maxConnections: found "0", expected a whole number, at least 1, for example maxConnections: 2048
        secretsWebhook.maxBody in flag --secretsWebhook.maxBody: found "0", expected a whole number of bytes, at least 1, for example maxBody: 6Mi
        secretsWebhook.headerTimeout in flag --secretsWebhook.headerTimeout: found "10", expected a duration with a unit (ms, s, m, h), at least 1ms, for example headerTimeout: 10s
        secretsWebhook.drain.delay in flag --secretsWebhook.drain.delay: found "-1s", expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example delay: 5s
        secretsWebhook.listenAddress in flag --secretsWebhook.listenAddress: found "localhost", expected an IP address (0.0.0.0 or :: for all), for example listenAddress: 0.0.0.0
        secretsWebhook.log.level in flag --secretsWebhook.log.level: found "", expected a level (off, error, warn, info, debug, trace), and target=level for parts, comma-separated, for example level: info,fsw=debug
        secretsWebhook.log.level in flag --secretsWebhook.log.level: found "warning", expected a level (off, error, warn, info, debug, trace), and target=level for parts, comma-separated, for example level: info,fsw=debug
        secretsWebhook.log.format in flag --secretsWebhook.log.format: found "xml", expected json or text, for example format: json
        secretsWebhook.aws.endpointUrl in flag --secretsWebhook.aws.endpointUrl: found "localhost:4566", expected a URL that begins with http:// or https://, for example endpointUrl: https://vpce-1234.secretsmanager.us-east-1.vpce.amazonaws.com
        secretsWebhook.aws.maxConcurrency in flag --secretsWebhook.aws.maxConcurrency: found "0", expected a whole number, at least 1, for example maxConcurrency: 64
        secretsWebhook.lookup in flag --secretsWebhook.lookup: found "parallel", expected sequential or eager, for example lookup: eager
        secretsWebhook.cache.maxSize in flag --secretsWebhook.cache.maxSize: found "32MB", expected a whole number of bytes, for example maxSize: 32Mi
        secretsWebhook.cache.ttl in flag --secretsWebhook.cache.ttl: found "5", expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example ttl: 5m
        secretsWebhook.cache.negativeTtl in flag --secretsWebhook.cache.negativeTtl: found "-1s", expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example negativeTtl: 30s
        secretsWebhook.cache.refreshPercent in flag --secretsWebhook.cache.refreshPercent: found "101", expected a whole number of percent, 0 to 100, for example refreshPercent: 10
        secretsWebhook.cache.maxStale in flag --secretsWebhook.cache.maxStale: found "1d", expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example maxStale: 1h
    "#]].assert_eq(&all);
}

#[test]
fn an_error_says_where_the_value_came_from() {
    let file = [("config.yaml", "webhook: {listenPort: [1], servicePort: 70000}")];
    check_layers(
        &file,
        &[],
        &["webhook.servicePort=443"],
        expect![[r#"
            webhook.listenPort in file /etc/flyte/config.yaml: found a list, expected a port from 1 to 65535, for example listenPort: 9443
        "#]],
    );
    check_layers(
        &file,
        &[("FSW_WEBHOOK__LISTENPORT", "http")],
        &["webhook.servicePort=443"],
        expect![[r#"
        webhook.listenPort in environment variable FSW_WEBHOOK__LISTENPORT: found "http", expected a port from 1 to 65535, for example listenPort: 9443
    "#]],
    );
    check_layers(
        &[],
        &[("FSW_SECRETSWEBHOOK__DRAIN__DELAY__SECONDS", "1")],
        &[],
        expect![[r#"
        secretsWebhook.drain.delay in environment variable FSW_SECRETSWEBHOOK__DRAIN__DELAY__SECONDS: found a map, expected a duration with a unit (ms, s, m, h), 0 or at least 1ms, for example delay: 5s
    "#]],
    );
    check_layers(
        &[],
        &[("FSW_SECRETSWEBHOOK__SECURITY_CONTEXT__SECCOMP_PROFILE__LOCALHOST_PROFILE", "x")],
        &[],
        expect![[r#"
            secretsWebhook.securityContext.seccompProfile in environment variable FSW_SECRETSWEBHOOK__SECURITY_CONTEXT__SECCOMP_PROFILE__LOCALHOST_PROFILE: upper and lower case count below this setting; give all of it as YAML in one variable or in a file
        "#]],
    );
    check(
        "webhook: {listenPort: {http: 1}}",
        expect![[r#"
            webhook.listenPort in file /etc/flyte/config.yaml: found a map, expected a port from 1 to 65535, for example listenPort: 9443
        "#]],
    );
    check(
        "webhook: {awsSecretManager: {resources: {requests: {memory: 5 Gi}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.requests.memory in file /etc/flyte/config.yaml: found "5 Gi", expected a Kubernetes quantity, for example requests: {cpu: 100m, memory: 100Mi}
    "#]],
    );
}

#[test]
fn ports_may_not_meet() {
    check(
        "webhook: {listenPort: 10254}",
        expect![[r#"
        webhook.listenPort in file /etc/flyte/config.yaml and secretsWebhook.adminPort in the defaults are both port 10254; give one of them another port
    "#]],
    );
    check(
        "webhook: {cacheInvalidationPort: 9443}",
        expect![[r#"
        webhook.listenPort in the defaults and webhook.cacheInvalidationPort in file /etc/flyte/config.yaml are both port 9443; give one of them another port
    "#]],
    );
    check(
        "webhook: {cacheInvalidationPort: 0}",
        expect![[r#"
        webhook.cacheInvalidationPort = 0
    "#]],
    );
}

#[test]
fn one_setting_in_two_spellings() {
    check(
        "webhook: {listenPort: 1, listenport: 2}",
        expect![[r#"
        webhook.listenPort is given twice, as listenPort and as listenport in file /etc/flyte/config.yaml; keep one
    "#]],
    );
    check(
        "webhook: {awsSecretManager: {resources: {limits: {cpu: 1, CPU: 2}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.limits.cpu is given twice, as CPU and as cpu in file /etc/flyte/config.yaml; keep one
    "#]],
    );
    check_layers(
        &[],
        &[("FSW_WEBHOOK__LISTEN_PORT", "1"), ("FSW_WEBHOOK__LISTENPORT", "2")],
        &[],
        expect![[r#"
        webhook.listenPort is given twice, as FSW_WEBHOOK__LISTENPORT and as FSW_WEBHOOK__LISTEN_PORT in the environment; keep one
    "#]],
    );
}

#[test]
fn what_is_not_settings() {
    check(
        "webhook: [unclosed",
        expect![[r#"
        file /etc/flyte/config.yaml is not valid YAML: unclosed bracket '[' at line 1, column 10
    "#]],
    );
    check(
        "webhook: {listenPort: 1}\nwebhook: {servicePort: 1}\n",
        expect![[r#"
            file /etc/flyte/config.yaml is not valid YAML: duplicate mapping key `webhook` is not allowed here at line 2, column 1
        "#]],
    );
    check(
        "- webhook",
        expect![[r#"
        file /etc/flyte/config.yaml holds a list where settings are expected, for example webhook: {listenPort: 9443}
    "#]],
    );
    check(
        "webhook: 5",
        expect![[r#"
            webhook in file /etc/flyte/config.yaml: found 5, expected a map with any of secretManagerTypes, secretManagerType, secretEnvVarPrefix, awsSecretManager, embeddedSecretManagerConfig, listenPort, servicePort, serviceName, secretName, certDir, localCert, cacheInvalidationPort, webhookTimeout, namespaceSelector, disableCreateMutatingWebhookConfig
        "#]],
    );
    check(
        "secretsWebhook: {drain: 5s}",
        expect![[r#"
        secretsWebhook.drain in file /etc/flyte/config.yaml: found "5s", expected a map with any of delay, timeout
    "#]],
    );
    check_layers(
        &[],
        &[("FSW_WEBHOOK__NAMESPACE_SELECTOR", "{a")],
        &[],
        expect![[r#"
        environment variable FSW_WEBHOOK__NAMESPACE_SELECTOR is not valid YAML: unclosed bracket '{' at line 1, column 1
    "#]],
    );
    check_layers(
        &[],
        &[],
        &["webhook.listenPort"],
        expect![[r#"
        the setting "webhook.listenPort" has no value; write it as KEY=VALUE, for example webhook.listenPort=9443
    "#]],
    );
    check_layers(
        &[],
        &[],
        &["webhok.listenPort=1"],
        expect![[r#"
            webhok.listenPort in flag --webhok.listenPort: nobody knows this section, expected webhook, secretsWebhook or cache, for example webhook.listenPort=9443
        "#]],
    );
}
