use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::judge::Verdict;

/// What came of a load.
#[derive(Default)]
pub(crate) struct Tally {
    /// From the first review to the last answer, in seconds.
    pub(crate) wall: f64,
    pub(crate) admitted: u64,
    /// Those that were told to come again and did not, or once too often.
    pub(crate) turned_away: u64,
    /// What else came back, and how often.
    pub(crate) bad: BTreeMap<String, u64>,
    /// What is said to those who are to come again.
    pub(crate) come_again: Option<String>,
    /// The mean patch, in bytes.
    patches: usize,
    /// Until a pod is decided, in microseconds.
    until_decided: Vec<u32>,
    /// Until an answer, in microseconds.
    until_answered: Vec<u32>,
}

/// Times in ms.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Spread {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
}

impl Tally {
    pub(crate) fn answered(&mut self, time: Duration) {
        self.until_answered.push(micros(time));
    }

    pub(crate) fn add(&mut self, time: Duration, verdict: Verdict) {
        self.until_decided.push(micros(time));
        match verdict {
            Verdict::Admitted { patch } => {
                self.admitted += 1;
                self.patches += patch;
            }
            Verdict::ComeAgain { message, .. } => {
                self.turned_away += 1;
                self.come_again = Some(message);
            }
            Verdict::Bad(what) => *self.bad.entry(what).or_default() += 1,
        }
    }

    /// Both, one after the other.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.wall += other.wall;
        self.admitted += other.admitted;
        self.turned_away += other.turned_away;
        self.patches += other.patches;
        self.come_again = other.come_again.or(self.come_again);
        self.until_decided.extend(other.until_decided);
        self.until_answered.extend(other.until_answered);
        other.bad.into_iter().for_each(|(what, count)| *self.bad.entry(what).or_default() += count);
        self
    }

    pub(crate) fn pods(&self) -> usize {
        self.until_decided.len()
    }

    pub(crate) fn answers(&self) -> usize {
        self.until_answered.len()
    }

    pub(crate) fn patch(&self) -> usize {
        self.patches / usize::try_from(self.admitted).unwrap_or_default().max(1)
    }

    pub(crate) fn decisions(&self) -> Spread {
        spread(&self.until_decided)
    }

    pub(crate) fn all_answers(&self) -> Spread {
        spread(&self.until_answered)
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

fn spread(times: &[u32]) -> Spread {
    let mut times = times.to_vec();
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share).div_ceil(100).max(1) - 1;
        times.get(index).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    };
    Spread { p50: at(50), p99: at(99), longest: at(100) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_times_is_the_least_that_so_many_do_not_exceed() {
        let times: Vec<u32> = (1..=200).map(|n| n * 1000).collect();
        let Spread { p50, p99, longest } = spread(&times);
        assert_eq!((p50, p99, longest), (100.0, 198.0, 200.0));
        assert_eq!(spread(&[]).p99, 0.0);
    }
}
