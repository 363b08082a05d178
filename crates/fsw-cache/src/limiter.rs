use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

/// A good answer makes room for so much of a further call.
const STEP_UP: f64 = 0.5;
/// A throttled one leaves this part of the limit. A few by chance cost little, one after the other they cost all.
const STEP_DOWN: f64 = 0.9;
/// Below this one hanging call would hold up all others.
const LEAST: usize = 2;
/// The place of a throttled call rests for up to this long, twice as long with each further one in a row.
const FIRST_REST: Duration = Duration::from_millis(50);
/// It never rests longer.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Bounds how many calls are under way: additive increase while answers are good, multiplicative decrease while the
/// source throttles. Who has to wait is served in the order of arrival, and may go away at any time.
#[derive(Debug, Clone)]
pub struct Limiter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    places: Arc<Semaphore>,
    most: usize,
    state: Mutex<State>,
    gauge: Gauge,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// Places that there are, taken or not.
    places: usize,
    throttled_in_a_row: u32,
    last_good: Option<Instant>,
    is_in_trouble: bool,
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The source answered, whatever it said.
    Good,
    /// It has too many calls.
    Throttled,
    /// It did not answer, or is broken: says nothing about how many calls it can take.
    Failed,
}

impl Limiter {
    /// At most so many calls; the limit itself is shown by `gauge`.
    pub fn new(most: usize, gauge: Gauge) -> Self {
        let most = most.max(1);
        gauge.set(i64::try_from(most).unwrap_or(i64::MAX));
        let limit = f64::from(u32::try_from(most).unwrap_or(u32::MAX));
        let state = State { limit, places: most, throttled_in_a_row: 0, last_good: None, is_in_trouble: false };
        Self { shared: Arc::new(Shared { places: Arc::new(Semaphore::new(most)), most, state: state.into(), gauge }) }
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Permit {
        // Never closed, so there is always a place in the end.
        let place = Arc::clone(&self.shared.places).acquire_owned().await.ok();
        Permit { place, shared: Arc::clone(&self.shared) }
    }

    /// How many calls may be under way now.
    pub fn limit(&self) -> usize {
        whole(self.shared.state().limit)
    }

    /// Whether a good answer came within this time.
    pub fn has_moved_within(&self, time: Duration) -> bool {
        self.shared.state().last_good.is_some_and(|last| last.elapsed() < time)
    }

    /// Whether the last call that ended was in vain.
    pub fn is_in_trouble(&self) -> bool {
        self.shared.state().is_in_trouble
    }
}

/// A place for one call. Dropped without a verdict it is given back as if nothing had happened.
#[derive(Debug)]
pub struct Permit {
    place: Option<OwnedSemaphorePermit>,
    shared: Arc<Shared>,
}

impl Permit {
    /// Gives the place back and says how the call went. The place of a throttled call rests first.
    pub fn leave(self, verdict: Verdict) {
        if let Some(rest) = self.shared.learn(verdict) {
            tokio::spawn(async move {
                sleep(rest).await;
                drop(self);
            });
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.give_back(self.place.take());
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the limit by what was seen; says how long the place is to rest.
    fn learn(&self, verdict: Verdict) -> Option<Duration> {
        let mut state = self.state();
        let most = f64::from(u32::try_from(self.most).unwrap_or(u32::MAX));
        state.is_in_trouble = verdict != Verdict::Good;
        let rest = match verdict {
            Verdict::Good => {
                state.limit = (state.limit + STEP_UP).min(most);
                state.throttled_in_a_row = 0;
                state.last_good = Some(Instant::now());
                None
            }
            Verdict::Throttled => {
                let least = f64::from(u32::try_from(LEAST).unwrap_or(u32::MAX)).min(most);
                state.limit = (state.limit * STEP_DOWN).max(least);
                let doubled = 1_u32.checked_shl(state.throttled_in_a_row).unwrap_or(u32::MAX);
                state.throttled_in_a_row = state.throttled_in_a_row.saturating_add(1);
                Some(FIRST_REST.saturating_mul(doubled).min(LONGEST_REST).mul_f64(fastrand::f64()))
            }
            Verdict::Failed => None,
        };
        self.gauge.set(i64::try_from(whole(state.limit)).unwrap_or(i64::MAX));
        rest
    }

    /// Gives a place back, and brings the number of places to the limit as far as they are not taken.
    fn give_back(&self, place: Option<OwnedSemaphorePermit>) {
        let mut state = self.state();
        let limit = whole(state.limit);
        if state.places > limit {
            // Not dropped: it would go to the next in the queue.
            if let Some(place) = place {
                place.forget();
                state.places -= 1;
            }
            state.places -= self.places.forget_permits(state.places - limit);
        } else {
            drop(place);
            self.places.add_permits(limit - state.places);
            state.places = limit;
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the most that there may be")]
fn whole(limit: f64) -> usize {
    limit.floor() as usize
}
