//! `cargo xtask cluster`: a cluster to try things in. Providers differ only in up, down and load; everything else sees a
//! kubeconfig.

mod kind;
mod local;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use xshell::{Shell, cmd};

use fsw_testkit::say::{GOOD, QUIET, say};

#[derive(Debug, Subcommand)]
pub(crate) enum ClusterTask {
    /// Make a cluster and say how to use it.
    Up(ClusterArgs),
    /// Remove it and everything that it left on this machine.
    Down(ClusterArgs),
    /// Say whether it runs.
    Status(ClusterArgs),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct ClusterArgs {
    /// Where the cluster runs; kind where Docker and kind are found, otherwise local.
    #[arg(long, value_enum)]
    pub(crate) provider: Option<Provider>,
    /// Image of kind's nodes; without it, kind's own default.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) node_image: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Provider {
    /// Nodes are Docker containers; needs Docker and kind.
    Kind,
    /// Kubernetes itself, on this machine, in a network of its own; needs Linux and root.
    Local,
}

/// A cluster that runs.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    provider: Provider,
    pub(crate) kubeconfig: PathBuf,
    /// The program, where the provider brings its own.
    pub(crate) kubectl: PathBuf,
}

impl ClusterArgs {
    pub(crate) fn provider(&self, shell: &Shell) -> Provider {
        self.provider.unwrap_or_else(|| if kind::is_here(shell) { Provider::Kind } else { Provider::Local })
    }
}

impl Cluster {
    /// Makes a fresh cluster.
    pub(crate) fn up(shell: &Shell, args: &ClusterArgs) -> anyhow::Result<Self> {
        let provider = args.provider(shell);
        let (kubeconfig, kubectl) = match provider {
            Provider::Kind => kind::up(shell, args.node_image.as_deref())?,
            Provider::Local => local::up(shell)?,
        };
        Ok(Self { provider, kubeconfig, kubectl })
    }

    /// Puts an image where its pods find it.
    pub(crate) fn load(&self, shell: &Shell, archive: &Path) -> anyhow::Result<()> {
        match self.provider {
            Provider::Kind => kind::load(shell, archive),
            Provider::Local => local::load(shell, archive),
        }
    }

    /// Where its nodes see this machine's files.
    pub(crate) fn host_root(&self) -> &'static str {
        match self.provider {
            Provider::Kind => kind::HOST_ROOT,
            Provider::Local => "/",
        }
    }

    pub(crate) fn down(shell: &Shell, provider: Provider) -> anyhow::Result<()> {
        match provider {
            Provider::Kind => kind::down(shell),
            Provider::Local => local::down(shell),
        }
    }
}

pub(crate) fn cluster(task: &ClusterTask) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    match task {
        ClusterTask::Up(args) => {
            let Cluster { kubeconfig, kubectl, .. } = Cluster::up(&shell, args)?;
            say(GOOD, "the cluster runs; use it with");
            say(QUIET, format_args!("   export KUBECONFIG={}", kubeconfig.display()));
            say(QUIET, format_args!("   {} get nodes", kubectl.display()));
        }
        ClusterTask::Down(args) => {
            Cluster::down(&shell, args.provider(&shell))?;
            say(GOOD, "the cluster is gone");
        }
        ClusterTask::Status(args) => {
            let (kubeconfig, kubectl) = match args.provider(&shell) {
                Provider::Kind => kind::place(),
                Provider::Local => local::place(),
            };
            if !kubeconfig.exists() {
                say(QUIET, "no cluster");
                return Ok(());
            }
            cmd!(shell, "{kubectl} --kubeconfig {kubeconfig} get nodes,pods --all-namespaces").quiet().run()?;
        }
    }
    Ok(())
}

/// Waits until `check` succeeds; what it says at last is the error.
fn wait(what: &str, seconds: u64, mut check: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    loop {
        match check() {
            Ok(()) => return Ok(()),
            Err(error) if std::time::Instant::now() >= deadline => {
                return Err(error.context(format!("{what}: not within {seconds} s")));
            }
            Err(_) => pause(),
        }
    }
}

/// A moment, before something that others do is looked at again.
#[allow(clippy::disallowed_methods, reason = "daemons say by nothing but their state that they have started or ended")]
fn pause() {
    std::thread::sleep(std::time::Duration::from_millis(100));
}
