use std::collections::HashMap;
use std::sync::Arc;

use fsw_source::{Answer, SourceError, pause};
use tokio::time::sleep;

use crate::Verdict;
use crate::cached::{Flights, Shared};
use crate::entry::Entry;
use crate::flight::Flight;
use crate::key::Key;

/// A flight that others can find; dropped, for whatever reason, it is not found any more.
struct Listed {
    shared: Arc<Shared>,
    flight: Arc<Flight>,
}

impl Listed {
    /// Asks until there is an answer, or nobody wants it any more.
    async fn fly(&self) {
        let Self { shared, flight } = self;
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
            let result = shared.source.get(&flight.key.id, &flight.key.version).await;
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
        let key = &self.flight.key;
        let mut flights = self.shared.flights();
        if self.delist(&mut flights) {
            match Entry::new(result.clone(), &self.shared.settings) {
                Some(entry) => self.shared.store.put(Arc::clone(key), entry),
                // Nor is what was known before served any longer.
                None => self.shared.store.remove(key),
            }
        }
        drop(flights);
        self.flight.land(result);
    }

    /// Whether it was still the flight for its key.
    fn delist(&self, flights: &mut HashMap<Arc<Key>, Arc<Flight>>) -> bool {
        let is_listed = flights.get(&self.flight.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        if is_listed {
            flights.remove(&self.flight.key);
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
    /// Begins a flight, which then is the one for its key.
    pub(crate) fn start(self: &Arc<Self>, mut flights: Flights<'_>, flight: Flight) -> Arc<Flight> {
        let flight = Arc::new(flight);
        flights.insert(Arc::clone(&flight.key), Arc::clone(&flight));
        // A runtime on its way out drops what is spawned at once, and that takes the lock.
        drop(flights);
        let listed = Listed { shared: Arc::clone(self), flight: Arc::clone(&flight) };
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = listed.fly() => {}
                () = listed.flight.wake() => {}
            }
        });
        flight
    }

    fn verdict(&self, result: &Result<Answer, SourceError>) -> Verdict {
        match result {
            Err(error) if (self.settings.is_throttling)(error.failure()) => Verdict::Throttled,
            Err(SourceError::Unavailable(_)) => Verdict::Failed,
            _ => Verdict::Good,
        }
    }
}
