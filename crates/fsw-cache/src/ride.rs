use std::sync::Arc;
use std::time::Duration;

use fsw_source::{Answer, Patience, SecretId, SourceError, Version};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::Cached;
use crate::flight::{Flight, Stage};
use crate::key::Key;

/// Who has no seat looks up so often whether it needs one.
const LOOK: Duration = Duration::from_millis(250);
/// A source is asked on for so long after an old answer was served instead of its own: the next who wants to know then
/// does not have to find out anew that it is out of service.
const LINGER: Duration = Duration::from_secs(5);

/// Where an answer comes from.
enum Way {
    Known(Answer),
    Flight(Arc<Flight>, watch::Receiver<Stage>),
}

impl Cached {
    /// Waits for the flight for an id, and begins it if there is none. Without patience, the first failure is the answer.
    pub(crate) async fn ride(
        &self,
        id: &SecretId,
        version: &Version,
        patience: Option<&Patience>,
    ) -> Result<Answer, SourceError> {
        let (flight, mut stage) = match self.way(id, version) {
            Way::Known(answer) => return Ok(answer),
            Way::Flight(flight, stage) => (flight, stage),
        };
        let place = self.shared.source.place();
        loop {
            let now = Instant::now();
            let (progress, is_overdue) = match &*stage.borrow_and_update() {
                Stage::Landed(result) => return result.clone(),
                Stage::Flying(progress) => (progress.clone(), flight.is_overdue(progress, now, &self.shared.limiter)),
            };
            let is_late = patience.is_some_and(|patience| now >= patience.deadline());
            let last = || progress.last.as_deref().cloned();
            if (progress.last.is_some() || is_overdue || is_late)
                && let Some(answer) = self.stale(id, version, now)
            {
                flight.want_until(now + LINGER);
                return Ok(answer);
            }
            let look_at = match (patience, last()) {
                (None, Some(failure)) => return Err(SourceError::Unavailable(failure)),
                (None, None) => now + LOOK,
                (Some(patience), last) if is_late => return Err(patience.too_late(place, progress.asked, last)),
                (Some(patience), last) if is_overdue => match patience.take_seat() {
                    true => patience.deadline(),
                    false => return Err(patience.no_seat(place, last)),
                },
                (Some(patience), _) => patience.deadline().min(now + LOOK),
            };
            // The flight that we hold keeps the channel open; that there is nothing new is a reason to look, too.
            let _ = timeout_at(look_at, stage.changed()).await;
        }
    }

    /// The flight for an id, unless its answer came in just now.
    fn way(&self, id: &SecretId, version: &Version) -> Way {
        let shared = &self.shared;
        let key = Arc::new(Key { id: id.clone(), version: version.clone() });
        let mut flights = shared.flights();
        let now = Instant::now();
        if let Some(answer) = shared.store.get(id, version).and_then(|entry| entry.fresh(now)) {
            shared.metrics.hits.inc();
            return Way::Known(answer);
        }
        if let Some(flight) = flights.get(&key) {
            shared.metrics.shared.inc();
            return Way::Flight(Arc::clone(flight), flight.board());
        }
        shared.metrics.misses.inc();
        let (flight, passenger) = Flight::new(now);
        Way::Flight(shared.start(&mut flights, key, flight), passenger)
    }

    /// What the source said last, looked up only now: it may have been invalidated while we waited.
    fn stale(&self, id: &SecretId, version: &Version, now: Instant) -> Option<Answer> {
        let answer = self.shared.store.get(id, version)?.stale(now)?;
        if matches!(answer, Answer::Stale(_)) {
            self.shared.metrics.stale.inc();
        }
        Some(answer)
    }
}
