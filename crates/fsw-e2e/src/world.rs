//! The cluster as the checks see it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::kubectl::{self, Said};
use crate::{Run, aws, task, webhook};
use fsw_testkit::say::{QUIET, say};

const PAUSE: Duration = Duration::from_millis(150);

/// Images that were loaded into the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Images {
    /// A busybox, the emulator, and this program.
    pub(crate) tools: String,
    /// `secrets-fetch`, told to find AWS at the emulator.
    pub(crate) fetch: String,
}

pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) images: Images,
    pub(crate) args: RunArgs,
}

/// The part of the command line that checks use.
#[derive(Debug, Clone)]
pub(crate) struct RunArgs {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    pub(crate) helm: PathBuf,
    pub(crate) chart: PathBuf,
    pub(crate) python: Option<PathBuf>,
    pub(crate) host_root: PathBuf,
}

impl World {
    pub(crate) async fn new(run: &Run) -> anyhow::Result<Self> {
        let kubeconfig = Kubeconfig::read_from(&run.kubeconfig)?;
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        // What is refused once must be seen, not asked for again.
        config.default_retry = false;
        let client = Client::try_from(config)?;
        let images = Images {
            tools: "localhost/flyte-secrets-webhook/tools:e2e".to_owned(),
            fetch: "localhost/flyte-secrets-webhook/secrets-fetch:e2e".to_owned(),
        };
        let args = RunArgs {
            kubeconfig: run.kubeconfig.clone(),
            kubectl: run.kubectl.clone(),
            helm: run.helm.clone(),
            chart: run.chart.clone(),
            python: run.python.clone(),
            host_root: run.host_root.clone(),
        };
        Ok(Self { client, images, args })
    }

    /// Namespaces, the AWS account, and the webhook by its chart.
    pub(crate) async fn set_up(&self) -> anyhow::Result<()> {
        let namespace = |name: &str, labels: Value| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } });
        let account = |namespace: &str, name: &str| {
            json!({ "apiVersion": "v1", "kind": "ServiceAccount",
                    "metadata": { "name": name, "namespace": namespace } })
        };
        let restricted = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
        self.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [
            namespace(aws::NAMESPACE, json!({})),
            namespace(webhook::NAMESPACE, restricted.clone()),
            namespace(task::NAMESPACE, json!({})),
            namespace("flyte-v2", json!({})),
            namespace(task::RESTRICTED, restricted),
            account(task::NAMESPACE, "task-runner"),
        ]}))
        .await?;
        self.apply(&aws::manifests(&self.images)).await?;
        let rollout = ["-n", aws::NAMESPACE, "rollout", "status", "deployment/aws", "--timeout=120s"];
        self.kubectl(&rollout).await?.good().context("the AWS emulator does not start")?;
        for namespace in [task::NAMESPACE, "flyte-v2", task::RESTRICTED] {
            self.until("a default service account", 30, async || {
                self.kubectl(&["-n", namespace, "get", "serviceaccount", "default"]).await?.good().map(Some)
            })
            .await?;
        }
        webhook::install(self, &webhook::values(&self.images)).await
    }

    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> anyhow::Result<Said> {
        self.kubectl_with(arguments, "").await
    }

    pub(crate) async fn kubectl_with(&self, arguments: &[&str], input: &str) -> anyhow::Result<Said> {
        kubectl::run(&self.args.kubectl, &self.args.kubeconfig, arguments, input).await
    }

    pub(crate) async fn helm(&self, arguments: &[&str], values: &Value) -> anyhow::Result<Said> {
        kubectl::run(&self.args.helm, &self.args.kubeconfig, arguments, &values.to_string()).await
    }

    /// `kubectl apply`, or its error.
    pub(crate) async fn apply(&self, manifest: &Value) -> anyhow::Result<String> {
        self.kubectl_with(&["apply", "-f", "-"], &manifest.to_string()).await?.good()
    }

    /// An object, or list of objects, as JSON.
    pub(crate) async fn get(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        let json = self.kubectl(&[&["get", "-o", "json"], arguments].concat()).await?.good()?;
        Ok(serde_json::from_str(&json)?)
    }

    /// Tries until there is something; what was wrong at last is the error.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        seconds: u64,
        mut attempt: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            match attempt().await {
                Ok(Some(found)) => return Ok(found),
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context(format!("{what}: not within {seconds} s")));
                }
                Ok(None) if Instant::now() > deadline => bail!("{what}: not within {seconds} s"),
                Ok(None) | Err(_) => sleep(PAUSE).await,
            }
        }
    }

    /// The registration is there and endpoints have reached the rules of the nodes when a pod that needs AWS gets its
    /// secret. Before a first registration, a pod would be created as it is.
    pub(crate) async fn settle_services(&self) -> anyhow::Result<()> {
        let probe = task::pod("settled", &[task::variable("my-api-key")], &self.images).to_string();
        let create = ["-n", task::NAMESPACE, "create", "--dry-run=server", "-o", "json", "-f", "-"];
        self.until("the webhook and AWS", 60, async || {
            let created = self.kubectl_with(&create, &probe).await?.good()?;
            Ok(created.contains(task::RECORD).then_some(()))
        })
        .await
    }

    /// What the webhook has to say, for the reader of a failed check.
    pub(crate) async fn explain_webhook(&self) {
        let logs = [
            "-n",
            webhook::NAMESPACE,
            "logs",
            "-l",
            "app.kubernetes.io/name=flyte-secrets-webhook",
            "--prefix",
            "--all-containers",
        ];
        let logs = self.kubectl(&[&logs[..], &["--tail=200"]].concat()).await;
        let Ok(said) = logs else { return };
        // Each review is one line, with its uid; what else it did is left out.
        let reviews: Vec<_> = said.output.lines().filter(|line| !line.contains("DEBUG")).collect();
        say(QUIET, "       the webhook's last lines:");
        for line in &reviews[reviews.len().saturating_sub(4)..] {
            say(QUIET, format_args!("         {}", line.chars().take(600).collect::<String>()));
        }
    }
}
