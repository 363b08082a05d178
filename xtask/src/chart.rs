//! The Helm chart: it renders with every set of values, refuses bad ones, and the plain manifests are what it renders.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use xshell::{Shell, cmd};

use crate::tools::helm;
use fsw_testkit::say::{GOOD, say};

const CHART: &str = "deploy/helm/flyte-secrets-webhook";
const MANIFESTS: &str = "deploy/manifests";

/// The oldest Kubernetes that the chart allows.
const KUBERNETES: &str = "1.28.0";

/// Name and namespace of a release; both turn up in the plain manifests.
const RELEASE: [&str; 3] = ["flyte-secrets-webhook", "--namespace", "flyte"];

/// Values that the chart must refuse, and what the message must name.
const BAD: &[(&str, &str)] = &[
    ("replica=3", "replica"),
    ("replicas=many", "replicas"),
    ("secretsWebhook.defaultOrganisation=acme", "defaultOrganisation"),
    ("secretsWebhook.log.levle=debug", "levle"),
    ("secretsWebhook.sidecar.contract=ecs", "contract"),
    ("certificates.source=cert-manger", "source"),
    ("certificates.source=files", "certificates.existingSecret"),
    ("certificates.existingSecret=mine", "certificates.source"),
    ("certificates.validity=1y", "validity"),
    ("certificates.certManager.issuerRef.name=mine", "issuerRef"),
    ("image.tags=1", "tags"),
    ("image.digest=sha256:12", "digest"),
    ("flyte.webhook.LISTENPORT=https", "LISTENPORT"),
    ("flyte.webhook.webhooktimeout=soon", "webhooktimeout"),
    ("flyte.Webhook=none", "Webhook"),
    ("secretsWebhook.drain.timeout=60s", "terminationGracePeriodSeconds"),
    ("flyte.webhook.listenPort=10255", "adminPort"),
    ("secretsWebhook.adminPort=65535", "standby"),
];

/// The plain manifests, and the values that they are rendered with.
const PLAIN: &[(&str, &[&str])] = &[("managed", &[]), ("cert-manager", &["--set", "certificates.source=cert-manager"])];

pub(crate) fn chart(shell: &Shell) -> anyhow::Result<()> {
    let _root = shell.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let helm = helm(shell)?;
    cmd!(shell, "cargo build --quiet --locked -p webhook").quiet().run()?;
    let mut values = shell.read_dir(format!("{CHART}/ci"))?;
    values.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    for path in &values {
        renders(shell, &helm, path).with_context(|| format!("with {}", path.display()))?;
    }
    for (setting, named) in BAD {
        refuses(shell, &helm, setting, named)?;
    }
    for (name, settings) in PLAIN {
        is_rendered(shell, &helm, name, settings)?;
    }
    say(
        GOOD,
        format_args!("the chart renders with {} sets of values and refuses {} bad ones", values.len(), BAD.len()),
    );
    Ok(())
}

/// What `helm template` prints.
fn render(shell: &Shell, helm: &Path, options: &[&str]) -> anyhow::Result<String> {
    let output = cmd!(shell, "{helm} template {RELEASE...} {CHART} --kube-version {KUBERNETES} {options...}");
    let output = output.quiet().ignore_status().output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// Lints and renders with these values; every document must be an object of Kubernetes.
fn renders(shell: &Shell, helm: &Path, values: &Path) -> anyhow::Result<()> {
    let lint = cmd!(shell, "{helm} lint --strict --quiet --kube-version {KUBERNETES} --values {values} {CHART}");
    let said = lint.quiet().ignore_status().output()?;
    ensure!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout).trim());
    let rendered = render(shell, helm, &["--values", &values.display().to_string()])?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&rendered)?;
    for document in &documents {
        for field in ["/apiVersion", "/kind", "/metadata/name"] {
            let is_there =
                document.pointer(field).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()));
            ensure!(is_there, "a document has no {field}: {document}");
        }
    }
    let folder = tempfile::tempdir()?;
    let files = config_files(&documents, folder.path())?;
    ensure!(files.len() == 2, "the ConfigMap has {} files, not 2", files.len());
    // The webhook itself must know every setting.
    let files = files.iter().flat_map(|file| [Path::new("--config"), file]);
    let read = cmd!(shell, "target/debug/webhook check-config --strict {files...}").quiet().ignore_status().output()?;
    ensure!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr).trim());
    Ok(())
}

/// Writes the files of the rendered ConfigMap to a folder, as the pod sees them; in the order in which they are read.
pub(crate) fn config_files(documents: &[Value], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let map = documents.iter().find(|document| document["kind"] == "ConfigMap").context("there is no ConfigMap")?;
    let data = map["data"].as_object().context("the ConfigMap has no data")?;
    let mut files = Vec::new();
    for (name, content) in data {
        let path = folder.join(name);
        std::fs::write(&path, content.as_str().context("a file of the ConfigMap is no text")?)?;
        files.push(path);
    }
    files.sort();
    Ok(files)
}

fn refuses(shell: &Shell, helm: &Path, setting: &str, named: &str) -> anyhow::Result<()> {
    match render(shell, helm, &["--set", setting]) {
        Ok(_) => bail!("the chart takes --set {setting}"),
        Err(error) => {
            let message = error.to_string();
            ensure!(message.contains(named), "of --set {setting} the chart only says: {message}");
            Ok(())
        }
    }
}

/// Compares a plain manifest with what the chart renders; with BLESS=1 writes it.
fn is_rendered(shell: &Shell, helm: &Path, name: &str, settings: &[&str]) -> anyhow::Result<()> {
    let command: Vec<_> =
        ["helm", "template"].iter().chain(&RELEASE).chain(&[CHART]).chain(settings).copied().collect();
    let header = format!(
        "# Rendered from the Helm chart; change that, not this file:\n#   {}\n# The image must be named with your registry, \
         and the namespace must exist.\n",
        command.join(" ")
    );
    let wanted = header + &render(shell, helm, settings)?;
    let path = format!("{MANIFESTS}/{name}.yaml");
    if shell.var_os("BLESS").is_some() {
        return Ok(shell.write_file(path, wanted)?);
    }
    let found = shell.read_file(&path).unwrap_or_default();
    ensure!(found == wanted, "{path} is not what the chart renders; `BLESS=1 cargo xtask chart` rewrites it");
    Ok(())
}
