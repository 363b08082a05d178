use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fsw_source::{Answer, SourceError, Stale};
use tokio::time::Instant;

use crate::Settings;

/// An entry lives up to this part shorter than it may, so that what was fetched together does not expire together.
const JITTER: f64 = 0.1;
/// That a secret is denied or of no use is kept for so long at most: a task that is created again and again then costs no
/// call each time, and whoever mends it does not have to wait.
const REFUSED: Duration = Duration::from_secs(5);

/// What the source said and how long it is good for. There are many: what follows `fetched_at` is counted from there.
pub(crate) struct Entry {
    said: Result<Answer, SourceError>,
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
    /// An entry for what was just said; none for what is not to be kept.
    pub(crate) fn new(said: Result<Answer, SourceError>, settings: &Settings) -> Option<Self> {
        let (ttl, max_stale) = match said {
            Ok(Answer::Found(_)) => (settings.ttl, settings.max_stale),
            Ok(Answer::NotFound | Answer::MarkedForDeletion) => (settings.negative_ttl, settings.max_stale),
            Err(SourceError::Denied(_) | SourceError::Unusable(_)) => {
                (settings.negative_ttl.min(REFUSED), Duration::ZERO)
            }
            Ok(Answer::Stale(_)) | Err(SourceError::Unavailable(_)) => return None,
        };
        if ttl.is_zero() {
            return None;
        }
        let lifetime = ttl.mul_f64(1.0 - JITTER * fastrand::f64());
        let window = ttl.mul_f64(f64::from(settings.refresh_percent) / 100.0);
        Some(Self {
            said,
            fetched_at: Instant::now(),
            refreshed_after: lifetime.saturating_sub(window).into(),
            expires_after: lifetime.into(),
            kept_for: lifetime.saturating_add(max_stale).into(),
            refreshing: AtomicBool::new(false),
        })
    }

    /// When its time is over.
    pub(crate) fn expires_at(&self) -> Instant {
        self.fetched_at + Duration::from(self.expires_after)
    }

    /// Whether it says that there is a secret.
    pub(crate) fn is_found(&self) -> bool {
        matches!(self.said, Ok(Answer::Found(_)))
    }

    /// What was said, as long as its time is not over.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Result<Answer, SourceError>> {
        (now < self.expires_at()).then(|| self.said.clone())
    }

    /// Whether it is to be fetched anew in the background; said once.
    pub(crate) fn wants_refresh(&self, now: Instant) -> bool {
        now >= self.fetched_at + Duration::from(self.refreshed_after) && !self.refreshing.swap(true, Ordering::Relaxed)
    }

    /// The answer that is better than nothing while the source is out of service.
    pub(crate) fn stale(&self, now: Instant) -> Option<Answer> {
        let answer = self.said.as_ref().ok()?.clone();
        if now < self.expires_at() {
            return Some(answer);
        }
        self.is_useful(now).then(|| Answer::Stale(Stale { answer: Box::new(answer), age: self.age(now) }))
    }

    /// Whether it may be served still, if only as an old answer.
    pub(crate) fn is_useful(&self, now: Instant) -> bool {
        self.age(now) < Duration::from(self.kept_for)
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.fetched_at)
    }

    /// The bytes of what was said.
    pub(crate) fn size(&self) -> usize {
        match &self.said {
            Ok(Answer::Found(secret)) => secret.value.bytes().len() + secret.version_id.size(),
            Ok(_) => 0,
            Err(error) => error.failure().size(),
        }
    }
}
