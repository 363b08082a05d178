//! The webhook, installed as users install it.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::aws;
use crate::world::{Images, World};

pub(crate) const NAMESPACE: &str = "flyte";
pub(crate) const RELEASE: &str = "secrets";
/// Of the Service and the MutatingWebhookConfiguration.
pub(crate) const NAME: &str = "flyte-pod-webhook";
/// The name of the release's objects in its namespace.
pub(crate) const DEPLOYMENT: &str = "secrets-flyte-secrets-webhook";
const TOKEN: &str = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

/// The variables and the volume that the EKS webhook would add for a service account with a role.
pub(crate) fn irsa(role: &str) -> (Value, Value, Value) {
    let environment = json!([
        { "name": "AWS_ROLE_ARN", "value": role },
        { "name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": format!("{TOKEN}/token") },
        { "name": "AWS_REGION", "value": aws::REGION },
        { "name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional" },
    ]);
    let volume = json!({ "name": "aws-iam-token", "projected": { "sources": [
        { "serviceAccountToken": { "audience": "sts.amazonaws.com", "expirationSeconds": 3600, "path": "token" } },
    ] } });
    (environment, volume, json!({ "name": "aws-iam-token", "mountPath": TOKEN, "readOnly": true }))
}

/// Values of the chart: both managers, the writer a busybox, pullers by the contract of AWS's image.
pub(crate) fn values(images: &Images) -> Value {
    let (mut environment, volume, mount) = irsa(aws::WEBHOOK_ROLE);
    if let Some(list) = environment.as_array_mut() {
        list.push(json!({ "name": "AWS_ENDPOINT_URL", "value": aws::ENDPOINT }));
    }
    json!({
        "image": {
            "registry": "localhost", "repository": "flyte-secrets-webhook/webhook", "tag": "e2e", "pullPolicy": "Never",
        },
        "flyte": { "webhook": {
            "secretManagerTypes": ["Embedded", "AWS"],
            "webhookTimeout": 10,
            "awsSecretManager": { "sidecarImage": images.fetch, "resources": small() },
            "embeddedSecretManagerConfig": {
                "awsConfig": { "region": aws::REGION },
                "fileMountInitContainer": { "image": images.tools, "resources": small() },
            },
        } },
        "secretsWebhook": {
            "defaultOrganization": "flyte",
            "aws": { "endpointUrl": aws::ENDPOINT },
            "log": { "level": "info,fsw=debug" },
            // Faults of AWS must be met.
            "cache": { "ttl": "0s", "negativeTtl": "0s" },
        },
        "certificates": { "overlap": "3s", "checkInterval": "2s" },
        "extraEnv": environment,
        "extraVolumes": [volume],
        "extraVolumeMounts": [mount],
    })
}

/// The same with the project's own image for both kinds of init containers.
pub(crate) fn values_with_our_init_containers(images: &Images) -> Value {
    let mut values = values(images);
    values["flyte"]["webhook"]["embeddedSecretManagerConfig"]["fileMountInitContainer"]["image"] =
        images.fetch.clone().into();
    // As it is without a word: a warm cache.
    values["secretsWebhook"].as_object_mut().map(|settings| settings.remove("cache"));
    values["secretsWebhook"]["sidecar"] = json!({ "contract": "fsw", "resources": small() });
    values
}

fn small() -> Value {
    json!({ "requests": { "cpu": "1m", "memory": "16Mi" }, "limits": { "cpu": "500m", "memory": "64Mi" } })
}

/// Installs the chart, or upgrades to these values, and waits until pods get their secrets.
pub(crate) async fn install(world: &World, values: &Value) -> anyhow::Result<()> {
    let chart = world.args.chart.display().to_string();
    let options = ["--namespace", NAMESPACE, "--wait", "--timeout", "120s", "--values", "-"];
    let upgrade = [&["upgrade", "--install", RELEASE, chart.as_str()][..], &options].concat();
    world.helm(&upgrade, values).await?.good().context("helm upgrade --install")?;
    world.settle_services().await
}
