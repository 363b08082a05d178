//! The sidecar manager: the pod reads AWS, under the task's own role.

use anyhow::{Context as _, ensure};
use fsw_request::{Mount, SecretRequest};
use serde_json::{Value, json};

use crate::task::{NAMESPACE, ask, file, pod};
use crate::world::World;
use crate::{aws, webhook};

/// A request for a secret by its ARN, as Flyte's documentation has it: the group is the ARN, the key names the file.
async fn by_arn(world: &World, id: &str, file: &str) -> anyhow::Result<SecretRequest> {
    Ok(ask(&aws::arn(world, id).await?, file, Mount::File, None))
}

/// The pod as the EKS webhook would have made it for a service account with this role.
fn with_role(mut pod: Value, role: &str) -> Value {
    let (environment, volume, mount) = webhook::irsa(role);
    pod["spec"]["volumes"] = json!([volume]);
    pod["spec"]["containers"][0]["env"] = environment;
    pod["spec"]["containers"][0]["volumeMounts"] = json!([mount]);
    pod
}

pub(super) async fn files(world: &World) -> anyhow::Result<()> {
    let arn = aws::arn(world, "task-1").await?;
    let (group, key) = arn.rsplit_once(':').context("an ARN has parts")?;
    let requests = [by_arn(world, "task-0", "Pulled").await?, ask(group, key, Mount::File, Some("TASK_FILE"))];
    let pod = with_role(pod("pulled", &requests, &world.images), aws::TASK_ROLE);
    let seen = world.run_one(NAMESPACE, &pod).await?;
    let first = aws::arn(world, "task-0").await?.to_lowercase();
    seen.expect_file(&format!("{first}/pulled"), b"value of task-0")?;
    let second = format!("{}/{}", group.to_lowercase(), key.to_lowercase());
    seen.expect_file(&second, b"value of task-1")?;
    seen.expect_variable("TASK_FILE", &format!("/etc/flyte/secrets/{second}"))
}

pub(super) async fn non_root(world: &World) -> anyhow::Result<()> {
    let mut pod = with_role(pod("group", &[by_arn(world, "task-0", "pulled").await?], &world.images), aws::TASK_ROLE);
    pod["spec"]["securityContext"] = json!({ "runAsNonRoot": true, "runAsUser": 4321, "fsGroup": 5432 });
    let seen = world.run_one(NAMESPACE, &pod).await?;
    let file = seen.files.values().find(|file| file.content == b"value of task-0").context("no file")?;
    ensure!(file.mode.ends_with(" 5432"), "the file's mode, uid and gid are {}", file.mode);
    ensure!(!file.mode.starts_with("444"), "the file is open to all: {}", file.mode);
    Ok(())
}

pub(super) async fn denied(world: &World) -> anyhow::Result<()> {
    let pod = with_role(pod("stranger", &[by_arn(world, "task-0", "pulled").await?], &world.images), aws::OTHER_ROLE);
    world.create(NAMESPACE, &pod).await?;
    let described = world
        .until("a failed pod", 90, async || {
            let described = world.describe(NAMESPACE, "stranger").await;
            Ok((described.contains("Exit Code:") && described.contains("Failed")).then_some(described))
        })
        .await?;
    for words in ["denied", "task-0", "secretsmanager:GetSecretValue"] {
        ensure!(described.contains(words), "kubectl describe does not say {words:?}:\n{described}");
    }
    world.remove(NAMESPACE, "stranger").await
}

pub(super) async fn mixed(world: &World) -> anyhow::Result<()> {
    let requests = [by_arn(world, "task-0", "pulled").await?, file("my-api-key"), file("bytes")];
    let pod = with_role(pod("mixed", &requests, &world.images), aws::TASK_ROLE);
    let seen = world.run_one(NAMESPACE, &pod).await?;
    seen.expect_file("my-api-key", b"value of my-api-key")?;
    seen.expect_file("bytes", &aws::BINARY)?;
    ensure!(seen.has("value of task-0"), "the pulled secret is not there");
    Ok(())
}

pub(super) async fn twenty(world: &World) -> anyhow::Result<()> {
    let mut requests = Vec::new();
    for n in 0..20 {
        requests.push(by_arn(world, &format!("task-{n}"), &format!("pulled-{n}")).await?);
    }
    let mut pod = with_role(pod("twenty", &requests, &world.images), aws::TASK_ROLE);
    pod["spec"]["securityContext"] = json!({ "runAsNonRoot": true, "runAsUser": 4321, "fsGroup": 5432 });
    let created = world.create(NAMESPACE, &pod).await?;
    let pullers = created.spec.and_then(|spec| spec.init_containers).unwrap_or_default();
    ensure!(pullers.len() == 1, "there are {} init containers", pullers.len());
    let mut seen = match world.watch(NAMESPACE, "twenty").await {
        Ok(seen) => seen,
        Err(error) => return Err(error.context(world.describe(NAMESPACE, "twenty").await)),
    };
    let seen = seen.remove("task").context("no container task")?;
    for n in 0..20 {
        ensure!(seen.has(&format!("value of task-{n}")), "task-{n} is not there");
    }
    world.remove(NAMESPACE, "twenty").await
}
