//! Certificates and registration over time.

use anyhow::{Context as _, ensure};
use data_encoding::BASE64;
use serde_json::Value;

use crate::webhook::{NAME, NAMESPACE};
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
    let wrong = r#"[{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]"#;
    let patch = ["patch", "mutatingwebhookconfiguration", NAME, "--type=json", "--patch", wrong];
    world.kubectl(&patch).await?.good()?;
    world
        .until("failurePolicy Fail", 30, async || {
            let configuration = world.get(&["mutatingwebhookconfiguration", NAME]).await?;
            Ok((configuration["webhooks"][0]["failurePolicy"] == "Fail").then_some(()))
        })
        .await?;
    world.kubectl(&["-n", NAMESPACE, "delete", "secret", NAME]).await?.good()?;
    world
        .until("the Secret, and its authority with the API server", 60, async || {
            let authorities = stored(world, "ca.crt").await?;
            Ok((registered(world).await? == authorities).then_some(Value::Null))
        })
        .await?;
    world.settle_services().await
}
