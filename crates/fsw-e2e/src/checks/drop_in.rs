//! flyte-core's own Deployment of its webhook, with nothing changed but the image.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::task::{pod, variable};
use crate::world::World;
use crate::{aws, webhook};

const NAMESPACE: &str = "flyte-core";
/// Its pods are served by this one.
const SERVED: &str = "served-by-core";
const NAME: &str = "core-pod-webhook";

pub(super) async fn flyte_core(world: &World) -> anyhow::Result<()> {
    world.apply(&objects()).await?;
    let result = serves(world).await;
    let explained = match &result {
        Ok(()) => String::new(),
        Err(_) => world.kubectl(&["-n", NAMESPACE, "logs", "-l", "app=core", "--all-containers"]).await?.output,
    };
    world.kubectl(&["delete", "mutatingwebhookconfiguration", NAME, "--ignore-not-found"]).await?.good()?;
    for (kind, name) in [("namespace", NAMESPACE), ("namespace", SERVED)] {
        world.kubectl(&["delete", kind, name, "--wait=false"]).await?.good()?;
    }
    world.kubectl(&["delete", "clusterrole,clusterrolebinding", NAME]).await?.good()?;
    result.map_err(|error| error.context(explained))
}

async fn serves(world: &World) -> anyhow::Result<()> {
    let rollout = ["-n", NAMESPACE, "rollout", "status", "deployment/core", "--timeout=90s"];
    world.kubectl(&rollout).await?.good()?;
    let task = pod("dropped-in", &[variable("my-api-key")], &world.images);
    let create = ["-n", SERVED, "create", "--dry-run=server", "-o", "json", "-f", "-"];
    world
        .until("a registration", 60, async || {
            let answer = world.kubectl_with(&create, &task.to_string()).await?.good()?;
            Ok(answer.contains("_UNION_MY-API-KEY").then_some(()))
        })
        .await?;
    let seen = world.run_one(SERVED, &task).await?;
    seen.expect_variable("_UNION_MY-API-KEY", "value of my-api-key")?;
    let secret = world.get(&["-n", NAMESPACE, "secret", NAME]).await?;
    ensure!(secret["data"]["ca.crt"].is_string(), "init-certs left no ca.crt");
    Ok(())
}

fn objects() -> Value {
    let (mut environment, token, token_mount) = webhook::irsa(aws::WEBHOOK_ROLE);
    if let Some(list) = environment.as_array_mut() {
        list.push(json!({ "name": "AWS_ENDPOINT_URL", "value": aws::ENDPOINT }));
        for (name, field) in [("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace")] {
            list.push(json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": field } } }));
        }
    }
    let config = json!({
        "webhook": {
            "certDir": "/etc/webhook/certs", "serviceName": NAME, "secretName": NAME,
            "embeddedSecretManagerConfig": { "type": "AWS", "awsConfig": { "region": aws::REGION } },
            "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": SERVED } },
        },
        "logger": { "level": 4 },
    });
    let container = |name: &str, arguments: Value, mounts: Value| {
        json!({
            "name": name, "image": "localhost/flyte-secrets-webhook/webhook:e2e", "imagePullPolicy": "Never",
            "command": ["flytepropeller"], "args": arguments, "env": environment, "volumeMounts": mounts,
        })
    };
    let configured = json!({ "name": "config-volume", "mountPath": "/etc/flyte/config" });
    let certificates = json!({ "name": "webhook-certs", "mountPath": "/etc/webhook/certs", "readOnly": true });
    let labels = json!({ "app": "core" });
    let namespace = |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    json!({ "apiVersion": "v1", "kind": "List", "items": [
        namespace(NAMESPACE),
        namespace(SERVED),
        // Empty, as flyte-core's chart makes it.
        { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": NAME, "namespace": NAMESPACE } },
        { "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "core", "namespace": NAMESPACE } },
        { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": NAME },
          "rules": [{ "apiGroups": ["*"], "verbs": ["*"],
                      "resources": ["mutatingwebhookconfigurations", "secrets", "pods", "replicasets/finalizers"] }] },
        { "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": NAME },
          "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": NAME },
          "subjects": [{ "kind": "ServiceAccount", "name": "core", "namespace": NAMESPACE }] },
        { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "core", "namespace": NAMESPACE },
          "data": { "core.yaml": config.to_string(), "secrets.yaml":
                    json!({ "secretsWebhook": { "aws": { "endpointUrl": aws::ENDPOINT } } }).to_string() } },
        { "apiVersion": "v1", "kind": "Service", "metadata": { "name": NAME, "namespace": NAMESPACE },
          "spec": { "selector": labels, "ports": [{ "name": "https", "port": 443, "targetPort": 9443 }] } },
        { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "core", "namespace": NAMESPACE },
          "spec": { "selector": { "matchLabels": labels }, "template": { "metadata": { "labels": labels }, "spec": {
            "serviceAccountName": "core",
            "terminationGracePeriodSeconds": 1,
            "securityContext": { "fsGroup": 65534, "runAsUser": 1001 },
            "initContainers": [container(
              "generate-secrets", json!(["webhook", "init-certs", "--config", "/etc/flyte/config/*.yaml"]),
              json!([configured, token_mount]))],
            "containers": [container(
              "webhook", json!(["webhook", "--config", "/etc/flyte/config/*.yaml"]),
              json!([configured, certificates, token_mount]))],
            "volumes": [
              { "name": "config-volume", "configMap": { "name": "core" } },
              { "name": "webhook-certs", "secret": { "secretName": NAME } },
              token,
            ],
          } } } },
    ]})
}
