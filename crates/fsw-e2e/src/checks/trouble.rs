//! Others in the same cluster.

use anyhow::{Context as _, ensure};
use data_encoding::BASE64;
use serde_json::json;

use crate::aws::BINARY;
use crate::task::{NAMESPACE, file, pod, variable};
use crate::world::World;
use crate::{aws, hook, webhook};

/// After ours by its name, so that ours is asked again.
const OTHER: &str = "zz-writes-pods-anew";

pub(super) async fn reserialised(world: &World) -> anyhow::Result<()> {
    start_other(world).await?;
    let result = meet_other(world).await;
    world.kubectl(&["delete", "mutatingwebhookconfiguration", OTHER]).await?.good()?;
    world
        .kubectl(&["-n", aws::NAMESPACE, "delete", "deployment,service,secret", "other", "--wait=false"])
        .await?
        .good()?;
    result
}

async fn meet_other(world: &World) -> anyhow::Result<()> {
    let pod = pod("anew", &[variable("my-api-key"), file("bytes")], &world.images);
    // The other's configuration reaches the API server a moment after it was created.
    let create = ["-n", NAMESPACE, "create", "--dry-run=server", "-o", "json", "-f", "-"];
    world
        .until("the other webhook", 30, async || {
            let answer = world.kubectl_with(&create, &pod.to_string()).await?.good()?;
            Ok(answer.contains(hook::CONTAINER).then_some(()))
        })
        .await?;
    let seen = world.run(NAMESPACE, &pod).await?;
    for container in ["task", hook::CONTAINER] {
        let seen = seen.get(container).with_context(|| format!("no container {container}"))?;
        seen.expect_variable("_UNION_MY-API-KEY", "value of my-api-key").context(container)?;
        seen.expect_file("bytes", &BINARY).context(container)?;
    }
    Ok(())
}

async fn start_other(world: &World) -> anyhow::Result<()> {
    let identity = hook::identity("other.aws.svc")?;
    let base64 = |text: &str| BASE64.encode(text.as_bytes());
    let labels = json!({ "app": "other" });
    world
        .apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "other", "namespace": aws::NAMESPACE },
              "data": { "tls.crt": base64(&identity.certificate), "tls.key": base64(&identity.key) } },
            { "apiVersion": "v1", "kind": "Service", "metadata": { "name": "other", "namespace": aws::NAMESPACE },
              "spec": { "selector": labels, "ports": [{ "port": 443, "targetPort": 8443 }] } },
            { "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "other", "namespace": aws::NAMESPACE },
              "spec": { "selector": { "matchLabels": labels }, "template": {
                "metadata": { "labels": labels },
                "spec": {
                  "terminationGracePeriodSeconds": 1,
                  "volumes": [{ "name": "tls", "secret": { "secretName": "other" } }],
                  "containers": [{
                    "name": "other", "image": world.images.tools, "imagePullPolicy": "Never",
                    "command": ["/fsw-e2e", "hook", "--listen=0.0.0.0:8443", "--certificate=/tls/tls.crt",
                                "--key=/tls/tls.key", format!("--image={}", world.images.tools)],
                    "volumeMounts": [{ "name": "tls", "mountPath": "/tls" }],
                    "readinessProbe": { "tcpSocket": { "port": 8443 }, "periodSeconds": 1 },
                  }],
                } } } },
        ]}))
        .await?;
    world.kubectl(&["-n", aws::NAMESPACE, "rollout", "status", "deployment/other", "--timeout=60s"]).await?.good()?;
    world
        .apply(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": { "name": OTHER },
            "webhooks": [{
                "name": "anew.example.org", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                "clientConfig": { "caBundle": base64(&identity.authority),
                                  "service": { "namespace": aws::NAMESPACE, "name": "other" } },
                "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"] }],
                "objectSelector": { "matchLabels": { "inject-flyte-secrets": "true" } },
            }],
        }))
        .await?;
    Ok(())
}

/// A second installation finds the name taken: it says so, is not ready, and changes nothing.
pub(super) async fn foreign(world: &World) -> anyhow::Result<()> {
    let namespace = "second";
    let before = configuration(world).await?;
    let mut values = webhook::values(&world.images);
    values["replicas"] = 1.into();
    let chart = world.args.chart.display().to_string();
    let install = ["install", "second", &chart, "--namespace", namespace, "--create-namespace", "--values", "-"];
    world.helm(&install, &values).await?.good()?;
    let logs = ["-n", namespace, "logs", "-l", "app.kubernetes.io/instance=second", "--tail=-1", "--all-containers"];
    let said = world
        .until("a word about the configuration that is not its own", 60, async || {
            let log = world.kubectl(&logs).await?.good()?;
            Ok(log.contains("belongs to").then_some(log))
        })
        .await;
    let ready = world.get(&["-n", namespace, "deployments"]).await?;
    world.helm(&["uninstall", "second", "--namespace", namespace, "--wait"], &json!({})).await?.good()?;
    world.kubectl(&["delete", "namespace", namespace, "--wait=false"]).await?.good()?;
    let said = said?;
    ensure!(said.contains("flyte/flyte-pod-webhook"), "it does not say whose it is: {said}");
    ensure!(ready["items"][0]["status"]["readyReplicas"].is_null(), "it is ready all the same");
    ensure!(configuration(world).await? == before, "it changed the configuration");
    Ok(())
}

async fn configuration(world: &World) -> anyhow::Result<serde_json::Value> {
    Ok(world.get(&["mutatingwebhookconfiguration", webhook::NAME]).await?["webhooks"].take())
}
