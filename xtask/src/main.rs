//! Tasks of this project, run as `cargo xtask TASK`.

mod chart;
mod ci;
mod demo;
mod go;
mod house;
mod packages;
mod say;

use clap::{Parser, Subcommand};
use xshell::Shell;

#[derive(Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Show the main job: real Flyte pods get their secrets, without a cluster and without AWS.
    Demo {
        /// Run the release build, for its numbers.
        #[arg(long)]
        release: bool,
    },
    /// Check everything that needs no cluster: format, lints, tests, docs, licences.
    Ci,
    /// Check the Helm chart and the plain manifests; with BLESS=1 write the manifests.
    Chart,
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Demo { release } => demo::demo(release),
        Task::Ci => ci::ci(),
        Task::Chart => chart::chart(&Shell::new()?),
    }
}
