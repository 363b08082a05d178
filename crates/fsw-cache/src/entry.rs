use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fsw_source::{Answer, Stale};
use tokio::time::Instant;

use crate::Settings;

/// An entry lives up to this part shorter than it may, so that what was fetched together does not expire together.
const JITTER: f64 = 0.1;

/// An answer and how long it is good for. There are many: what follows `fetched_at` is counted from there.
pub(crate) struct Entry {
    answer: Answer,
    fetched_at: Instant,
    refreshed_after: Milliseconds,
    expires_after: Milliseconds,
    kept_for: Milliseconds,
    refreshing: AtomicBool,
}

/// Up to 49 days.
#[derive(Clone, Copy)]
struct Milliseconds(u32);

impl From<Duration> for Milliseconds {
    fn from(duration: Duration) -> Self {
        Self(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX))
    }
}

impl From<Milliseconds> for Duration {
    fn from(Milliseconds(count): Milliseconds) -> Self {
        Self::from_millis(count.into())
    }
}

impl Entry {
    /// An entry for what was just fetched; none for what is not to be kept.
    pub(crate) fn new(answer: Answer, settings: &Settings) -> Option<Self> {
        let ttl = match answer {
            Answer::Found(_) => settings.ttl,
            Answer::NotFound | Answer::MarkedForDeletion => settings.negative_ttl,
            Answer::Stale(_) => Duration::ZERO,
        };
        if ttl.is_zero() {
            return None;
        }
        let lifetime = ttl.mul_f64(1.0 - JITTER * fastrand::f64());
        let window = ttl.mul_f64(f64::from(settings.refresh_percent) / 100.0);
        Some(Self {
            answer,
            fetched_at: Instant::now(),
            refreshed_after: lifetime.saturating_sub(window).into(),
            expires_after: lifetime.into(),
            kept_for: lifetime.saturating_add(settings.max_stale).into(),
            refreshing: AtomicBool::new(false),
        })
    }

    /// When its time is over.
    pub(crate) fn expires_at(&self) -> Instant {
        self.fetched_at + Duration::from(self.expires_after)
    }

    /// Whether it says that there is a secret.
    pub(crate) fn is_found(&self) -> bool {
        matches!(self.answer, Answer::Found(_))
    }

    /// The answer, as long as its time is not over.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Answer> {
        (now < self.expires_at()).then(|| self.answer.clone())
    }

    /// Whether it is to be fetched anew in the background; said once.
    pub(crate) fn wants_refresh(&self, now: Instant) -> bool {
        now >= self.fetched_at + Duration::from(self.refreshed_after) && !self.refreshing.swap(true, Ordering::Relaxed)
    }

    /// What is better than nothing while the source is out of service.
    pub(crate) fn stale(&self, now: Instant) -> Option<Answer> {
        if let Some(answer) = self.fresh(now) {
            return Some(answer);
        }
        let age = self.age(now);
        self.is_useful(now).then(|| Answer::Stale(Stale { answer: Box::new(self.answer.clone()), age }))
    }

    /// Whether it may be served still, if only as an old answer.
    pub(crate) fn is_useful(&self, now: Instant) -> bool {
        self.age(now) < Duration::from(self.kept_for)
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched_at)
    }

    /// The bytes of the answer.
    pub(crate) fn size(&self) -> usize {
        match &self.answer {
            Answer::Found(secret) => secret.value.bytes().len() + secret.version_id.size(),
            _ => 0,
        }
    }
}
