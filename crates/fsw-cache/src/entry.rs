use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fsw_source::{Answer, Stale};
use tokio::time::Instant;

use crate::Settings;

/// An entry lives up to this part shorter than it may, so that what was fetched together does not expire together.
const JITTER: f64 = 0.1;

/// An answer and how long it is good for.
pub(crate) struct Entry {
    answer: Answer,
    fetched_at: Instant,
    refresh_at: Instant,
    expires_at: Instant,
    /// How long it is of any use, counted from when it was fetched.
    pub(crate) kept_for: Duration,
    refreshing: AtomicBool,
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
        let fetched_at = Instant::now();
        Some(Self {
            answer,
            fetched_at,
            refresh_at: fetched_at + lifetime.saturating_sub(window),
            expires_at: fetched_at + lifetime,
            kept_for: lifetime + settings.max_stale,
            refreshing: AtomicBool::new(false),
        })
    }

    /// When its time is over.
    pub(crate) fn expires_at(&self) -> Instant {
        self.expires_at
    }

    /// The answer, as long as its time is not over.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Answer> {
        (now < self.expires_at).then(|| self.answer.clone())
    }

    /// Whether it is to be fetched anew in the background; said once.
    pub(crate) fn wants_refresh(&self, now: Instant) -> bool {
        now >= self.refresh_at && !self.refreshing.swap(true, Ordering::Relaxed)
    }

    /// What is better than nothing while the source is out of service.
    pub(crate) fn stale(&self, now: Instant) -> Option<Answer> {
        let age = now.saturating_duration_since(self.fetched_at);
        if let Some(answer) = self.fresh(now) {
            return Some(answer);
        }
        (age < self.kept_for).then(|| Answer::Stale(Stale { answer: Box::new(self.answer.clone()), age }))
    }

    /// The bytes of the answer.
    pub(crate) fn size(&self) -> usize {
        match &self.answer {
            Answer::Found(secret) => secret.value.bytes().len() + secret.version_id.len(),
            _ => 0,
        }
    }
}
