//! Tests on a real cluster. Nothing is faked but the AWS account: each check creates what a user would create, and looks
//! at it from inside a running container.

mod aws;
mod checks;
mod hook;
mod kubectl;
mod pods;
mod task;
mod webhook;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::checks::Check;
use crate::world::World;
use fsw_testkit::say::{BAD, GOOD, QUIET, say};

#[derive(Debug, Parser)]
#[command(name = "fsw-e2e", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install into a cluster and check.
    Run(Box<Run>),
    /// Be another webhook of the cluster, which writes pods anew.
    Hook(hook::Args),
}

/// Where everything is that the checks need; `cargo xtask e2e` makes it.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[arg(long)]
    pub(crate) kubeconfig: PathBuf,
    #[arg(long)]
    pub(crate) kubectl: PathBuf,
    #[arg(long)]
    pub(crate) helm: PathBuf,
    /// Folder of the Helm chart.
    #[arg(long)]
    pub(crate) chart: PathBuf,
    /// Folder of a Python environment with flytekit and flyte; without it these are not checked.
    #[arg(long)]
    pub(crate) python: Option<PathBuf>,
    /// Where the nodes see this machine's files.
    #[arg(long, default_value = "/")]
    pub(crate) host_root: PathBuf,
    /// Only checks whose name contains this.
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
    /// Only that it can be installed, serves a pod in each way, and goes without a trace.
    #[arg(long)]
    pub(crate) smoke: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match args.command {
        Command::Hook(args) => runtime.block_on(hook::serve(args)).map(|()| ExitCode::SUCCESS),
        Command::Run(args) => runtime.block_on(run(&args)),
    }
}

async fn run(args: &Run) -> anyhow::Result<ExitCode> {
    let since = Instant::now();
    let world = World::new(args).await?;
    world.set_up().await?;
    say(QUIET, format_args!("       {:>6.1} s  AWS emulator and webhook installed", since.elapsed().as_secs_f64()));
    let (mut passed, mut failed) = (0, Vec::new());
    let checks = checks::all();
    let is_wanted = |check: &Check| check.name.contains(&args.filter) && (!args.smoke || check.is_smoke);
    for (n, check) in checks.iter().enumerate() {
        // What changes the installation is done for those that follow.
        let is_needed = check.is_step && checks[n + 1..].iter().any(|check| !check.is_step && is_wanted(check));
        if !is_wanted(check) && !is_needed {
            continue;
        }
        let start = Instant::now();
        let result = (check.run)(&world).await;
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(seen) => {
                passed += 1;
                say(GOOD, format_args!("ok     {seconds:>6.1} s  {}{}", check.name, seen.suffix()));
            }
            Err(error) => {
                say(BAD, format_args!("FAILED {seconds:>6.1} s  {}", check.name));
                say(QUIET, format!("{error:#}").lines().map(|line| format!("       {line}\n")).collect::<String>());
                world.explain_webhook().await;
                failed.push(check.name);
            }
        }
    }
    let minutes = since.elapsed().as_secs_f64() / 60.0;
    say(
        if failed.is_empty() { GOOD } else { BAD },
        format_args!("{passed} passed, {} failed, in {minutes:.1} minutes", failed.len()),
    );
    for name in &failed {
        say(BAD, format_args!("FAILED  {name}"));
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
