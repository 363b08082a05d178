//! Pods that are created for real, and what their containers saw.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use data_encoding::BASE64;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::{DeleteParams, LogParams, PostParams};
use serde_json::Value;

use crate::task::decoded;
use crate::world::World;

/// What the process of a container saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) uid: String,
    pub(crate) gid: String,
    pub(crate) environment: BTreeMap<String, Vec<u8>>,
    /// By the path below `/etc/flyte/secrets`.
    pub(crate) files: BTreeMap<String, File>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Permission bits, uid and gid.
    pub(crate) mode: String,
    pub(crate) content: Vec<u8>,
}

impl Seen {
    fn read(log: &str) -> anyhow::Result<Self> {
        ensure!(log.trim_end().ends_with("END"), "the container did not say all it saw: {log}");
        let mut seen = Self::default();
        for line in log.lines() {
            let words: Vec<_> = line.split(' ').collect();
            match words.as_slice() {
                ["ID", uid, gid] => (seen.uid, seen.gid) = ((*uid).to_owned(), (*gid).to_owned()),
                ["ENVIRONMENT", text] => {
                    for entry in decoded(text).unwrap_or_default().split(|byte| *byte == 0) {
                        if let Some(at) = entry.iter().position(|byte| *byte == b'=') {
                            let name = String::from_utf8_lossy(&entry[..at]).into_owned();
                            seen.environment.insert(name, entry[at + 1..].to_vec());
                        }
                    }
                }
                ["FILE", path, mode, uid, gid, content] => {
                    let path = String::from_utf8(decoded(path).unwrap_or_default())?;
                    let path = path.trim_start_matches("./").to_owned();
                    let content = decoded(content).unwrap_or_default();
                    seen.files.insert(path, File { mode: format!("{mode} {uid} {gid}"), content });
                }
                _ => {}
            }
        }
        Ok(seen)
    }

    /// The text of a variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.environment.get(name)?).ok()
    }

    pub(crate) fn expect_variable(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let names = || self.environment.keys().cloned().collect::<Vec<_>>().join(" ");
        let found = self.variable(name).with_context(|| format!("no variable {name}; there are {}", names()))?;
        ensure!(found == value, "{name} is {found:?}, not {value:?}");
        Ok(())
    }

    pub(crate) fn expect_file(&self, path: &str, content: &[u8]) -> anyhow::Result<()> {
        let paths = || self.files.keys().cloned().collect::<Vec<_>>().join(" ");
        let found = self.files.get(path).with_context(|| format!("no file {path}; there are {}", paths()))?;
        let shown = |bytes: &[u8]| BASE64.encode(&bytes[..bytes.len().min(60)]);
        ensure!(found.content == content, "{path} holds {}…, not {}…", shown(&found.content), shown(content));
        Ok(())
    }

    /// Whether a value is in a variable or a file.
    pub(crate) fn has(&self, value: &str) -> bool {
        self.environment.values().any(|found| found == value.as_bytes())
            || self.files.values().any(|file| file.content == value.as_bytes())
    }
}

impl World {
    pub(crate) fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Creates a pod; the error is what the API server says.
    pub(crate) async fn create(&self, namespace: &str, pod: &Value) -> anyhow::Result<Pod> {
        // As it is: types would drop the fields that they do not know.
        let request = kube::core::Request::new(format!("/api/v1/namespaces/{namespace}/pods"));
        let request = request.create(&PostParams::default(), pod.to_string().into_bytes())?;
        match self.client.request(request).await {
            Err(kube::Error::Api(status)) => bail!("{} {}: {}", status.code, status.reason, status.message),
            created => Ok(created?),
        }
    }

    /// Runs a pod to its end and tells what its main containers saw, by their names. The pod is removed.
    pub(crate) async fn run(&self, namespace: &str, pod: &Value) -> anyhow::Result<BTreeMap<String, Seen>> {
        let name = pod["metadata"]["name"].as_str().context("a pod has a name")?;
        self.create(namespace, pod).await?;
        let seen = self.watch(namespace, name).await;
        match seen {
            Ok(seen) => {
                self.remove(namespace, name).await?;
                Ok(seen)
            }
            Err(error) => Err(error.context(self.describe(namespace, name).await)),
        }
    }

    /// The one container of a pod.
    pub(crate) async fn run_one(&self, namespace: &str, pod: &Value) -> anyhow::Result<Seen> {
        self.run(namespace, pod).await?.remove("task").context("the pod has no container task")
    }

    /// Waits for the end of a pod.
    pub(crate) async fn watch(&self, namespace: &str, name: &str) -> anyhow::Result<BTreeMap<String, Seen>> {
        let pods = self.pods(namespace);
        let ended = self
            .until("the pod's end", 120, async || {
                let pod = pods.get(name).await?;
                let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
                Ok(matches!(phase.as_str(), "Succeeded" | "Failed").then_some((pod, phase)))
            })
            .await?;
        ensure!(ended.1 == "Succeeded", "the pod {name} is {}", ended.1);
        let mut seen = BTreeMap::new();
        for container in ended.0.spec.map(|spec| spec.containers).unwrap_or_default() {
            let options = LogParams { container: Some(container.name.clone()), ..LogParams::default() };
            let log = pods.logs(name, &options).await?;
            seen.insert(container.name, Seen::read(&log)?);
        }
        Ok(seen)
    }

    pub(crate) async fn remove(&self, namespace: &str, name: &str) -> anyhow::Result<()> {
        self.pods(namespace).delete(name, &DeleteParams::default().grace_period(0)).await?;
        Ok(())
    }

    /// What `kubectl describe` says, for the reader of a failed check.
    pub(crate) async fn describe(&self, namespace: &str, name: &str) -> String {
        match self.kubectl(&["-n", namespace, "describe", "pod", name]).await {
            Ok(said) => said.output,
            Err(error) => error.to_string(),
        }
    }

    /// What the user reads when kubectl creates a pod that is refused.
    pub(crate) async fn refused(&self, namespace: &str, pod: &Value) -> anyhow::Result<String> {
        let said = self.kubectl_with(&["-n", namespace, "create", "-f", "-"], &pod.to_string()).await?;
        ensure!(!said.success, "the pod was created");
        Ok(said.error)
    }
}
