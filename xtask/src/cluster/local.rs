//! Kubernetes itself on this machine, without Docker: one program that is all of its daemons, built from its Go modules;
//! containerd and runc are Debian's. Everything it does stays in a network namespace, a cgroup and a folder of its own.

mod daemons;
mod files;
mod network;
mod pki;
mod teardown;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

use crate::image::{Arch, Entry, image_of, write};
use crate::packages::{self, Package};
use crate::tools;
use fsw_testkit::say::{QUIET, say};

/// Names the network namespace and the cgroups.
const NAME: &str = "fsw-local";
/// Everything that it writes. Short: the path of a socket may have 107 characters.
const STATE: &str = "/var/tmp/fsw-local";
/// The sandbox of every pod.
const PAUSE: &str = "localhost/pause:local";

const PACKAGES: &[Package] = &[
    Package { name: "containerd", file: "containerd" },
    Package { name: "runc", file: "../sbin/runc" },
    Package { name: "containernetworking-plugins", file: "../lib/cni/ptp" },
    Package { name: "nftables", file: "../sbin/nft" },
    Package { name: "iproute2", file: "ip" },
    packages::BUSYBOX,
];

pub(super) fn place() -> (PathBuf, PathBuf) {
    (state().join("kubeconfig"), state().join("bin/kubectl"))
}

fn state() -> &'static Path {
    Path::new(STATE)
}

fn containerd_socket() -> PathBuf {
    state().join("containerd.sock")
}

pub(super) fn up(shell: &Shell) -> anyhow::Result<(PathBuf, PathBuf)> {
    if !cfg!(target_os = "linux") || cmd!(shell, "id -u").quiet().read()? != "0" {
        bail!("the local cluster needs Linux and root; run it with sudo, or use --provider kind");
    }
    if state().exists() {
        if teardown::is_any_alive() {
            bail!("there is a cluster in {STATE} already; remove it with `cargo xtask cluster down --provider local`");
        }
        say(QUIET, format_args!("removing a cluster in {STATE} that does not run any more"));
        teardown::teardown(shell)?;
    }
    packages::install(shell, PACKAGES)?;
    let programs = programs(shell)?;
    let started = start(shell, &programs);
    if started.is_err() {
        say(
            QUIET,
            format_args!("the logs are in {STATE}/logs; `cargo xtask cluster down --provider local` removes all"),
        );
    }
    started?;
    Ok(place())
}

pub(super) fn load(shell: &Shell, archive: &Path) -> anyhow::Result<()> {
    let socket = containerd_socket();
    let import = cmd!(shell, "ctr --address {socket} --namespace k8s.io images import {archive}");
    import.quiet().ignore_stdout().run().with_context(|| format!("cannot load {}", archive.display()))
}

pub(super) fn down(shell: &Shell) -> anyhow::Result<()> {
    teardown::teardown(shell)
}

/// The folder of Kubernetes' programs, built where they are not there yet.
fn programs(shell: &Shell) -> anyhow::Result<PathBuf> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("local-cluster");
    tools::build(shell, &module, |go, out| {
        say(QUIET, "building Kubernetes from its Go modules; this takes minutes, once");
        let version = tools::required(&module, "k8s.io/kubernetes")?;
        let (major, minor) = version.trim_start_matches('v').split_once('.').context("no version of Kubernetes")?;
        let minor = minor.split('.').next().unwrap_or_default();
        let mut flags = "-s -w".to_owned();
        for package in ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"] {
            for (name, value) in
                [("gitVersion", version.as_str()), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
            {
                flags.push_str(&format!(" -X {package}.{name}={value}"));
            }
        }
        let build = cmd!(shell, "{go} build -C {module} -trimpath -ldflags {flags} -o {out}/ ./kubernetes ./pause");
        build.env("CGO_ENABLED", "0").quiet().run()?;
        for name in daemons::PROGRAMS {
            std::os::unix::fs::symlink("kubernetes", out.join(name))?;
        }
        Ok(())
    })
}

fn start(shell: &Shell, programs: &Path) -> anyhow::Result<()> {
    for folder in ["pki", "logs", "pids", "cni", "kubelet"] {
        std::fs::create_dir_all(state().join(folder))?;
    }
    std::os::unix::fs::symlink(programs, state().join("bin"))?;
    files::write()?;
    pki::write()?;
    teardown::remember_machine()?;
    network::make(shell)?;
    daemons::start(shell, &pause_image(programs)?)
}

/// The image of every pod's sandbox.
fn pause_image(programs: &Path) -> anyhow::Result<PathBuf> {
    let program = std::fs::read(programs.join("pause"))?;
    let entries = vec![("pause".to_owned(), Entry::Program(program))];
    let created = "1970-01-01T00:00:00Z";
    let image =
        image_of(PAUSE.to_owned(), Arch::Amd64, entries, vec!["/pause"], Vec::new(), serde_json::json!({}), created);
    Ok(write(&image, state(), Arch::Amd64, None)?.archive)
}
