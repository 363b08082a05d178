//! No pod creation fails, whatever happens to a replica.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, EvictParams, ListParams, PostParams};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::certificates;
use crate::task::{NAMESPACE, RECORD, pod, variable};
use crate::webhook::{self, DEPLOYMENT};
use crate::world::World;

/// Pods a second.
const RATE: u32 = 25;
/// Load goes on for so long after the event, so that its effects are met.
const AFTER: Duration = Duration::from_secs(4);
/// How an API server says that a connection ended under a review: while it waited for the answer, or still wrote.
const CUT_OFF: [&str; 3] = [": EOF", "connection reset by peer", "write: broken pipe"];

/// What became of the pods.
struct Load {
    created: usize,
    refused: Vec<String>,
}

/// Creates pods at a steady rate while something happens. Nobody schedules them, so that only their creation costs.
async fn under_load(world: &World, event: impl AsyncFnOnce() -> anyhow::Result<()>) -> anyhow::Result<Load> {
    let mut template = pod("load", &[variable("my-api-key")], &world.images);
    template["spec"]["schedulerName"] = "nobody".into();
    template["metadata"]["labels"]["load"] = "true".into();
    let stop = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(create_until(world.pods(NAMESPACE), template, Arc::clone(&stop)));
    sleep(Duration::from_secs(1)).await;
    let happened = event().await;
    sleep(AFTER).await;
    stop.store(true, Ordering::Relaxed);
    let load = load.await??;
    let all = ListParams::default().labels("load=true");
    world.pods(NAMESPACE).delete_collection(&DeleteParams::default().grace_period(0), &all).await?;
    happened?;
    Ok(load)
}

impl Load {
    fn none_failed(self) -> anyhow::Result<String> {
        let refused = self.refused.len();
        ensure!(refused == 0, "{refused} of {} creations failed: {}", self.created + refused, self.refused.join("\n"));
        Ok(format!("{} pods created at {RATE} a second, none failed", self.created))
    }
}

async fn create_until(pods: Api<Pod>, template: Value, stop: Arc<AtomicBool>) -> anyhow::Result<Load> {
    let mut ticks = interval(Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut creations = JoinSet::new();
    for n in 0.. {
        ticks.tick().await;
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let mut pod = template.clone();
        pod["metadata"]["name"] = format!("load-{n}").into();
        let (pods, pod): (_, Pod) = (pods.clone(), serde_json::from_value(pod)?);
        creations.spawn(async move { pods.create(&PostParams::default(), &pod).await });
    }
    let mut load = Load { created: 0, refused: Vec::new() };
    while let Some(created) = creations.join_next().await {
        match created? {
            Ok(pod) => {
                let annotations = pod.metadata.annotations.unwrap_or_default();
                ensure!(annotations.contains_key(RECORD), "a pod was created without its secrets");
                load.created += 1;
            }
            Err(kube::Error::Api(status)) => load.refused.push(format!("{} {}", status.code, status.message)),
            Err(error) => load.refused.push(error.to_string()),
        }
    }
    Ok(load)
}

pub(super) async fn rolling_update(world: &World) -> anyhow::Result<String> {
    let deployment = format!("deployment/{DEPLOYMENT}");
    under_load(world, async || {
        world.kubectl(&["-n", webhook::NAMESPACE, "rollout", "restart", &deployment]).await?.good()?;
        let wait = ["-n", webhook::NAMESPACE, "rollout", "status", &deployment, "--timeout=120s"];
        world.kubectl(&wait).await?.good()?;
        Ok(())
    })
    .await?
    .none_failed()
}

pub(super) async fn authority_change(world: &World) -> anyhow::Result<String> {
    under_load(world, async || certificates::renew(world).await.map(drop)).await?.none_failed()
}

/// As `kubectl drain` does, which keeps to the PodDisruptionBudget.
pub(super) async fn evicted(world: &World) -> anyhow::Result<String> {
    under_load(world, async || {
        let pods = Api::<Pod>::namespaced(world.client.clone(), webhook::NAMESPACE);
        for name in replicas(world).await? {
            // Refused (429) while the one before is not replaced yet.
            world
                .until("an eviction", 60, async || Ok(Some(pods.evict(&name, &EvictParams::default()).await?)))
                .await?;
        }
        ready(world).await
    })
    .await?
    .none_failed()
}

/// As a node that goes away, or an impatient operator.
pub(super) async fn deleted(world: &World) -> anyhow::Result<String> {
    under_load(world, async || {
        for name in replicas(world).await? {
            let delete = ["-n", webhook::NAMESPACE, "delete", "pod", &name, "--grace-period=0", "--force"];
            world.kubectl(&delete).await?.good()?;
            ready(world).await?;
        }
        Ok(())
    })
    .await?
    .none_failed()
}

/// As the kernel does when memory runs out: each process in turn is gone at once. A review that it was answering in that
/// very moment is lost with it, and nothing that is sent afterwards.
pub(super) async fn killed(world: &World) -> anyhow::Result<String> {
    let killer = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "killer", "namespace": "aws" },
        "spec": {
            "hostPID": true, "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "killer", "image": world.images.tools, "imagePullPolicy": "Never",
                "securityContext": { "privileged": true },
                "command": ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"],
            }],
        },
    });
    world.apply(&killer).await?;
    world.kubectl(&["-n", "aws", "wait", "--for=condition=Ready", "pod/killer", "--timeout=60s"]).await?.good()?;
    // Those that an update is still ending would be gone before their turn.
    world
        .until("an end of the pods before", 60, async || Ok((replicas(world).await?.len() == 2).then_some(())))
        .await?;
    let load = under_load(world, async || {
        for pid in pids(world).await? {
            world.kubectl(&["-n", "aws", "exec", "killer", "--", "kill", "-9", &pid]).await?.good()?;
            sleep(Duration::from_secs(3)).await;
            ready(world).await?;
        }
        Ok(())
    })
    .await;
    world.kubectl(&["-n", "aws", "delete", "pod", "killer", "--grace-period=0", "--force"]).await?.good()?;
    let mut load = load?;
    let all = load.refused.len();
    load.refused.retain(|reason| !CUT_OFF.iter().any(|text| reason.contains(text)));
    let cut_off = all - load.refused.len();
    ensure!(cut_off <= 2, "{cut_off} creations were cut off");
    Ok(format!("{}, {cut_off} in flight at the moment of a kill", load.none_failed()?))
}

/// The processes of the webhook, as the node numbers them.
async fn pids(world: &World) -> anyhow::Result<Vec<String>> {
    let find = "for process in /proc/[0-9]*; do \
                tr '\\0' ' ' < $process/cmdline 2>/dev/null | grep -q '^/webhook run' && echo ${process#/proc/}; done";
    let found = world.kubectl(&["-n", "aws", "exec", "killer", "--", "/bin/sh", "-c", find]).await?;
    let pids: Vec<_> = found.output.lines().map(str::to_owned).collect();
    ensure!(!pids.is_empty(), "no process of the webhook was found: {}", found.error);
    Ok(pids)
}

async fn replicas(world: &World) -> anyhow::Result<Vec<String>> {
    let selector = "app.kubernetes.io/name=flyte-secrets-webhook";
    let pods = world.get(&["-n", webhook::NAMESPACE, "pods", "-l", selector]).await?;
    let pods = pods["items"].as_array().context("no list of pods")?.iter();
    Ok(pods.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect())
}

/// Waits until the Deployment has all its replicas again.
async fn ready(world: &World) -> anyhow::Result<()> {
    world
        .until("all replicas", 60, async || {
            let deployment = world.get(&["-n", webhook::NAMESPACE, "deployment", DEPLOYMENT]).await?;
            let is_ready = deployment["status"]["readyReplicas"] == deployment["spec"]["replicas"];
            Ok((is_ready && deployment["status"]["replicas"] == deployment["spec"]["replicas"]).then_some(()))
        })
        .await
}

/// Brings the Deployment to so many replicas, and waits until those that go have gone.
async fn scale(world: &World, count: usize) -> anyhow::Result<()> {
    let (deployment, replicas_are) = (format!("deployment/{DEPLOYMENT}"), format!("--replicas={count}"));
    world.kubectl(&["-n", webhook::NAMESPACE, "scale", &deployment, &replicas_are]).await?.good()?;
    world.until("the pods", 90, async || Ok((replicas(world).await?.len() == count).then_some(()))).await?;
    if count > 0 {
        ready(world).await?;
        world.settle_services().await?;
    }
    Ok(())
}

/// The youngest replica wrote the registration last, and is the first to go.
pub(super) async fn writer_gone(world: &World) -> anyhow::Result<()> {
    scale(world, 3).await?;
    scale(world, 1).await?;
    let mended = certificates::is_mended(world).await;
    scale(world, 2).await?;
    mended
}

pub(super) async fn down(world: &World) -> anyhow::Result<()> {
    scale(world, 0).await?;
    let refusal = world.refused(NAMESPACE, &pod("orphan", &[variable("my-api-key")], &world.images)).await;
    let mut other = pod("unconcerned", &[], &world.images);
    other["metadata"]["labels"] = json!({});
    let unconcerned = world.run_one(NAMESPACE, &other).await;
    scale(world, 2).await?;
    let refusal = refusal?;
    ensure!(refusal.contains("failed calling webhook \"flyte-pod-webhook.flyte.org\""), "{refusal}");
    unconcerned.context("a pod without secrets was refused too")?;
    Ok(())
}
