//! How long a review may take: the API server's time-out less what the answer needs on its way.

use std::time::Duration;

use tokio::time::Instant;

/// At most so much of the time-out is kept for the way back.
const LONGEST_MARGIN: Duration = Duration::from_millis(500);

/// The API server waits no longer for any webhook; whoever says so is somebody else.
const LONGEST: Duration = Duration::from_secs(30);

/// The deadline of a request that arrived at `arrival`. The API server puts its time-out into the query
/// (`timeout=10s`, whole seconds); without one, `default` holds.
pub(crate) fn deadline(query: Option<&str>, default: Duration, arrival: Instant) -> Instant {
    let timeout = query.and_then(timeout).unwrap_or(default).min(LONGEST);
    arrival + timeout - LONGEST_MARGIN.min(timeout / 10)
}

fn timeout(query: &str) -> Option<Duration> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("timeout="))?;
    let seconds = value.strip_suffix('s')?.parse::<u32>().ok()?;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_is_in_the_query() {
        let seconds = |n| Some(Duration::from_secs(n));
        for (query, expected) in [
            ("timeout=10s", seconds(10)),
            ("a=b&timeout=1s", seconds(1)),
            ("timeout=0s", None),
            ("timeout=10", None),
            ("timeout=-1s", None),
            ("timeout=99999999999s", None),
            ("time=1s", None),
        ] {
            assert_eq!(timeout(query), expected, "{query}");
        }
    }

    #[test]
    fn a_margin_is_kept_for_the_way_back() {
        let now = Instant::now();
        let left = |query: &str| deadline(Some(query), Duration::from_secs(30), now) - now;
        assert_eq!(left("timeout=10s"), Duration::from_millis(9500));
        assert_eq!(left("timeout=1s"), Duration::from_millis(900));
        assert_eq!(left(""), Duration::from_millis(29500));
        assert_eq!(left("timeout=4294967295s"), Duration::from_millis(29500));
    }
}
