use std::sync::Arc;
use std::time::Duration;

use fsw_source::{Answer, Patience, SecretId, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Cached;
use crate::flight::{Flight, LOOK, Stage};
use crate::key::Key;

/// A source is asked on for so long after an old answer was served instead of its own: the next who wants to know then
/// does not have to find out anew that it is out of service.
const LINGER: Duration = Duration::from_secs(5);

/// Where an answer comes from.
enum Way {
    Known(Result<Answer, SourceError>),
    Flight(Arc<Flight>, watch::Receiver<Stage>),
}

/// What a passenger does next.
enum Next {
    Leave(Result<Answer, SourceError>),
    LookAgain,
}

impl Cached {
    /// Boards the flight for an id, which begins if there is none, and waits for its end. Without patience, the first
    /// failure is the answer.
    pub(crate) fn ride<'a>(
        &'a self,
        id: &'a SecretId,
        version: &'a Version,
        patience: Option<&'a Patience>,
    ) -> BoxFuture<'a, Result<Answer, SourceError>> {
        let (flight, mut stage) = match self.way(id, version) {
            Way::Known(said) => return ready(said).boxed(),
            Way::Flight(flight, stage) => (flight, stage),
        };
        // Many may wait: what is not needed while they do is left in functions of its own, and the time is the flight's.
        let wait = async move {
            let mut has_waited = false;
            loop {
                match self.look(&flight, &mut stage, patience, has_waited) {
                    Next::Leave(result) => return result,
                    // The flight that we hold keeps the channel open.
                    Next::LookAgain => drop(stage.changed().await),
                }
                has_waited = true;
            }
        };
        wait.boxed()
    }

    /// Looks how far the flight is.
    fn look(
        &self,
        flight: &Flight,
        stage: &mut watch::Receiver<Stage>,
        patience: Option<&Patience>,
        has_waited: bool,
    ) -> Next {
        let now = Instant::now();
        let (progress, is_overdue) = match &*stage.borrow_and_update() {
            Stage::Landed(result) => return Next::Leave(result.clone()),
            Stage::Flying(progress) => (progress.clone(), flight.is_overdue(progress, now, &self.shared.limiter)),
        };
        // There may be no other look before the deadline. Who has just come waits in any case: the answer may be there before.
        let is_late = patience
            .is_some_and(|patience| now >= patience.deadline() || has_waited && now + LOOK > patience.deadline());
        let is_out = match &progress.last {
            Some(failure) => (self.shared.settings.is_outage)(failure),
            // The answer may still come in time, unless others have none either.
            None => is_late || is_overdue && self.shared.limiter.is_in_trouble(),
        };
        if is_out && let Some(answer) = self.stale(flight, now) {
            return Next::Leave(Ok(answer));
        }
        let place = self.shared.source.place();
        match (patience, progress.last) {
            (None, Some(failure)) => Next::Leave(Err(SourceError::Unavailable(failure))),
            (None, None) => Next::LookAgain,
            (Some(patience), last) if is_late => Next::Leave(Err(patience.too_late(place, progress.asked, last))),
            (Some(patience), last) if is_overdue => match patience.take_seat() {
                true => Next::LookAgain,
                // So many wait that it is as good as out of service.
                false => match last.is_none().then(|| self.stale(flight, now)).flatten() {
                    Some(answer) => Next::Leave(Ok(answer)),
                    None => Next::Leave(Err(patience.no_seat(place, last))),
                },
            },
            (Some(_), _) => Next::LookAgain,
        }
    }

    /// The flight for an id, unless its answer came in just now.
    fn way(&self, id: &SecretId, version: &Version) -> Way {
        let shared = &self.shared;
        let key = Arc::new(Key { id: id.clone(), version: version.clone() });
        let flights = shared.flights();
        let now = Instant::now();
        if let Some(said) = shared.store.get(id, version).and_then(|entry| entry.fresh(now)) {
            shared.metrics.hits.inc();
            return Way::Known(said);
        }
        if let Some(flight) = flights.get(&key) {
            shared.metrics.shared.inc();
            return Way::Flight(Arc::clone(flight), flight.board());
        }
        shared.metrics.misses.inc();
        let (flight, passenger) = Flight::new(key, now);
        Way::Flight(shared.start(flights, flight), passenger)
    }

    /// What the source said last, looked up only now: it may have been invalidated while we waited. The flight goes on for
    /// a while.
    fn stale(&self, flight: &Flight, now: Instant) -> Option<Answer> {
        let Key { id, version } = &*flight.key;
        let answer = self.shared.store.get(id, version)?.stale(now)?;
        if matches!(answer, Answer::Stale(_)) {
            self.shared.metrics.stale.inc();
        }
        flight.want_until(now + LINGER);
        Some(answer)
    }
}
