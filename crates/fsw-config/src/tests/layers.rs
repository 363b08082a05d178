//! Files, environment and flags.

use std::ffi::OsString;
use std::fs;

use expect_test::{Expect, expect};

use super::*;
use crate::setting_flags;

#[test]
fn flags_win_over_environment_over_files_over_defaults() {
    let files = [
        ("1.yaml", "webhook: {listenPort: 1001, servicePort: 1001, serviceName: one, secretName: one}"),
        ("2.yaml", "webhook: {listenPort: 1002, servicePort: 1002, serviceName: two}"),
    ];
    let environment = [("FSW_WEBHOOK__LISTEN_PORT", "1003"), ("FSW_WEBHOOK__SERVICEPORT", "1003")];
    check_layers(
        &files,
        &environment,
        &["webhook.listenPort=1004"],
        expect![[r#"
            webhook.listenPort = 1004
            webhook.servicePort = 1003
            webhook.serviceName = "two"
            webhook.secretName = "one"
        "#]],
    );
    check_layers(
        &[],
        &[],
        &["webhook.listenPort=1", "Webhook.listenport=2"],
        expect![[r#"
        webhook.listenPort = 2
    "#]],
    );
}

#[test]
fn maps_of_several_files_are_merged() {
    check_layers(
        &[
            ("1.yaml", "webhook: {awsSecretManager: {resources: {limits: {cpu: 1}}}}"),
            ("2.yaml", "webhook: {awsSecretManager: {resources: {limits: {memory: 1Gi}}}}"),
        ],
        &[],
        &[],
        expect![[r#"
            webhook.awsSecretManager.resources.limits.cpu = "1"
            webhook.awsSecretManager.resources.limits.memory = "1Gi"
        "#]],
    );
}

#[test]
fn single_values_of_variables_and_flags_stay_as_written() {
    for value in ["123", "yes", "0123", "1.10", "null", "[a]", "\"a\"", "a=b"] {
        let environment = [("FSW_SECRETSWEBHOOK__DEFAULT_ORGANIZATION".to_owned(), value.to_owned())];
        let by_variable = load(&Layers { environment: environment.into(), ..Layers::default() }).unwrap();
        assert_eq!(by_variable.config.secrets_webhook.default_organization.as_deref(), Some(value));
        let settings = vec![format!("secretsWebhook.defaultOrganization={value}")];
        let by_flag = load(&Layers { settings, ..Layers::default() }).unwrap();
        assert_eq!(by_flag.config, by_variable.config);
    }
}

#[test]
fn variables_spell_lists_maps_and_sections_as_yaml() {
    check_layers(
        &[],
        &[
            ("FSW_WEBHOOK__SECRET_MANAGER_TYPES", "[AWS, Embedded]"),
            ("fsw_secretswebhook__exclude_containers", "istio-proxy, linkerd-proxy"),
            ("FSW_WEBHOOK__LOCAL_CERT", "true"),
            ("FSW_WEBHOOK__AWS_SECRET_MANAGER__RESOURCES__REQUESTS", "{cpu: 1}"),
            ("FSW_WEBHOOK__AWS_SECRET_MANAGER__RESOURCES__LIMITS__EPHEMERAL_STORAGE", "1Gi"),
            ("FSW_WEBHOOK__NAMESPACE_SELECTOR", "{matchLabels: {team: ml}}"),
            ("FSW_SECRETS_WEBHOOK__SECURITY_CONTEXT__RUN_AS_USER", "1000"),
            ("FSW_WEBHOOK__METRICS_PREFIX", "flyte:"),
            ("FSW_WEBHOOK__SECRET_ENV_VAR_PREFIX", ""),
        ],
        &[
            "secretsWebhook.securityContext.capabilities.drop=[ALL]",
            "secretsWebhook.securityContext.runAsGroup=null",
            "webhook.namespaceSelector.matchLabels.a.b/c=true",
        ],
        expect![[r#"
            webhook.secretManagerTypes = ["AWS","Embedded"]
            webhook.secretEnvVarPrefix = ""
            webhook.awsSecretManager.resources.requests.cpu = "1"
            webhook.awsSecretManager.resources.limits.ephemeral-storage = "1Gi"
            webhook.localCert = true
            webhook.namespaceSelector.matchLabels.a.b/c = "true"
            webhook.namespaceSelector.matchLabels.team = "ml"
            secretsWebhook.excludeContainers = ["istio-proxy","linkerd-proxy"]
            secretsWebhook.securityContext.capabilities.drop = ["ALL"]
            secretsWebhook.securityContext.runAsGroup = null
            secretsWebhook.securityContext.runAsUser = 1000
            webhook.awsSecretManager.resources.requests.memory removed
            webhook.awsSecretManager.resources.limits.cpu removed
            webhook.awsSecretManager.resources.limits.memory removed
            ignored: webhook.metrics-prefix in environment variable FSW_WEBHOOK__METRICS_PREFIX: Flyte's own webhook may use it, here it has no effect
            suspicious: webhook.secretEnvVarPrefix in environment variable FSW_WEBHOOK__SECRET_ENV_VAR_PREFIX: flytekit finds no secret variable without a prefix; the default is _UNION_
        "#]],
    );
}

#[test]
fn variables_of_others_are_left_alone() {
    check_layers(
        &[],
        &[
            ("FSW_TIMEOUT", "5"),
            ("FSW_CACHE", "/tmp"),
            ("FSW_WEBHOOK_PORT", "tcp://10.0.0.1:443"),
            ("FSW_", ""),
            ("AWS_REGION", "us-east-1"),
            ("ÄÖÜ", "x"),
        ],
        &[],
        expect![[""]],
    );
}

#[test]
fn a_pattern_stands_for_its_files_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("b.yaml", "webhook: {listenPort: 2}");
    write("a.yaml", "webhook: {listenPort: 1, servicePort: 1}");
    write("c.yml", "webhook: {listenPort: 3}");
    fs::create_dir(directory.path().join("d.yaml")).unwrap();
    let of = |pattern: &str, expected: Expect| {
        let files = vec![directory.path().join(pattern)];
        let outcome = render(load(&Layers { files, ..Layers::default() }));
        expected.assert_eq(&outcome.replace(&directory.path().display().to_string(), "/etc/flyte"));
    };
    of(
        "*.yaml",
        expect![[r#"
        webhook.listenPort = 2
        webhook.servicePort = 1
    "#]],
    );
    of(
        "*",
        expect![[r#"
        webhook.listenPort = 3
        webhook.servicePort = 1
    "#]],
    );
    of(
        "*.json",
        expect![[r#"
        no file matches /etc/flyte/*.json; '*' is expanded in the last part of the path only
    "#]],
    );
    of(
        "none/*.yaml",
        expect![[r#"
            cannot read /etc/flyte/none, given to --config
        "#]],
    );
    of(
        "none.yaml",
        expect![[r#"
            cannot read /etc/flyte/none.yaml, given to --config
        "#]],
    );
    of(
        ".",
        expect![[r#"
            /etc/flyte/. is a directory; give its files, for example --config '/etc/flyte/./*.yaml'
        "#]],
    );
}

#[test]
fn cert_dir_expands_variables() {
    let environment = [("BASE", "/srv")];
    check_layers(
        &[("c.yaml", "webhook: {certDir: '$BASE/certs'}")],
        &environment,
        &[],
        expect![[r#"
        webhook.certDir = "/srv/certs"
    "#]],
    );
    check_layers(
        &[],
        &environment,
        &["webhook.certDir=/a/${BASE}b/$"],
        expect![[r#"
        webhook.certDir = "/a//srvb/$"
    "#]],
    );
    check_layers(
        &[],
        &[],
        &["webhook.certDir=$BASE/certs"],
        expect![[r#"
            webhook.certDir in flag --webhook.certDir: "$BASE/certs" needs the environment variable BASE, which is not set; set it, or write the path out
        "#]],
    );
    check_layers(
        &[],
        &[],
        &["webhook.certDir=${BASE/certs"],
        expect![[r#"
            webhook.certDir in flag --webhook.certDir: "${BASE/certs" has a ${ without its }; expected for example ${HOME}/certs
        "#]],
    );
}

#[test]
fn flags_of_flyte_become_settings() {
    #[track_caller]
    fn check(args: &[&str], expected: Expect) {
        let (rest, settings) = setting_flags(args.iter().map(OsString::from));
        expected.assert_eq(&format!("{rest:?} {settings:?}"));
    }
    check(
        &["run", "--webhook.listenPort", "9443", "--config", "a.yaml"],
        expect![[r#"["run", "--config", "a.yaml"] ["webhook.listenPort=9443"]"#]],
    );
    check(
        &["--webhook.listenPort=9443", "--secretswebhook.log.level=a=b", "--cache.type", "x"],
        expect![[r#"[] ["webhook.listenPort=9443", "secretswebhook.log.level=a=b", "cache.type=x"]"#]],
    );
    check(
        &["--webhook.imageBuilderConfig.enabled", "run"],
        expect![[r#"["run"] ["webhook.imageBuilderConfig.enabled=true"]"#]],
    );
    check(&["--webhook.localCert", "run"], expect![[r#"["run"] ["webhook.localCert=true"]"#]]);
    check(
        &["--webhook.localCert", "false", "--webhook.LocalCert=false"],
        expect![[r#"[] ["webhook.localCert=false", "webhook.LocalCert=false"]"#]],
    );
    check(
        &["--webhook.listenPort", "--webhook.servicePort"],
        expect![[r#"[] ["webhook.listenPort", "webhook.servicePort"]"#]],
    );
    check(
        &["--logger.level", "5", "--webhook", "x", "--", "--webhook.listenPort=1"],
        expect![[r#"["--logger.level", "5", "--webhook", "x", "--", "--webhook.listenPort=1"] []"#]],
    );
}
