//! Times of trouble: AWS throttles or fails, is down for a while, is down for good; more secrets than the cache holds.

use std::time::Duration;

use anyhow::bail;
use tokio::time::sleep;

use super::Bench;
use super::case::{Manager, Settings};
use super::lane::{Lane, Server};
use super::measure::{Sizes, run};
use super::report::PressureReport;
use crate::aws::{FAIR, Weather};
use crate::load::{Load, Mount, Patience, Pods, Scope, Sets, Tally};
use crate::process::memory;

const ROUGH: &str = "rough";
const OUTAGE: &str = "outage";
const DOWN: &str = "down";
const FULL: &str = "full";

/// The cases, in their order.
pub(crate) const NAMES: [&str; 4] = [ROUGH, OUTAGE, DOWN, FULL];

/// AWS is down for so long.
const LONG: Duration = Duration::from_secs(20);
/// So many pods wait for it.
const WAITING: usize = 200;

/// So many connections ask for more secrets than the cache holds.
const CONNECTIONS: usize = 32;

/// What came of a load, and of the server's memory.
struct Measured {
    tally: Tally,
    calls: u64,
    rss: [f64; 2],
}

/// Measures one case on a server of its own.
pub(crate) async fn measure(
    name: &'static str,
    lane: &Lane,
    bench: &mut Bench,
    sizes: Sizes,
) -> anyhow::Result<PressureReport> {
    let ours: &[&str] = if name == FULL { &["secretsWebhook.cache.maxSize=32Mi"] } else { &[] };
    let server = lane.start(Settings { manager: Manager::Embedded, ours }, bench).await?;
    let (story, measured) = match name {
        ROUGH => ("10 % of calls are throttled and 10 % fail; pods with 5 cold secrets each, all at once", {
            rough(&server, bench, sizes.pods_of_pressure).await?
        }),
        OUTAGE => ("AWS is down for 20 s; pods with 5 cold secrets each, 10 s deadline, clients heed Retry-After", {
            outage(&server, bench).await?
        }),
        DOWN => ("AWS is down for good; two times 200 pods, each asked for once", down(&server, bench).await?),
        FULL => ("distinct secrets of 1 KiB, 5 a pod, the cache bounded at 32 MiB", {
            full(&server, bench, sizes.distinct_pods).await?
        }),
        _ => bail!("there is no case {name}"),
    };
    let Measured { tally, calls, rss } = measured;
    Ok(PressureReport {
        name,
        lane: lane.name(),
        story,
        pods: tally.pods(),
        admitted: tally.admitted,
        answers: tally.answers(),
        longest_answer_ms: tally.all_answers().longest,
        wall: tally.wall,
        calls,
        rss_mib: rss,
        peak_mib: memory(server.process.pid).1,
        turned_away: tally.turned_away,
        faults: tally.bad,
    })
}

/// So many pods at once, each with secrets of its own.
fn all_at_once(pods: usize, patience: Patience) -> Load {
    let reviews = pods as u64;
    Load { pods: cold(), connections: pods, reviews, warm_up: 0, patience }
}

fn cold() -> Pods {
    Pods::new(5, Scope::Project, Mount::EnvVar, Sets::OneForEachPod)
}

async fn rough(server: &Server, bench: &Bench, pods: usize) -> anyhow::Result<Measured> {
    bench.aws.set(Weather { throttled: 100, failing: 100, ..FAIR }).await?;
    let measured = once(&all_at_once(pods, Patience::RetryAfter), server, bench).await;
    bench.aws.set(FAIR).await?;
    measured
}

async fn outage(server: &Server, bench: &mut Bench) -> anyhow::Result<Measured> {
    bench.stop_aws();
    let load = all_at_once(WAITING, Patience::RetryAfter);
    let ready = crate::load::Ready::open(&server.target, &load).await?;
    let back = async {
        sleep(LONG).await;
        bench.start_aws().await
    };
    let (tally, back) = tokio::join!(ready.run(), back);
    back?;
    let calls = bench.aws.calls().await?.all();
    let rss = memory(server.process.pid).0;
    Ok(Measured { tally: tally?, calls, rss: [rss; 2] })
}

async fn down(server: &Server, bench: &mut Bench) -> anyhow::Result<Measured> {
    bench.stop_aws();
    let load = all_at_once(WAITING, Patience::None);
    let ask = async || crate::load::Ready::open(&server.target, &load).await?.run().await;
    ask().await?;
    let half = memory(server.process.pid).0;
    let tally = ask().await?;
    bench.start_aws().await?;
    Ok(Measured { tally, calls: 0, rss: [half, memory(server.process.pid).0] })
}

async fn full(server: &Server, bench: &Bench, pods: u64) -> anyhow::Result<Measured> {
    bench.aws.set(Weather { value_length: 1024, ..FAIR }).await?;
    let half =
        Load { pods: cold(), connections: CONNECTIONS, reviews: pods / 2, warm_up: 0, patience: Patience::RetryAfter };
    let first = once(&half, server, bench).await?;
    let second = once(&Load { pods: cold(), ..half }, server, bench).await?;
    bench.aws.set(FAIR).await?;
    let rss = [first.rss[1], second.rss[1]];
    Ok(Measured { tally: first.tally.and(second.tally), calls: first.calls + second.calls, rss })
}

async fn once(load: &Load, server: &Server, bench: &Bench) -> anyhow::Result<Measured> {
    let (tally, used) = run(load, server, bench).await?;
    let rss = memory(server.process.pid).0;
    Ok(Measured { tally, calls: used.calls.all(), rss: [rss; 2] })
}
