//! Tasks of this project, run as `cargo xtask TASK`.

mod bench;
mod chart;
mod ci;
mod cluster;
mod demo;
mod e2e;
mod go;
mod house;
mod image;
mod packages;
mod tools;

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
    /// Measure the webhook against a fake AWS, beside Flyte's own and the least that any could cost.
    Bench(bench::BenchArgs),
    /// Check the Helm chart and the plain manifests; with BLESS=1 write the manifests.
    Chart,
    /// Build the container images, without a daemon; load or push them when asked.
    Image(image::ImageArgs),
    /// Install into a fresh cluster and check everything there.
    E2e(e2e::E2eArgs),
    /// A Kubernetes to try things in.
    #[command(subcommand)]
    Cluster(cluster::ClusterTask),
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Demo { release } => demo::demo(release),
        Task::Ci => ci::ci(),
        Task::Bench(args) => bench::bench(&args),
        Task::Chart => chart::chart(&Shell::new()?),
        Task::Image(args) => image::image(&args),
        Task::E2e(args) => e2e::e2e(&args),
        Task::Cluster(task) => cluster::cluster(&task),
    }
}
