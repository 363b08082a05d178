//! What the user reads from kubectl, for each class of refusal.

use anyhow::ensure;
use fsw_request::Mount;
use serde_json::json;

use crate::aws;
use crate::task::{NAMESPACE, ask, pod, variable};
use crate::world::World;

const PREFIX: &str =
    "admission webhook \"flyte-pod-webhook.flyte.org\" denied the request: none of the secret managers injected secret";

fn says(refusal: &str, words: &[&str]) -> anyhow::Result<()> {
    for word in words {
        ensure!(refusal.contains(word), "the refusal does not say {word:?}: {refusal}");
    }
    Ok(())
}

pub(super) async fn not_found(world: &World) -> anyhow::Result<()> {
    let refusal = world.refused(NAMESPACE, &pod("absent", &[variable("absent")], &world.images)).await?;
    says(
        &refusal,
        &[
            PREFIX,
            "BadRequest",
            "u__org__flyte__domain__development__project__flytesnacks__key__absent",
            "u__org__flyte__domain__development__key__absent",
            "u__org__flyte__key__absent",
            aws::REGION,
        ],
    )
}

pub(super) async fn invalid(world: &World) -> anyhow::Result<()> {
    let mut bad = pod("bad", &[], &world.images);
    bad["metadata"]["annotations"]["flyte.secrets/s0"] = "not base32!".into();
    says(&world.refused(NAMESPACE, &bad).await?, &["flyte.secrets/s0", "base32", "BadRequest"])?;

    let collision =
        [ask("", "my-api-key", Mount::EnvVar, Some("SAME")), ask("", "dollars", Mount::EnvVar, Some("SAME"))];
    says(&world.refused(NAMESPACE, &pod("same", &collision, &world.images)).await?, &["SAME", "BadRequest"])?;

    let binary = pod("binary", &[variable("bytes")], &world.images);
    says(&world.refused(NAMESPACE, &binary).await?, &[PREFIX, "FILE"])?;

    let mut unlabelled = pod("unlabelled", &[variable("my-api-key")], &world.images);
    unlabelled["metadata"]["labels"].as_object_mut().map(|labels| labels.remove("project"));
    says(&world.refused(NAMESPACE, &unlabelled).await?, &["project", "label"])
}

pub(super) async fn denied(world: &World) -> anyhow::Result<()> {
    let mut pod = pod("locked", &[variable("my-api-key")], &world.images);
    pod["metadata"]["labels"]["organization"] = "locked".into();
    let refusal = world.refused(NAMESPACE, &pod).await?;
    says(&refusal, &[PREFIX, "Forbidden", "u__org__locked__", "secretsmanager:GetSecretValue"])
}

pub(super) async fn unavailable(world: &World) -> anyhow::Result<()> {
    // Throttled now and then: waited out inside the call.
    aws::fault(world, &json!({ "status": 400, "code": "ThrottlingException", "probability": 0.5 })).await?;
    let served = world.run_one(NAMESPACE, &pod("patient", &[variable("my-api-key")], &world.images)).await;
    aws::clear(world).await?;
    served?.expect_variable("_UNION_MY-API-KEY", "value of my-api-key")?;

    // Throttled for good: 429, and kubectl itself asks again, so a dry run by hand shows the first answer.
    aws::fault(world, &json!({ "status": 400, "code": "ThrottlingException" })).await?;
    let throttled = world.create(NAMESPACE, &pod("throttled", &[variable("my-api-key")], &world.images)).await;
    aws::clear(world).await?;
    let Err(refusal) = throttled else { anyhow::bail!("a pod was created while AWS throttled") };
    says(&refusal.to_string(), &["429", PREFIX, "Throttling"])?;

    aws::set_running(world, false).await?;
    let down = world.create(NAMESPACE, &pod("down", &[variable("my-api-key")], &world.images)).await;
    aws::set_running(world, true).await?;
    let Err(refusal) = down else { anyhow::bail!("a pod was created while AWS was down") };
    says(&refusal.to_string(), &["429", PREFIX, "unavailable"])
}

pub(super) async fn dry_run(world: &World) -> anyhow::Result<()> {
    let asked = pod("dry", &[variable("my-api-key")], &world.images).to_string();
    let arguments = ["-n", NAMESPACE, "create", "--dry-run=server", "-o", "json", "-f", "-"];
    let answer = world.kubectl_with(&arguments, &asked).await?.good()?;
    says(&answer, &["_UNION_MY-API-KEY", "value of my-api-key"])?;
    let absent = pod("dry", &[variable("absent")], &world.images).to_string();
    let refused = world.kubectl_with(&arguments, &absent).await?;
    ensure!(!refused.success, "a dry run of what cannot be served succeeds");
    says(&refused.error, &[PREFIX])?;
    let left = world.kubectl(&["-n", NAMESPACE, "get", "pod", "dry"]).await?;
    ensure!(!left.success, "a dry run left a pod");
    Ok(())
}
