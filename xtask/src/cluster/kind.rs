//! kind: nodes are Docker containers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

const NAME: &str = "flyte-secrets-webhook";
/// Where the node sees this machine's files: the checks of Python use its interpreter.
pub(super) const HOST_ROOT: &str = "/host";
const CONFIG: &str = "kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  extraMounts:
  - {hostPath: /, containerPath: /host, readOnly: true}
";

/// Whether Docker answers and kind is installed.
pub(super) fn is_here(shell: &Shell) -> bool {
    lacking(shell).is_none()
}

/// What is missing, with what installs it.
fn lacking(shell: &Shell) -> Option<&'static str> {
    let runs = |program: &str, argument: &str| {
        cmd!(shell, "{program} {argument}").quiet().ignore_stdout().ignore_stderr().run().is_ok()
    };
    if !runs("docker", "version") {
        return Some("Docker does not answer; install it with `apt-get install docker.io` and start it");
    }
    if !runs("kind", "version") {
        return Some("kind is not installed; install it with `go install sigs.k8s.io/kind@v0.33.0`");
    }
    if !runs("kubectl", "--help") {
        return Some(
            "kubectl is not installed; install it with `go install k8s.io/kubernetes/cmd/kubectl`, or as its documentation says",
        );
    }
    None
}

pub(super) fn place() -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kind");
    (folder.join("kubeconfig"), "kubectl".into())
}

pub(super) fn up(shell: &Shell, node_image: Option<&str>) -> anyhow::Result<(PathBuf, PathBuf)> {
    if let Some(lacking) = lacking(shell) {
        bail!("{lacking}");
    }
    let (kubeconfig, kubectl) = place();
    std::fs::create_dir_all(kubeconfig.parent().context("no folder for the kubeconfig")?)?;
    let image: Vec<_> = node_image.iter().flat_map(|image| ["--image", *image]).collect();
    let options = ["--name", NAME, "--wait", "120s", "--config", "-"];
    let create = cmd!(shell, "kind create cluster {options...} --kubeconfig {kubeconfig} {image...}");
    create.stdin(CONFIG).quiet().run()?;
    Ok((kubeconfig, kubectl))
}

pub(super) fn load(shell: &Shell, archive: &Path) -> anyhow::Result<()> {
    Ok(cmd!(shell, "kind load image-archive {archive} --name {NAME}").quiet().run()?)
}

pub(super) fn down(shell: &Shell) -> anyhow::Result<()> {
    let (kubeconfig, _) = place();
    cmd!(shell, "kind delete cluster --name {NAME} --kubeconfig {kubeconfig}").quiet().ignore_stderr().run()?;
    shell.remove_path(kubeconfig)?;
    Ok(())
}
