//! The AWS account: an emulator as a pod, whose IAM decides, with the secrets of the checks.

use std::collections::BTreeMap;

use anyhow::ensure;
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::world::{Images, World};

pub(crate) const NAMESPACE: &str = "aws";
/// How it is reached from every namespace, and without a search list.
pub(crate) const ENDPOINT: &str = "http://aws.aws.svc.cluster.local:5056";
pub(crate) const REGION: &str = "us-west-2";
pub(crate) const ACCOUNT: &str = "123456789012";
/// Of the sidecar checks: who may read which secrets.
pub(crate) const TASK_ROLE: &str = "arn:aws:iam::123456789012:role/task";
pub(crate) const OTHER_ROLE: &str = "arn:aws:iam::123456789012:role/other";
pub(crate) const WEBHOOK_ROLE: &str = "arn:aws:iam::123456789012:role/webhook";

/// Bytes that are no text.
pub(crate) const BINARY: [u8; 9] = [0, 255, 10, 13, b'\'', b'$', 0x80, b'`', 0];

/// As much as AWS lets one secret hold.
pub(crate) fn large(letter: char) -> String {
    format!("{letter}$(HOME)\n").repeat(65536 / 9)
}

/// The secrets that are there from the start: id to an entry of the emulator's file.
pub(crate) fn secrets() -> BTreeMap<String, Value> {
    let project = "u__org__flyte__domain__development__project__flytesnacks__key__";
    let mut secrets: BTreeMap<String, Value> = [
        (format!("{project}my-api-key"), json!("value of my-api-key")),
        (format!("{project}dollars"), json!("$(HOME) $$ ${HOME} $HOME \"quoted\" 'single' \\n\nsecond line")),
        (format!("{project}bytes"), json!({ "binary": BASE64.encode(&BINARY) })),
        (format!("{project}large-a"), json!(large('a'))),
        (format!("{project}large-b"), json!(large('b'))),
        (format!("{project}Db_Password"), json!("value of Db_Password")),
        (format!("{project}both"), json!("of the project")),
        ("u__org__flyte__domain__development__key__both".to_owned(), json!("of the domain")),
        ("u__org__flyte__domain__development__key__of-domain".to_owned(), json!("of the domain")),
        ("u__org__flyte__domain__development__project____key__padded-domain".to_owned(), json!("padded domain")),
        ("u__org__flyte__key__of-organization".to_owned(), json!("of the organization")),
        ("u__org__flyte__domain____project____key__padded-organization".to_owned(), json!("padded organization")),
        ("u__org__locked__domain__development__project__flytesnacks__key__my-api-key".to_owned(), json!("locked")),
    ]
    .into();
    for n in 0..20 {
        secrets.insert(format!("task-{n}"), json!(format!("value of task-{n}")));
    }
    secrets.insert("other-0".to_owned(), json!("value of other-0"));
    // What the recorded pods ask for.
    for recording in fsw_testkit::recordings() {
        for (id, value) in crate::task::project_secrets(&recording.pod()) {
            secrets.entry(id).or_insert_with(|| json!(value));
        }
    }
    secrets
}

/// What is applied to have it.
pub(crate) fn manifests(images: &Images) -> Value {
    let secret = |pattern: &str| format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{pattern}");
    let arguments = json!([
        "/aws-emulator",
        "--listen=0.0.0.0:5056",
        "--control=0.0.0.0:5057",
        format!("--region={REGION}"),
        format!("--account={ACCOUNT}"),
        "--secrets=/secrets/secrets.yaml",
        "--enforce",
        format!("--role=webhook={}", secret("u__org__flyte*")),
        format!("--role=task={}", secret("task-*")),
        format!("--role=other={}", secret("other-*")),
    ]);
    let labels = json!({ "app": "aws" });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "secrets", "namespace": NAMESPACE },
          "data": { "secrets.yaml": json!(secrets()).to_string() } },
        { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "aws", "namespace": NAMESPACE },
          "spec": { "selector": labels, "ports": [
            { "name": "aws", "port": 5056 }, { "name": "control", "port": 5057 } ] } },
        { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "aws", "namespace": NAMESPACE },
          "spec": {
            "replicas": 1, "strategy": { "type": "Recreate" }, "selector": { "matchLabels": labels },
            "template": { "metadata": { "labels": labels }, "spec": {
              "terminationGracePeriodSeconds": 1,
              "volumes": [{ "name": "secrets", "configMap": { "name": "secrets" } }],
              "containers": [{
                "name": "aws", "image": images.tools, "imagePullPolicy": "Never", "command": arguments,
                "volumeMounts": [{ "name": "secrets", "mountPath": "/secrets" }],
                "readinessProbe": { "tcpSocket": { "port": 5057 }, "periodSeconds": 1 },
              }],
            } },
          } },
    ]})
}

/// Starts or ends it.
pub(crate) async fn set_running(world: &World, is_running: bool) -> anyhow::Result<()> {
    let replicas = format!("--replicas={}", u8::from(is_running));
    world.kubectl(&["-n", NAMESPACE, "scale", "deployment/aws", &replicas]).await?.good()?;
    if is_running {
        world.kubectl(&["-n", NAMESPACE, "rollout", "status", "deployment/aws", "--timeout=60s"]).await?.good()?;
        return world.settle_services().await;
    }
    let selector = ["-n", NAMESPACE, "wait", "--for=delete", "pod", "-l", "app=aws", "--timeout=60s"];
    world.kubectl(&selector).await?.good()?;
    Ok(())
}

/// Every call meets this fault, until [`clear`].
pub(crate) async fn fault(world: &World, fault: &Value) -> anyhow::Result<()> {
    control(world, "faults", &fault.to_string()).await
}

pub(crate) async fn clear(world: &World) -> anyhow::Result<()> {
    // A check that leaves a fault behind would spoil those after it.
    world.until("the end of faults", 20, async || control(world, "clear", "{}").await.map(Some)).await
}

/// The whole ARN of a secret.
pub(crate) async fn arn(world: &World, id: &str) -> anyhow::Result<String> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/services/aws:control/proxy/arn/{id}");
    let arn = world.kubectl(&["get", "--raw", &path]).await?.good()?;
    ensure!(arn.starts_with("arn:aws:"), "the emulator knows no secret {id}: {arn}");
    Ok(arn)
}

async fn control(world: &World, what: &str, body: &str) -> anyhow::Result<()> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/services/aws:control/proxy/{what}");
    world.kubectl_with(&["create", "--raw", &path, "-f", "-"], body).await?.good()?;
    Ok(())
}
