//! The table: every case on every server, side by side.

mod bars;
mod case;
mod lane;
mod measure;
mod pressure;
mod report;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use tempfile::TempDir;
use tokio::process::Command;

use crate::aws::{Control, FAIR};
use crate::load::{Load, Patience, Ready, Target};
use crate::output::{note, print};
use crate::process::{Process, free_port};
use case::{CASES, Case};
use lane::Lane;
use measure::Sizes;
use report::{Lines, Report};

#[derive(Debug, Args)]
pub(crate) struct TableArgs {
    /// The webhook to measure.
    #[arg(long, value_name = "PROGRAM")]
    webhook: PathBuf,
    /// Only these cases; may be given several times.
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Another server that speaks the same contract, started by a shell; {port}, {ca} (the file that it writes its
    /// authority to), {aws} (a URL) and {manager} are filled in.
    #[arg(long, value_name = "COMMAND")]
    against: Option<String>,
    /// Where to write the result as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A tenth of the reviews: to see that it works, not to measure.
    #[arg(long)]
    quick: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// The case.
    #[arg(long)]
    case: String,
    /// Where the server listens, at 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// The certificate to trust (PEM).
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,
    /// How many connections.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// How many reviews.
    #[arg(long, default_value_t = 10_000)]
    reviews: u64,
}

/// What all measurements share.
struct Bench {
    folder: TempDir,
    aws: Control,
    aws_process: Option<Process>,
}

impl Bench {
    async fn new() -> anyhow::Result<Self> {
        let aws = Control { port: free_port()? };
        let mut bench = Self { folder: tempfile::tempdir()?, aws, aws_process: None };
        bench.start_aws().await?;
        Ok(bench)
    }

    /// Starts the fake AWS, at the port that it had before.
    async fn start_aws(&mut self) -> anyhow::Result<()> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["aws", "--port", &self.aws.port.to_string()]);
        let mut process = Process::start(&mut command, &self.folder.path().join("aws.log"))?;
        process.listens(self.aws.port).await?;
        self.aws_process = Some(process);
        self.aws.set(FAIR).await
    }

    /// Ends it, as an outage does: whoever is connected is cut off.
    fn stop_aws(&mut self) {
        self.aws_process = None;
    }
}

/// Measures and prints.
pub(crate) async fn table(args: &TableArgs) -> anyhow::Result<()> {
    let names = CASES.iter().map(|case| case.name).chain(pressure::NAMES);
    let names: Vec<_> = names.collect();
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(&name.as_str())) {
        bail!("there is no case {unknown}; there are {}", names.join(", "));
    }
    let is_wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|wanted| wanted == name);
    let sizes = if args.quick { Sizes::QUICK } else { Sizes::FULL };
    let mut bench = Bench::new().await?;
    let mut report = Report::new();
    let cases: Vec<&Case> = CASES.iter().filter(|case| is_wanted(case.name)).collect();
    for lane in Lane::all(&args.webhook, args.against.as_deref()) {
        note(format_args!("── {}", lane.name()));
        report.lanes.push(measure::lane(&lane, &cases, &bench, sizes).await?);
    }
    for lane in Lane::webhooks(&args.webhook, args.against.as_deref()) {
        for name in pressure::NAMES.into_iter().filter(|name| is_wanted(name)) {
            note(format_args!("── {}: {name}", lane.name()));
            report.pressure.push(pressure::measure(name, &lane, &mut bench, sizes).await?);
        }
    }
    report.bars = bars::bars(&report);
    print(Lines(&report));
    if let Some(path) = &args.json {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The load of one case on a server that runs already.
pub(crate) async fn load(args: &LoadArgs) -> anyhow::Result<()> {
    let case = CASES.iter().find(|case| case.name == args.case).context("there is no such case")?;
    let target = Target::new(args.port, &args.ca)?;
    let LoadArgs { connections, reviews, .. } = *args;
    let warm_up = if case.is_warm() { 100 } else { 0 };
    let load = Load { pods: case.pods(), connections, reviews, warm_up, patience: Patience::None };
    let tally = Ready::open(&target, &load).await?.run().await?;
    let spread = tally.decisions();
    print(format_args!(
        "{} of {} admitted; {:.0} a second; p50 {:.3} ms, p99 {:.3} ms; patches of {} bytes",
        tally.admitted,
        tally.pods(),
        tally.pods() as f64 / tally.wall,
        spread.p50,
        spread.p99,
        tally.patch(),
    ));
    tally.bad.iter().for_each(|(what, count)| print(format_args!("{count} times: {what}")));
    Ok(())
}
