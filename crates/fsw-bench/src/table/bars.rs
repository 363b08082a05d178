//! What was to be reached, and whether it was.

use super::report::{Bar, PressureReport, Report};

/// The bars of whatever was measured.
pub(crate) fn bars(report: &Report) -> Vec<Bar> {
    let pressure = report.pressure.iter().filter(|pressure| pressure.lane == "this webhook");
    let lists = [steady(report), cold(report), memory(report), pressure.filter_map(trouble).collect()];
    lists.into_iter().flatten().collect()
}

fn bar(bar: &'static str, measured: String, is_met: bool) -> Bar {
    Bar { bar, measured, is_met }
}

fn steady(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    let Some(w1) = report.ours("W1") else { return bars };
    let (cpu, per_second) = (w1.cpu_per_1000, w1.per_second);
    bars.push(bar("W1: at most 0.06 CPU s per 1000", format!("{cpu:.3}"), cpu <= 0.06));
    bars.push(bar("W1: at least 10,000 a second", format!("{per_second:.0}"), per_second >= 10_000.0));
    if let Some(alone) = w1.at_1 {
        let p99 = alone.p99;
        bars.push(bar("W1: p99 at 1 connection at most 0.4 ms", format!("{p99:.3} ms"), p99 <= 0.4));
    }
    if let Some(w5o) = report.ours("W5o") {
        let factor = w5o.cpu_per_1000 / cpu;
        bars.push(bar("W5o: no AWS call", format!("{} calls", w5o.calls), w5o.calls == 0));
        bars.push(bar("W5o: at most 1.5 times W1's CPU", format!("{factor:.2} times"), factor <= 1.5));
    }
    bars
}

fn cold(report: &Report) -> Vec<Bar> {
    let mut bars = Vec::new();
    if let Some(c5o) = report.ours("C5o")
        && let Some(alone) = c5o.at_1
    {
        // Three round trips of about 6.3 ms.
        let p50 = alone.p50;
        bars.push(bar("C5o: at most 3 round trips deep (p50 at 1 below 25 ms)", format!("{p50:.1} ms"), p50 < 25.0));
    }
    if let Some(c5e) = report.ours("C5e")
        && let Some(alone) = c5e.at_1
    {
        let p50 = alone.p50;
        let text = "C5o with `lookup: eager`: 1 round trip deep (p50 at 1 below 12 ms)";
        bars.push(bar(text, format!("{p50:.1} ms"), p50 < 12.0));
    }
    let bursts = [
        ("B5p", "burst, project: one call for each id", 5, 1.0),
        ("B5o", "burst, organization: one call for each id", 25, 3.0),
    ];
    for (name, text, ids, depth) in bursts {
        let Some(burst) = report.ours(name) else { continue };
        bars.push(bar(text, format!("{} calls for {ids} ids", burst.calls), burst.calls == ids));
        let beyond = burst.wall - depth * 0.0063;
        bars.push(bar("burst: wall below 0.2 s beyond AWS's latency", format!("{beyond:.3} s"), beyond < 0.2));
    }
    bars
}

fn memory(report: &Report) -> Vec<Bar> {
    let Some(ours) = report.lanes.first().filter(|lane| !lane.cases.is_empty()) else { return Vec::new() };
    let peak = ours.peak_mib;
    vec![bar("peak RSS at most 40 MiB", format!("{peak:.1} MiB"), peak <= 40.0)]
}

fn trouble(measured: &PressureReport) -> Option<Bar> {
    let PressureReport { pods, admitted, longest_answer_ms, peak_mib, rss_mib: [half, end], .. } = measured;
    let all = *admitted == *pods as u64;
    let admitted = format!("{admitted} of {pods}");
    Some(match measured.name {
        "rough" => bar("20 % throttled or failing: none refused", admitted, all),
        "outage" => bar("down for 20 s: every pod is admitted", admitted, all),
        "down" => {
            let turned_away = measured.turned_away;
            let is_met = turned_away == *pods as u64 && *longest_answer_ms < 10_000.0;
            let text =
                format!("{turned_away} of {pods}, the last after {longest_answer_ms:.0} ms, {half:.1} → {end:.1} MiB");
            bar("down for good: each 429 with retryAfterSeconds in time", text, is_met)
        }
        "full" => {
            let is_met = all && *peak_mib <= 96.0 && end - half < 4.0;
            let text = format!("{peak_mib:.1} MiB at its peak, {half:.1} → {end:.1} MiB, {admitted} admitted");
            bar("100,000 secrets of 1 KiB, cache at 32 MiB: at most 96 MiB and flat", text, is_met)
        }
        _ => return None,
    })
}
