//! What is odd but not wrong.

use expect_test::expect;

use super::*;

#[test]
fn unknown_settings_get_the_nearest_known_key() {
    check(
        "webhook:
  listenPrt: 1
  region: us-east-1
  secretManagersTypes: [AWS]
  awsSecretManger: {sidecarImage: x}
  frobnicate: {a: b}
  awsSecretManager: {resources: {request: {}}, pullPolicy: Always}
secretsWebhook:
  maxBodyBytes: 1
  aws: {regon: us-east-1, endpointURL: 'http://localhost'}
  securityContext: {runAsUsr: 1}
secretWebhook: {}
webhooks: {}
",
        expect![[r#"
            secretsWebhook.aws.endpointUrl = "http://localhost"
            secretsWebhook.securityContext = {}
            unknown: secretWebhook in file /etc/flyte/config.yaml: nobody reads this section; did you mean secretsWebhook?
            unknown: secretsWebhook.aws.regon in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.embeddedSecretManagerConfig.awsConfig.region?
            unknown: secretsWebhook.maxBodyBytes in file /etc/flyte/config.yaml: nobody knows this setting; did you mean secretsWebhook.maxBody?
            unknown: secretsWebhook.securityContext.runAsUsr in file /etc/flyte/config.yaml: nobody knows this setting; did you mean secretsWebhook.securityContext.runAsUser?
            unknown: webhook.awsSecretManager.pullPolicy in file /etc/flyte/config.yaml: nobody knows this setting; valid here: sidecarImage, resources
            unknown: webhook.awsSecretManager.resources.request in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.awsSecretManager.resources.requests?
            unknown: webhook.awsSecretManger in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.awsSecretManager?
            unknown: webhook.frobnicate in file /etc/flyte/config.yaml: nobody knows this setting; valid here: secretManagerTypes, secretManagerType, secretEnvVarPrefix, awsSecretManager, embeddedSecretManagerConfig, listenPort, servicePort, serviceName, secretName, certDir, localCert, cacheInvalidationPort, webhookTimeout, namespaceSelector, disableCreateMutatingWebhookConfig
            unknown: webhook.listenPrt in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.listenPort?
            unknown: webhook.region in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.embeddedSecretManagerConfig.awsConfig.region?
            unknown: webhook.secretManagersTypes in file /etc/flyte/config.yaml: nobody knows this setting; did you mean webhook.secretManagerTypes?
            unknown: webhooks in file /etc/flyte/config.yaml: nobody reads this section; did you mean webhook?
        "#]],
    );
    check_layers(
        &[],
        &[("FSW_WEBHOOK__LISTEN_PRT", "1"), ("FSW_WEBHOOK__AWS_SECRET_MANAGER__PULL__POLICY", "1")],
        &["secretsWebhook.log.levels=debug"],
        expect![[r#"
            unknown: webhook.awsSecretManager.PULL in environment variable FSW_WEBHOOK__AWS_SECRET_MANAGER__PULL__POLICY: nobody knows this setting; valid here: sidecarImage, resources
            unknown: webhook.LISTEN_PRT in environment variable FSW_WEBHOOK__LISTEN_PRT: nobody knows this setting; did you mean webhook.listenPort?
            unknown: secretsWebhook.log.levels in flag --secretsWebhook.log.levels: nobody knows this setting; did you mean secretsWebhook.log.level?
        "#]],
    );
}

#[test]
fn strict_checking_refuses_unknown_settings_and_nothing_else() {
    let strict = |settings: &[&str]| {
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        render(load(&Layers { settings, ..Layers::default() }).and_then(Loaded::strict))
    };
    expect![[r#"
        unknown: webhook.listnPort in flag --webhook.listnPort: nobody knows this setting; did you mean webhook.listenPort?
        unknown: webhook.certdr in flag --webhook.certdr: nobody knows this setting; did you mean webhook.certDir?
    "#]].assert_eq(&strict(&["webhook.listnPort=1", "webhook.metrics-prefix=x", "webhook.certdr=x"]));
    expect![[r#"
        webhook.secretManagerTypes = ["AWS"]
        ignored: webhook.metrics-prefix in flag --webhook.metrics-prefix: Flyte's own webhook may use it, here it has no effect
        deprecated: webhook.secretManagerType in flag --webhook.secretManagerType: write secretManagerTypes: [AWS]
    "#]].assert_eq(&strict(&["webhook.secretManagerType=AWS", "webhook.metrics-prefix=x"]));
}

#[test]
fn settings_of_flyte_without_effect() {
    check(
        "webhook:
  gcpSecretManager: {sidecarImage: x}
  azureSecretManager: {sidecarImage: x}
  vaultSecretManager: {role: flyte}
  kubeClientConfig: {qps: 100, burst: 25, timeout: 30s}
  embeddedSecretManagerConfig: {enabled: true, k8sConfig: {namespace: x}, imagePullSecrets: {enabled: true}}
cache: {redis: {options: {}}}
",
        expect![[r#"
            ignored: cache.redis in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.azureSecretManager in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.embeddedSecretManagerConfig.enabled in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.embeddedSecretManagerConfig.imagePullSecrets in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.embeddedSecretManagerConfig.k8sConfig in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.gcpSecretManager in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.kubeClientConfig in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
            ignored: webhook.vaultSecretManager in file /etc/flyte/config.yaml: Flyte's own webhook may use it, here it has no effect
        "#]],
    );
}

#[test]
fn values_that_will_hardly_do() {
    check(
        "webhook: {secretEnvVarPrefix: '', webhookTimeout: 60, secretManagerTypes: [AWS, Embedded, aws]}\n\
         secretsWebhook: {secretNames: [padded, padded]}\n",
        expect![[r#"
            webhook.secretManagerTypes = ["AWS","Embedded"]
            webhook.secretEnvVarPrefix = ""
            secretsWebhook.secretNames = ["padded"]
            suspicious: webhook.secretManagerTypes in file /etc/flyte/config.yaml: AWS is listed more than once; the first counts
            suspicious: secretsWebhook.secretNames in file /etc/flyte/config.yaml: padded is listed more than once; the first counts
            suspicious: webhook.secretEnvVarPrefix in file /etc/flyte/config.yaml: flytekit finds no secret variable without a prefix; the default is _UNION_
            suspicious: webhook.webhookTimeout in file /etc/flyte/config.yaml: Kubernetes takes at most 30 seconds, not 60; 30 is used
        "#]],
    );
}
