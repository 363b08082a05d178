//! Durations as Go writes them: `30s`, `1m30s`, `250ms`.

use std::time::Duration;

use serde::Serializer;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Longest first where one begins with the other. Go knows both code points of the micro sign.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", NANOS_PER_SECOND),
    ("m", 60 * NANOS_PER_SECOND),
    ("h", 3_600 * NANOS_PER_SECOND),
];

/// What Go's `time.ParseDuration` accepts, without a minus sign.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut nanos: u128 = 0;
    loop {
        let (amount, after) = term(rest)?;
        nanos = nanos.checked_add(amount)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    // Go counts nanoseconds in an int64: 292 years.
    i64::try_from(nanos).ok().and_then(|nanos| u64::try_from(nanos).ok()).map(Duration::from_nanos)
}

/// One `1.5h`, in nanoseconds, and what follows it.
fn term(text: &str) -> Option<(u128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (unit, rest) = UNITS.iter().find_map(|(name, unit)| Some((*unit, rest.strip_prefix(name)?)))?;
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    // An hour has 13 digits of nanoseconds, so more than 13 digits of a fraction say nothing.
    let fraction = &fraction[..fraction.len().min(13)];
    let part = match fraction {
        "" => 0,
        digits => digits.parse::<u128>().ok()? * unit / 10_u128.pow(u32::try_from(digits.len()).ok()?),
    };
    Some((whole.checked_mul(unit)?.checked_add(part)?, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The same duration for [`parse`]: `1m30s`, `250ms`, `0s`.
pub(crate) fn format(duration: Duration) -> String {
    let mut rest = duration.as_nanos();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for name in ["h", "m", "s", "ms", "us", "ns"] {
        let Some((_, unit)) = UNITS.iter().find(|(unit, _)| *unit == name) else { continue };
        if rest >= *unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    text
}

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

pub(crate) fn serialize_some<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serialize(duration, serializer),
        None => serializer.serialize_none(),
    }
}

/// Flyte's `webhookTimeout` is an int32 of seconds; written so, Flyte can read our output too.
pub(crate) fn serialize_seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expected: Expect) {
        let lines = texts.iter().map(|text| match parse(text) {
            Some(duration) => {
                assert_eq!(parse(&format(duration)), Some(duration), "{text}");
                format!("{text:?} {} ns, written {}\n", duration.as_nanos(), format(duration))
            }
            None => format!("{text:?} invalid\n"),
        });
        expected.assert_eq(&lines.collect::<String>());
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        check(
            &["30s", "1m30s", "250ms", "1h", "0", "0s", "1.5h", ".5s", "1.s", "+5s", "3us", "3\u{b5}s", "3\u{3bc}s"],
            expect![[r#"
                "30s" 30000000000 ns, written 30s
                "1m30s" 90000000000 ns, written 1m30s
                "250ms" 250000000 ns, written 250ms
                "1h" 3600000000000 ns, written 1h
                "0" 0 ns, written 0s
                "0s" 0 ns, written 0s
                "1.5h" 5400000000000 ns, written 1h30m
                ".5s" 500000000 ns, written 500ms
                "1.s" 1000000000 ns, written 1s
                "+5s" 5000000000 ns, written 5s
                "3us" 3000 ns, written 3us
                "3µs" 3000 ns, written 3us
                "3μs" 3000 ns, written 3us
            "#]],
        );
        check(
            &["24h0m0s", "1h1h", "100s", "1ns", "0.3333333333333333333h"],
            expect![[r#"
            "24h0m0s" 86400000000000 ns, written 24h
            "1h1h" 7200000000000 ns, written 2h
            "100s" 100000000000 ns, written 1m40s
            "1ns" 1 ns, written 1ns
            "0.3333333333333333333h" 1199999999999 ns, written 19m59s999ms999us999ns
        "#]],
        );
    }

    #[test]
    fn what_go_refuses_is_refused() {
        check(
            &["", "30", "s", ".s", "1", "1d", "1 s", "-5s", "30S", "1m30", "1e3s", "1,5s", "300y", "2562048h"],
            expect![[r#"
                "" invalid
                "30" invalid
                "s" invalid
                ".s" invalid
                "1" invalid
                "1d" invalid
                "1 s" invalid
                "-5s" invalid
                "30S" invalid
                "1m30" invalid
                "1e3s" invalid
                "1,5s" invalid
                "300y" invalid
                "2562048h" invalid
            "#]],
        );
    }
}
