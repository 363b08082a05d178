//! Certificates and registration over time.

use anyhow::{Context as _, ensure};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::hook;
use crate::task::{pod, variable};
use crate::webhook::{self, NAME, NAMESPACE};
use crate::world::World;

/// What the shared Secret holds under a name.
pub(super) async fn stored(world: &World, name: &str) -> anyhow::Result<String> {
    let secret = world.get(&["-n", NAMESPACE, "secret", NAME]).await?;
    let base64 = secret["data"][name].as_str().with_context(|| format!("the Secret has no {name}"))?;
    Ok(String::from_utf8(BASE64.decode(base64.as_bytes())?)?)
}

/// What the API server trusts.
async fn registered(world: &World) -> anyhow::Result<String> {
    let configuration = world.get(&["mutatingwebhookconfiguration", NAME]).await?;
    let base64 = configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str().context("no caBundle")?;
    Ok(String::from_utf8(BASE64.decode(base64.as_bytes())?)?)
}

/// Asks for a renewal and waits until it has gone through all its steps. Returns how many authorities were seen at once.
pub(super) async fn renew(world: &World) -> anyhow::Result<usize> {
    let before = stored(world, "tls.crt").await?;
    let annotate = ["-n", NAMESPACE, "annotate", "secret", NAME, "secrets-webhook.flyte.org/renew=now"];
    world.kubectl(&annotate).await?.good()?;
    let mut most = 0;
    world
        .until("a renewal", 90, async || {
            let authorities = stored(world, "ca.crt").await?;
            let count = authorities.matches("BEGIN CERTIFICATE").count();
            most = most.max(count);
            let is_done = stored(world, "tls.crt").await? != before && count == 1;
            Ok((is_done && registered(world).await? == authorities).then_some(()))
        })
        .await?;
    Ok(most)
}

pub(super) async fn renewal(world: &World) -> anyhow::Result<()> {
    ensure!(registered(world).await? == stored(world, "ca.crt").await?, "caBundle is not what the Secret holds");
    let most = renew(world).await?;
    ensure!(most == 2, "at most {most} authorities were trusted at a time, not the old one beside the new one");
    world.settle_services().await
}

pub(super) async fn repair(world: &World) -> anyhow::Result<()> {
    world.kubectl(&["delete", "mutatingwebhookconfiguration", NAME]).await?.good()?;
    let is_back = async || Ok(registered(world).await.ok());
    world.until("the configuration", 30, is_back).await?;
    is_mended(world).await?;
    world.kubectl(&["-n", NAMESPACE, "delete", "secret", NAME]).await?.good()?;
    world
        .until("the Secret, and its authority with the API server", 60, async || {
            let authorities = stored(world, "ca.crt").await?;
            Ok((registered(world).await? == authorities).then_some(Value::Null))
        })
        .await?;
    world.settle_services().await
}

/// Whether a change of the configuration is undone.
pub(super) async fn is_mended(world: &World) -> anyhow::Result<()> {
    let wrong = r#"[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]"#;
    let patch = ["patch", "mutatingwebhookconfiguration", NAME, "--type=json", "--patch", wrong];
    world.kubectl(&patch).await?.good()?;
    world
        .until("failurePolicy Fail", 30, async || {
            let configuration = world.get(&["mutatingwebhookconfiguration", NAME]).await?;
            Ok((configuration["webhooks"][0]["failurePolicy"] == "Fail").then_some(()))
        })
        .await
}

/// A second installation with a certificate that someone else made, which registers its authority by itself.
pub(super) async fn given(world: &World) -> anyhow::Result<()> {
    let (namespace, served, service) = ("given", "served-by-given", "given-pod-webhook");
    let identity = hook::identity(&format!("{service}.{namespace}.svc"))?;
    let base64 = |text: &str| BASE64.encode(text.as_bytes());
    let made = |name: &str| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    world
        .apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [made(namespace), made(served), {
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": { "name": "own", "namespace": namespace },
            "data": { "tls.crt": base64(&identity.certificate), "tls.key": base64(&identity.key),
                      "ca.crt": base64(&identity.authority) },
        }]}))
        .await?;
    let mut values = webhook::values(&world.images);
    values["replicas"] = 1.into();
    values["certificates"] = json!({ "source": "files", "existingSecret": "own" });
    values["flyte"]["webhook"]["serviceName"] = service.into();
    values["flyte"]["webhook"]["namespaceSelector"] =
        json!({ "matchLabels": { "kubernetes.io/metadata.name": served } });
    let chart = world.args.chart.display().to_string();
    let install = ["install", "given", &chart, "--namespace", namespace, "--wait", "--timeout", "90s", "--values", "-"];
    let installed = world.helm(&install, &values).await?.good();
    let pod = pod("given", &[variable("my-api-key")], &world.images);
    let create = ["-n", served, "create", "--dry-run=server", "-o", "json", "-f", "-"];
    let serves = world
        .until("a registration", 30, async || {
            let answer = world.kubectl_with(&create, &pod.to_string()).await?.good()?;
            Ok(answer.contains("_UNION_MY-API-KEY").then_some(()))
        })
        .await;
    world.helm(&["uninstall", "given", "--namespace", namespace, "--wait"], &Value::Null).await?.good()?;
    world.kubectl(&["delete", "namespace", namespace, served, "--wait=false"]).await?.good()?;
    installed?;
    serves
}
