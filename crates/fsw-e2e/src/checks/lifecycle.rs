//! Installing, upgrading, going back, and leaving.

use anyhow::ensure;
use serde_json::{Value, json};

use crate::task::{NAMESPACE, pod, variable};
use crate::webhook::{self, RELEASE};
use crate::world::World;

/// Everything that the chart can render is put to the API server, which checks it and keeps nothing.
pub(super) async fn dry_run(world: &World) -> anyhow::Result<String> {
    let chart = world.args.chart.display().to_string();
    let mut values = webhook::values(&world.images);
    values["networkPolicy"] = json!({ "enabled": true });
    let template =
        ["template", RELEASE, &chart, "--namespace", webhook::NAMESPACE, "--kube-version=1.33.0", "--values", "-"];
    let rendered = world.helm(&template, &values).await?.good()?;
    let apply = ["apply", "--dry-run=server", "--namespace", webhook::NAMESPACE, "-f", "-"];
    let taken = world.kubectl_with(&apply, &rendered).await?.good()?;
    Ok(format!("{} objects", taken.lines().count()))
}

pub(super) async fn upgrade(world: &World) -> anyhow::Result<()> {
    webhook::install(world, &webhook::values_with_our_init_containers(&world.images)).await
}

pub(super) async fn rollback(world: &World) -> anyhow::Result<()> {
    let options = ["--namespace", webhook::NAMESPACE, "--wait", "--timeout", "120s"];
    let rollback = [&["rollback", RELEASE, "1"][..], &options].concat();
    world.helm(&rollback, &Value::Null).await?.good()?;
    world.settle_services().await?;
    let seen = world.run_one(NAMESPACE, &pod("rolled-back", &[variable("my-api-key")], &world.images)).await?;
    seen.expect_variable("_UNION_MY-API-KEY", "value of my-api-key")
}

pub(super) async fn uninstall(world: &World) -> anyhow::Result<()> {
    let uninstall = ["uninstall", RELEASE, "--namespace", webhook::NAMESPACE, "--wait", "--timeout", "120s"];
    world.helm(&uninstall, &Value::Null).await?.good()?;
    let everything =
        "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,leases";
    world
        .until("an empty namespace, and no trace in the cluster", 60, async || {
            let left = world.kubectl(&["-n", webhook::NAMESPACE, "get", everything, "-o", "name"]).await?.good()?;
            let kept = ["configmap/kube-root-ca.crt", "serviceaccount/default"];
            let left: Vec<_> = left.lines().filter(|name| !kept.contains(name)).collect();
            ensure!(left.is_empty(), "left behind: {}", left.join(" "));
            let kinds = "mutatingwebhookconfigurations,clusterroles,clusterrolebindings,priorityclasses";
            let left = world.kubectl(&["get", kinds, "-o", "name"]).await?.good()?;
            let left: Vec<_> = left.lines().filter(|name| name.contains("secrets") || name.contains("flyte")).collect();
            ensure!(left.is_empty(), "left behind: {}", left.join(" "));
            Ok(Some(()))
        })
        .await?;
    // Nothing stands in the way of pods any more.
    let name = "without";
    world.create(NAMESPACE, &pod(name, &[variable("my-api-key")], &world.images)).await?;
    world.remove(NAMESPACE, name).await
}
