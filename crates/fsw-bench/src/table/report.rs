//! What was measured, for machines and for people.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::case::{CASES, Case, GO_MEMORY};
use super::measure::Used;
use crate::load::{Spread, Tally};

/// All that was measured in one run.
#[derive(Serialize)]
pub(crate) struct Report {
    machine: String,
    processors: usize,
    pub(crate) lanes: Vec<LaneReport>,
    pub(crate) pressure: Vec<PressureReport>,
    pub(crate) bars: Vec<Bar>,
}

/// One server.
#[derive(Serialize)]
pub(crate) struct LaneReport {
    pub(crate) name: &'static str,
    pub(crate) idle_mib: f64,
    pub(crate) peak_mib: f64,
    pub(crate) cases: Vec<CaseReport>,
}

/// One case on one server.
#[derive(Serialize)]
pub(crate) struct CaseReport {
    pub(crate) name: &'static str,
    /// Times in ms at one connection.
    pub(crate) at_1: Option<Spread>,
    /// Times in ms at all connections.
    pub(crate) at_all: Spread,
    pub(crate) per_second: f64,
    pub(crate) cpu_per_1000: f64,
    pub(crate) calls: u64,
    pub(crate) calls_per_pod: f64,
    /// In seconds.
    pub(crate) wall: f64,
    /// Processors that somebody else used meanwhile.
    pub(crate) others: f64,
    pub(crate) pods: usize,
    pub(crate) admitted: u64,
    pub(crate) faults: BTreeMap<String, u64>,
    /// Of the process up to here, in MiB.
    pub(crate) peak_mib: f64,
}

/// One time of trouble on one server.
#[derive(Serialize)]
pub(crate) struct PressureReport {
    pub(crate) name: &'static str,
    pub(crate) lane: &'static str,
    pub(crate) story: &'static str,
    pub(crate) pods: usize,
    pub(crate) admitted: u64,
    /// Answers, of which a pod may have had several.
    pub(crate) answers: usize,
    pub(crate) longest_answer_ms: f64,
    pub(crate) wall: f64,
    pub(crate) calls: u64,
    /// In MiB: halfway and at the end, and the most.
    pub(crate) rss_mib: [f64; 2],
    pub(crate) peak_mib: f64,
    pub(crate) turned_away: u64,
    pub(crate) faults: BTreeMap<String, u64>,
}

/// What was to be reached.
#[derive(Serialize)]
pub(crate) struct Bar {
    pub(crate) bar: &'static str,
    pub(crate) measured: String,
    pub(crate) is_met: bool,
}

impl Report {
    pub(crate) fn new() -> Self {
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim()));
        Self {
            machine: model.unwrap_or("unknown").to_owned(),
            processors: std::thread::available_parallelism().map_or(0, Into::into),
            lanes: Vec::new(),
            pressure: Vec::new(),
            bars: Vec::new(),
        }
    }

    /// A case of this project's webhook.
    pub(crate) fn ours(&self, name: &str) -> Option<&CaseReport> {
        self.lanes.first()?.case(name)
    }
}

impl LaneReport {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, idle_mib: 0.0, peak_mib: 0.0, cases: Vec::new() }
    }

    fn case(&self, name: &str) -> Option<&CaseReport> {
        self.cases.iter().find(|case| case.name == name)
    }
}

impl CaseReport {
    pub(crate) fn new(name: &'static str, tally: &Tally, used: &Used) -> Self {
        let (pods, calls) = (tally.pods() as f64, used.calls.all());
        Self {
            name,
            at_1: None,
            at_all: tally.decisions(),
            per_second: pods / tally.wall,
            cpu_per_1000: used.cpu / pods * 1000.0,
            calls,
            calls_per_pod: calls as f64 / pods,
            wall: tally.wall,
            others: used.others,
            pods: tally.pods(),
            admitted: tally.admitted,
            faults: tally.bad.clone(),
            peak_mib: 0.0,
        }
    }
}

impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Spread { p50, p99, .. }) = self.at_1 {
            write!(f, "{p50:.2} / {p99:.2} ms, ")?;
        }
        let Self { per_second, cpu_per_1000, calls, wall, others, .. } = self;
        write!(f, "{per_second:.0} a second, {cpu_per_1000:.3} CPU s per 1000, {calls} calls in {wall:.2} s, ")?;
        write!(f, "{others:.2} processors used by others")?;
        let missing = self.pods as u64 - self.admitted;
        if missing > 0 { write!(f, ", {missing} NOT ADMITTED: {:?}", self.faults) } else { Ok(()) }
    }
}

/// The report as people read it: tables in Markdown.
pub(crate) struct Lines<'a>(pub(crate) &'a Report);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { machine, processors, lanes, pressure, bars } = self.0;
        writeln!(f, "{machine}, {processors} processors")?;
        if lanes.iter().any(|lane| !lane.cases.is_empty()) {
            table(f, lanes)?;
        }
        for measured in pressure {
            writeln!(f, "\n{measured}")?;
        }
        writeln!(f)?;
        for Bar { bar, measured, is_met } in bars {
            writeln!(f, "{} {bar}: {measured}", if *is_met { "met    " } else { "NOT MET" })?;
        }
        Ok(())
    }
}

fn table(f: &mut fmt::Formatter<'_>, lanes: &[LaneReport]) -> fmt::Result {
    writeln!(f, "\n| case | server | p50 / p99 ms at 1 | a second at 32 | CPU s per 1000 | AWS calls per pod |")?;
    writeln!(f, "|---|---|---|---|---|---|")?;
    for case in CASES.iter().filter(|case| lanes.iter().any(|lane| lane.case(case.name).is_some())) {
        go(f, case)?;
        for lane in lanes {
            lane.case(case.name).map_or(Ok(()), |measured| row(f, lane.name, measured))?;
        }
    }
    writeln!(f, "| memory, idle → peak | Go webhook | {GO_MEMORY} | | | |")?;
    for LaneReport { name, idle_mib, peak_mib, .. } in lanes.iter().filter(|lane| !lane.cases.is_empty()) {
        writeln!(f, "| | {name} | {idle_mib:.1} → {peak_mib:.1} MiB | | | |")?;
    }
    Ok(())
}

fn go(f: &mut fmt::Formatter<'_>, case: &Case) -> fmt::Result {
    let per_second = case.go.per_second.map(|number| number.to_string()).unwrap_or_default();
    let cpu = case.go.cpu.map(|cpu| format!("{cpu:.2}")).unwrap_or_default();
    let Case { name, story, .. } = case;
    writeln!(f, "| {name}: {story} | Go webhook | {} | {per_second} | {cpu} | {} |", case.go.latency, case.go.calls)
}

fn row(f: &mut fmt::Formatter<'_>, lane: &str, measured: &CaseReport) -> fmt::Result {
    let CaseReport { at_1, per_second, cpu_per_1000, calls, calls_per_pod, wall, .. } = measured;
    match at_1 {
        Some(Spread { p50, p99, .. }) => {
            writeln!(f, "| | {lane} | {p50:.3} / {p99:.3} | {per_second:.0} | {cpu_per_1000:.3} | {calls_per_pod:.2} |")
        }
        None => writeln!(f, "| | {lane} | wall {wall:.3} s | {per_second:.0} | {cpu_per_1000:.3} | {calls} in all |"),
    }
}

impl fmt::Display for PressureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, lane, story, pods, admitted, answers, longest_answer_ms, wall, calls, .. } = self;
        let [half, end] = self.rss_mib;
        write!(
            f,
            "{name}, {lane}: {story}\n  {admitted} of {pods} pods admitted, {answers} answers, the longest after "
        )?;
        write!(f, "{longest_answer_ms:.0} ms, {wall:.1} s in all, {calls} calls to AWS; RSS {half:.1} MiB halfway, ")?;
        write!(f, "{end:.1} MiB at the end, {:.1} MiB at its peak", self.peak_mib)?;
        if self.faults.is_empty() { Ok(()) } else { write!(f, "; faults: {:?}", self.faults) }
    }
}
