//! Values in all the ways that Flyte takes them.

use expect_test::expect;

use super::*;

#[test]
fn single_values_are_taken_from_any_type() {
    check(
        "webhook: {listenPort: '8443', localCert: 'on', serviceName: 5, webhookTimeout: 12s}\n\
         secretsWebhook: {defaultOrganization: 0123, envVarAliases: 0, groupVersionIsStage: T, maxBody: 1Ki}\n",
        expect![[r#"
            webhook.listenPort = 8443
            webhook.serviceName = "5"
            webhook.localCert = true
            webhook.webhookTimeout = 12
            secretsWebhook.defaultOrganization = "0123"
            secretsWebhook.groupVersionIsStage = true
            secretsWebhook.envVarAliases = false
            secretsWebhook.maxBody = 1024
        "#]],
    );
    check(
        "secretsWebhook: {defaultOrganization: yes, retryAfter: 5000000000}",
        expect![[r#"
        secretsWebhook.defaultOrganization = "yes"
        secretsWebhook.retryAfter = "5s"
    "#]],
    );
    check(
        "webhook: {awsSecretManager: {resources: {requests: {cpu: 0.5, memory: 1e9}}}}",
        expect![[r#"
        webhook.awsSecretManager.resources.requests.cpu = "0.5"
        webhook.awsSecretManager.resources.requests.memory = "1000000000"
    "#]],
    );
}

#[test]
fn lists_are_taken_with_commas_and_as_one_value() {
    check(
        "webhook: {secretManagerTypes: 'aws, EMBEDDED'}",
        expect![[r#"
        webhook.secretManagerTypes = ["AWS","Embedded"]
    "#]],
    );
    check(
        "webhook: {secretManagerTypes: AWS}",
        expect![[r#"
        webhook.secretManagerTypes = ["AWS"]
    "#]],
    );
}

#[test]
fn an_empty_text_unsets_what_is_optional() {
    check(
        "webhook: {embeddedSecretManagerConfig: {awsConfig: {region: ''}}}\n\
         secretsWebhook: {defaultOrganization: '', secretsFile: '', aws: {endpointUrl: ''}}\n\
         cache: {inMemoryFixedSize: {size: '', defaultExpiration: ''}}\n",
        expect![[""]],
    );
}

#[test]
fn label_selectors_keep_their_case() {
    check(
        "webhook: {NAMESPACESELECTOR: {MatchLabels: {Team: ML}, matchExpressions: [{key: a, operator: In, values: [b]}]}}",
        expect![[r#"
            webhook.namespaceSelector.matchExpressions = [{"key":"a","operator":"In","values":["b"]}]
            webhook.namespaceSelector.matchLabels.Team = "ML"
        "#]],
    );
}
