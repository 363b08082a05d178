//! Every pod that real Flyte caused, created for real.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use crate::aws;
use crate::task::{project_secrets, recorded};
use crate::world::World;

/// So many pods at a time.
const AT_A_TIME: usize = 12;

pub(super) async fn all(world: &World) -> anyhow::Result<String> {
    let (recordings, secrets) = (fsw_testkit::recordings(), &aws::secrets());
    let results: Vec<_> = stream::iter(&recordings)
        .map(|recording| async move { one(world, recording, secrets).await.with_context(|| recording.name.clone()) })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let failures: Vec<_> =
        results.iter().filter_map(|result| result.as_ref().err()).map(|error| format!("{error:#}")).collect();
    ensure!(failures.is_empty(), "{} of {} fail: {}", failures.len(), recordings.len(), failures.join("\n"));
    Ok(format!("{} pods", recordings.len()))
}

async fn one(
    world: &World,
    recording: &fsw_testkit::Recording,
    secrets: &BTreeMap<String, Value>,
) -> anyhow::Result<()> {
    let review = recording.json();
    let namespace = review["request"]["namespace"].as_str().context("a review has a namespace")?.to_owned();
    let original = recording.pod();
    let name = format!("recorded-{}", recording.name);
    let pod = recorded(original.clone(), &name, &world.images);
    if recording.name == "k8s-bad-annotation" {
        let refusal = world.refused(&namespace, &pod).await?;
        ensure!(refusal.contains("flyte.secrets/s0"), "{refusal}");
        return Ok(());
    }
    let seen = world.run(&namespace, &pod).await?;
    for (container, seen) in &seen {
        for (id, _) in project_secrets(&original) {
            let value = secrets[&id].as_str().context("a recorded pod asks for a text")?;
            ensure!(seen.has(value), "container {container} does not see {id}");
        }
    }
    Ok(())
}
