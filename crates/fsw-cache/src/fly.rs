use std::collections::HashMap;
use std::sync::Arc;

use fsw_source::{Answer, SourceError, pause};
use tokio::time::sleep;

use crate::Verdict;
use crate::cached::Shared;
use crate::entry::Entry;
use crate::flight::Flight;
use crate::key::Key;

/// A flight that others can find; dropped, for whatever reason, it is not found any more.
pub(crate) struct Listed {
    pub(crate) shared: Arc<Shared>,
    pub(crate) key: Arc<Key>,
    pub(crate) flight: Arc<Flight>,
}

impl Listed {
    /// Asks until there is an answer, or nobody wants it any more.
    pub(crate) async fn fly(self) {
        let Self { shared, key, flight } = &self;
        loop {
            let permit = tokio::select! {
                biased;
                permit = shared.limiter.enter() => permit,
                () = flight.unwanted() => match self.give_up() {
                    true => return,
                    false => continue,
                },
            };
            let asked = flight.ask();
            let result = shared.source.get(&key.id, &key.version).await;
            permit.leave(shared.verdict(&result));
            match result {
                Err(SourceError::Unavailable(failure)) => {
                    flight.fail(failure);
                    sleep(pause(asked)).await;
                    if self.give_up() {
                        return;
                    }
                }
                result => return self.land(result),
            }
        }
    }

    /// Ends the flight if nobody wants it. Nobody can board meanwhile.
    fn give_up(&self) -> bool {
        let mut flights = self.shared.flights();
        let is_over = !self.flight.is_wanted();
        if is_over {
            self.delist(&mut flights);
        }
        is_over
    }

    /// Keeps what was learned, and tells those who wait.
    fn land(&self, result: Result<Answer, SourceError>) {
        let mut flights = self.shared.flights();
        if self.delist(&mut flights) {
            let entry = result.as_ref().ok().and_then(|answer| Entry::new(answer.clone(), &self.shared.settings));
            match entry {
                Some(entry) => self.shared.store.put(Arc::clone(&self.key), entry),
                // What is denied or useless now is not served any longer either.
                None => self.shared.store.remove(&self.key),
            }
        }
        drop(flights);
        self.flight.land(result);
    }

    /// Whether it was still the flight for its key.
    fn delist(&self, flights: &mut HashMap<Arc<Key>, Arc<Flight>>) -> bool {
        let is_listed = flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if is_listed {
            flights.remove(&self.key);
        }
        is_listed
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.delist(&mut self.shared.flights());
        self.flight.crash(self.shared.source.place());
    }
}

impl Shared {
    fn verdict(&self, result: &Result<Answer, SourceError>) -> Verdict {
        match result {
            Err(error) if (self.settings.is_throttling)(error) => Verdict::Throttled,
            Err(SourceError::Unavailable(_)) => Verdict::Failed,
            _ => Verdict::Good,
        }
    }
}
