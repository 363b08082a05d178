//! `cargo xtask e2e`: a fresh cluster, the images, the chart, and every check of fsw-e2e.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use xshell::{Shell, cmd};

use crate::cluster::{Cluster, ClusterArgs};
use crate::image::{self, Arch, Entry, Image};
use crate::packages::{self, Package};
use crate::tools;
use fsw_testkit::say::{BAD, GOOD, QUIET, STRONG, say};

const REPOSITORY: &str = "localhost/flyte-secrets-webhook";
const TAG: &str = "e2e";
/// How pods reach the AWS emulator.
const AWS: &str = "AWS_ENDPOINT_URL=http://aws.aws.svc.cluster.local:5056";
/// As user tasks have them.
const PYTHON_PACKAGES: [&str; 3] = ["flytekit>=1.16,<1.17", "flyte>=2.12,<2.13", "python-dateutil<3"];
const VENV: Package = Package { name: "python3-venv", file: "../lib/python3.11/ensurepip/__init__.py" };

#[derive(Debug, Args)]
pub(crate) struct E2eArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only checks whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// Only that it can be installed, serves a pod in each way, and goes without a trace.
    #[arg(long)]
    smoke: bool,
    /// Leave the cluster as it is at the end, to look around.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn e2e(args: &E2eArgs) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    let since = Instant::now();
    let provider = args.cluster.provider(&shell);
    let helm = tools::helm(&shell)?;
    say(STRONG, "── images");
    packages::install(&shell, &[packages::BUSYBOX])?;
    let images = images(&shell)?;
    let python = if args.smoke { None } else { Some(python(&shell)?) };
    say(STRONG, "── cluster");
    let cluster = Cluster::up(&shell, &args.cluster)?;
    let checked = check(&shell, args, &cluster, &helm, &images, python.as_deref());
    if args.keep {
        say(QUIET, format_args!("the cluster is kept: export KUBECONFIG={}", cluster.kubeconfig.display()));
    } else {
        Cluster::down(&shell, provider)?;
    }
    let minutes = since.elapsed().as_secs_f64() / 60.0;
    say(if checked.is_ok() { GOOD } else { BAD }, format_args!("e2e on {provider:?}: {minutes:.1} minutes in all"));
    checked
}

fn check(
    shell: &Shell,
    args: &E2eArgs,
    cluster: &Cluster,
    helm: &Path,
    images: &[PathBuf],
    python: Option<&Path>,
) -> anyhow::Result<()> {
    for image in images {
        cluster.load(shell, image)?;
    }
    say(STRONG, "── checks");
    let (kubeconfig, kubectl, host_root) = (&cluster.kubeconfig, &cluster.kubectl, cluster.host_root());
    let filter = &args.filter;
    let mut options: Vec<String> = Vec::new();
    if let Some(python) = python {
        options.push(format!("--python={}", python.display()));
    }
    if args.smoke {
        options.push("--smoke".to_owned());
    }
    let run = cmd!(
        shell,
        "target/debug/fsw-e2e run --kubeconfig {kubeconfig} --kubectl {kubectl} --helm {helm}
            --chart deploy/helm/flyte-secrets-webhook --host-root {host_root} --filter {filter} {options...}"
    );
    run.quiet().run().context("not all checks passed")
}

/// The images as they ship, and one with what the checks need besides.
fn images(shell: &Shell) -> anyhow::Result<Vec<PathBuf>> {
    let out = Path::new("target/images");
    let programs = image::build(shell, Arch::Amd64)?;
    let webhook = image::webhook(shell, &programs, Arch::Amd64, REPOSITORY, TAG)?;
    // There is no AWS but the emulator, and the injected containers are told nothing of it.
    let fetch = image::fetch(shell, &programs, Arch::Amd64, REPOSITORY, TAG)?;
    let fetch = Image { environment: vec![AWS.to_owned()], ..fetch };
    let images = [webhook, fetch, checkers(shell)?];
    images.iter().map(|image| Ok(image::write(image, out, Arch::Amd64, None)?.archive)).collect()
}

/// A busybox with its commands, the AWS emulator and the checks' own program, with the C library of this machine.
fn checkers(shell: &Shell) -> anyhow::Result<Image> {
    cmd!(shell, "cargo build --quiet --locked -p fsw-aws-emulator -p fsw-e2e").quiet().run()?;
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|path| Path::new(path).exists());
    let busybox = busybox.context("there is no busybox")?;
    let mut entries = vec![image::program(Path::new(busybox), "bin/busybox")?];
    for command in cmd!(shell, "{busybox} --list").quiet().read()?.lines().filter(|command| *command != "busybox") {
        entries.push((format!("bin/{command}"), Entry::Link("busybox")));
    }
    for program in ["aws-emulator", "fsw-e2e"] {
        let stripped = format!("target/debug/{program}.stripped");
        cmd!(shell, "strip -o {stripped} target/debug/{program}").quiet().run()?;
        entries.push(image::program(Path::new(&stripped), program)?);
    }
    for folder in ["lib", "lib64", "tmp", "proc", "sys", "dev"] {
        entries.push((folder.to_owned(), Entry::Directory));
    }
    for library in libraries(shell, "target/debug/fsw-e2e")? {
        entries.push(image::program(&library, library.to_string_lossy().trim_start_matches('/'))?);
    }
    let name = format!("{REPOSITORY}/tools:{TAG}");
    let created = "1970-01-01T00:00:00Z";
    let image = image::image_of(name, Arch::Amd64, entries, Vec::new(), vec!["/bin/sh"], json!({}), created);
    Ok(Image { user: "0:0", ..image })
}

/// The shared libraries of a program, by their paths.
fn libraries(shell: &Shell, program: &str) -> anyhow::Result<Vec<PathBuf>> {
    let said = cmd!(shell, "ldd {program}").quiet().read()?;
    Ok(said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect())
}

/// A Python environment with flytekit and the v2 SDK.
fn python(shell: &Shell) -> anyhow::Result<PathBuf> {
    let folder = std::path::absolute("target/e2e/python")?;
    let stamp = folder.join("packages");
    let wanted = PYTHON_PACKAGES.join(" ");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder);
    }
    packages::install(shell, &[VENV])?;
    say(QUIET, "installing flytekit and the v2 SDK");
    shell.remove_path(&folder)?;
    cmd!(shell, "python3 -m venv {folder}").quiet().run()?;
    let pip = folder.join("bin/pip");
    cmd!(shell, "{pip} install --quiet --disable-pip-version-check {PYTHON_PACKAGES...}").quiet().run()?;
    shell.write_file(&stamp, wanted)?;
    Ok(folder)
}
