//! The embedded manager: the webhook reads AWS.

use anyhow::{Context as _, ensure};
use fsw_request::Mount;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::aws::{BINARY, large};
use crate::pods::Seen;
use crate::task::{self, NAMESPACE, RESTRICTED, ask, file, looker, pod, variable};
use crate::world::World;

const DOLLARS: &str = "$(HOME) $$ ${HOME} $HOME \"quoted\" 'single' \\n\nsecond line";

pub(super) async fn variables(world: &World) -> anyhow::Result<()> {
    let requests = [
        variable("my-api-key"),
        variable("dollars"),
        ask("", "my-api-key", Mount::EnvVar, Some("CUSTOM_NAME")),
        ask("Team", "Db_Password", Mount::Any, None),
    ];
    let seen = world.run_one(NAMESPACE, &pod("variables", &requests, &world.images)).await?;
    seen.expect_variable("_UNION_MY-API-KEY", "value of my-api-key")?;
    seen.expect_variable("_UNION_MY_API_KEY", "value of my-api-key")?;
    seen.expect_variable("CUSTOM_NAME", "value of my-api-key")?;
    seen.expect_variable("_UNION_DOLLARS", DOLLARS)?;
    seen.expect_variable("_UNION_DB_PASSWORD", "value of Db_Password")?;
    seen.expect_variable("_UNION_TEAM_DB_PASSWORD", "value of Db_Password")?;
    seen.expect_variable("FLYTE_SECRETS_ENV_PREFIX", "_UNION_")
}

fn file_requests() -> Vec<fsw_request::SecretRequest> {
    vec![
        file("my-api-key"),
        file("bytes"),
        file("dollars"),
        ask("Team", "Db_Password", Mount::File, Some("PASSWORD_FILE")),
    ]
}

fn expect_files(seen: &Seen) -> anyhow::Result<()> {
    seen.expect_file("my-api-key", b"value of my-api-key")?;
    seen.expect_file("bytes", &BINARY)?;
    seen.expect_file("dollars", DOLLARS.as_bytes())?;
    for path in ["Db_Password", "db_password", "team/db_password"] {
        seen.expect_file(path, b"value of Db_Password")?;
    }
    seen.expect_variable("FLYTE_SECRETS_DEFAULT_DIR", "/etc/flyte/secrets")?;
    let path = seen.variable("PASSWORD_FILE").context("no PASSWORD_FILE")?;
    let below = path.strip_prefix("/etc/flyte/secrets/").context("PASSWORD_FILE is not below the secrets' folder")?;
    seen.expect_file(below, b"value of Db_Password")
}

pub(super) async fn files(world: &World) -> anyhow::Result<()> {
    expect_files(&world.run_one(NAMESPACE, &pod("files", &file_requests(), &world.images)).await?)
}

pub(super) async fn large_files(world: &World) -> anyhow::Result<()> {
    let requests = [file("large-a"), file("large-b")];
    let seen = world.run_one(NAMESPACE, &pod("large", &requests, &world.images)).await?;
    seen.expect_file("large-a", large('a').as_bytes())?;
    seen.expect_file("large-b", large('b').as_bytes())
}

pub(super) async fn scopes(world: &World) -> anyhow::Result<()> {
    let keys = ["both", "of-domain", "padded-domain", "of-organization", "padded-organization"];
    let mut pod = pod("scopes", &keys.map(variable), &world.images);
    // As Flyte v1 does, which knows no organization.
    pod["metadata"]["labels"].as_object_mut().map(|labels| labels.remove("organization"));
    let seen = world.run_one(NAMESPACE, &pod).await?;
    for (name, value) in [
        ("BOTH", "of the project"),
        ("OF-DOMAIN", "of the domain"),
        ("PADDED-DOMAIN", "padded domain"),
        ("OF-ORGANIZATION", "of the organization"),
        ("PADDED-ORGANIZATION", "padded organization"),
    ] {
        seen.expect_variable(&format!("_UNION_{name}"), value)?;
    }
    Ok(())
}

/// A pod that the strictest Pod Security lets through.
fn strict(mut pod: Value, uid: u32) -> Value {
    pod["spec"]["securityContext"] =
        json!({ "runAsNonRoot": true, "runAsUser": uid, "seccompProfile": { "type": "RuntimeDefault" } });
    for container in pod["spec"]["containers"].as_array_mut().into_iter().flatten() {
        container["securityContext"] = json!({
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
        });
    }
    pod
}

pub(super) async fn restricted(world: &World) -> anyhow::Result<()> {
    let pod = strict(pod("strict", &file_requests(), &world.images), 4321);
    let seen = world.run_one(RESTRICTED, &pod).await?;
    ensure!(seen.uid == "4321", "the task runs as {}", seen.uid);
    expect_files(&seen)
}

pub(super) async fn containers(world: &World) -> anyhow::Result<()> {
    let images = &world.images;
    let mut pod = pod("containers", &[variable("my-api-key"), file("bytes")], images);
    // A user's init container reads the secrets too, and fails the pod when it cannot.
    let read = "test \"$_UNION_MY_API_KEY\" = 'value of my-api-key' && test -s /etc/flyte/secrets/bytes";
    let init = |name: &str, command: &str| {
        json!({
            "name": name, "image": images.tools, "imagePullPolicy": "Never", "command": ["/bin/sh", "-c", command],
        })
    };
    let mut proxy = init("proxy", &format!("{read} && trap 'exit 0' TERM && while :; do sleep 1; done"));
    proxy["restartPolicy"] = "Always".into();
    proxy["startupProbe"] = json!({ "exec": { "command": ["/bin/sh", "-c", read] }, "periodSeconds": 1 });
    pod["spec"]["initContainers"] = json!([proxy, init("prepare", read)]);
    let second = looker("second", images);
    if let Some(containers) = pod["spec"]["containers"].as_array_mut() {
        containers.push(second);
    }
    let seen = world.run(NAMESPACE, &pod).await?;
    for container in ["task", "second"] {
        let seen = seen.get(container).context(container)?;
        seen.expect_variable("_UNION_MY-API-KEY", "value of my-api-key")?;
        seen.expect_file("bytes", &BINARY)?;
    }
    Ok(())
}

pub(super) async fn deployment(world: &World) -> anyhow::Result<()> {
    let images = &world.images;
    let mut metadata = task::metadata(&[variable("my-api-key")]);
    metadata["labels"]["app"] = "deployed".into();
    let read = "test \"$_UNION_MY_API_KEY\" = 'value of my-api-key' && trap 'exit 0' TERM && while :; do sleep 1; done";
    world
        .apply(&json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "deployed", "namespace": NAMESPACE },
            "spec": {
                "replicas": 2, "selector": { "matchLabels": { "app": "deployed" } },
                "template": { "metadata": metadata, "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "app", "image": images.tools, "imagePullPolicy": "Never",
                        "command": ["/bin/sh", "-c", read],
                    }],
                } },
            },
        }))
        .await?;
    world.kubectl(&["-n", NAMESPACE, "rollout", "status", "deployment/deployed", "--timeout=60s"]).await?.good()?;
    world.kubectl(&["-n", NAMESPACE, "delete", "deployment", "deployed"]).await?.good()?;
    Ok(())
}

pub(super) async fn job(world: &World) -> anyhow::Result<()> {
    let images = &world.images;
    let read = "test \"$_UNION_MY_API_KEY\" = 'value of my-api-key'";
    world
        .apply(&json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": "fifty", "namespace": NAMESPACE },
            "spec": {
                "completions": 50, "parallelism": 50, "backoffLimit": 0,
                "template": { "metadata": task::metadata(&[variable("my-api-key")]), "spec": {
                    "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                    "containers": [{
                        "name": "item", "image": images.tools, "imagePullPolicy": "Never",
                        "command": ["/bin/sh", "-c", read],
                    }],
                } },
            },
        }))
        .await?;
    let done =
        world.kubectl(&["-n", NAMESPACE, "wait", "--for=condition=complete", "job/fifty", "--timeout=240s"]).await?;
    done.good()?;
    world.kubectl(&["-n", NAMESPACE, "delete", "job", "fifty", "--wait=false"]).await?.good()?;
    Ok(())
}

pub(super) async fn by_secrets_fetch(world: &World) -> anyhow::Result<()> {
    let large_requests = [file("large-a"), file("large-b")];
    let pods = [
        (NAMESPACE, pod("fetch-files", &file_requests(), &world.images)),
        (RESTRICTED, strict(pod("fetch-strict", &file_requests(), &world.images), 4321)),
        (NAMESPACE, pod("fetch-large", &large_requests, &world.images)),
    ];
    let seen = try_join_all(pods.iter().map(|(namespace, pod)| world.run_one(namespace, pod))).await?;
    expect_files(&seen[0])?;
    expect_files(&seen[1])?;
    seen[2].expect_file("large-a", large('a').as_bytes())?;
    seen[2].expect_file("large-b", large('b').as_bytes())
}
