//! The cases of one server.

use super::Bench;
use super::case::{Case, Shape};
use super::lane::{Lane, Server};
use super::report::{CaseReport, LaneReport};
use crate::aws::Calls;
use crate::load::{Load, Patience, Ready, Tally};
use crate::output::note;
use crate::process::{cpu, machine, memory};

/// How many connections share a steady load.
const CONNECTIONS: usize = 32;
/// A burst is so many pods.
const BURST: usize = 500;
/// So many reviews come before a warm case is measured.
const WARM_UP: u64 = 500;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    warm: u64,
    cold: u64,
    pub(crate) pods_of_pressure: usize,
    pub(crate) distinct_pods: u64,
}

impl Sizes {
    pub(crate) const FULL: Self = Self { warm: 40_000, cold: 1_000, pods_of_pressure: 600, distinct_pods: 20_000 };
    pub(crate) const QUICK: Self = Self { warm: 4_000, cold: 100, pods_of_pressure: 60, distinct_pods: 2_000 };
}

/// What a process used while something was done.
pub(crate) struct Used {
    pub(crate) cpu: f64,
    /// Processors that neither it, nor the fake AWS, nor the generator had.
    pub(crate) others: f64,
    pub(crate) calls: Calls,
}

/// All cases of one server, which is started once for each way to set it up, so that its memory is that of all loads
/// together.
pub(crate) async fn lane(lane: &Lane, cases: &[&Case], bench: &Bench, sizes: Sizes) -> anyhow::Result<LaneReport> {
    let mut report = LaneReport::new(lane.name());
    let is_for_lane = |case: &&Case| match lane {
        Lane::Ours(_) => true,
        Lane::Other(_) => case.settings.ours.is_empty(),
        Lane::Floor | Lane::ParsingFloor => case.name == "W1",
    };
    let mut rest: Vec<_> = cases.iter().copied().filter(is_for_lane).collect();
    while let Some(settings) = rest.first().map(|case| case.settings) {
        let cases: Vec<_> = rest.extract_if(.., |case| case.settings == settings).collect();
        let server = lane.start(settings, bench).await?;
        report.idle_mib = report.idle_mib.max(memory(server.process.pid).0);
        for case in cases {
            let measured = match case.shape {
                Shape::Steady => steady(case, &server, bench, sizes).await?,
                Shape::Burst => burst(case, &server, bench).await?,
            };
            let (_, peak) = memory(server.process.pid);
            note(format_args!("{}: {measured}, peak {peak:.1} MiB", case.name));
            report.cases.push(CaseReport { peak_mib: peak, ..measured });
            report.peak_mib = report.peak_mib.max(peak);
        }
    }
    Ok(report)
}

async fn steady(case: &Case, server: &Server, bench: &Bench, sizes: Sizes) -> anyhow::Result<CaseReport> {
    let (reviews, warm_up) = if case.is_warm() { (sizes.warm, WARM_UP) } else { (sizes.cold, 0) };
    let load = |connections, reviews| {
        let pods = case.pods();
        Load { pods, connections, reviews, warm_up, patience: Patience::None }
    };
    let (alone, _) = run(&load(1, reviews / 10), server, bench).await?;
    let (many, used) = run(&load(CONNECTIONS, reviews), server, bench).await?;
    let mut report = CaseReport::new(case.name, &many, &used);
    report.at_1 = Some(alone.decisions());
    alone.bad.into_iter().for_each(|(what, count)| *report.faults.entry(what).or_default() += count);
    Ok(report)
}

async fn burst(case: &Case, server: &Server, bench: &Bench) -> anyhow::Result<CaseReport> {
    let (connections, reviews) = (BURST, u64::try_from(BURST)?);
    let load = Load { pods: case.pods(), connections, reviews, warm_up: 0, patience: Patience::None };
    let (all, used) = run(&load, server, bench).await?;
    Ok(CaseReport::new(case.name, &all, &used))
}

/// Makes a load and says what was used for it, without what opening the connections and warming up took.
pub(crate) async fn run(load: &Load, server: &Server, bench: &Bench) -> anyhow::Result<(Tally, Used)> {
    let ready = Ready::open(&server.target, load).await?;
    let calls = bench.aws.calls().await?;
    let (pid, generator) = (server.process.pid, std::process::id());
    let aws = bench.aws_process.as_ref().map(|process| process.pid);
    let ours = || cpu(pid) + cpu(generator) + aws.map_or(0.0, cpu);
    let before = (cpu(pid), ours(), machine());
    let tally = ready.run().await?;
    let after = (cpu(pid), ours(), machine());
    let others = ((after.2 - before.2) - (after.1 - before.1)).max(0.0) / tally.wall;
    let used = Used { cpu: after.0 - before.0, others, calls: bench.aws.calls().await?.since(calls) };
    Ok((tally, used))
}
