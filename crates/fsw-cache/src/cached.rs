use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsw_source::{Answer, Patience, SecretId, SecretSource, SourceError, Version, pause};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::time::{Instant, sleep};

use crate::entry::Entry;
use crate::flight::Flight;
use crate::store::{Key, Store};
use crate::{Limiter, Metrics, Verdict};

/// How answers are kept and fetched.
#[derive(Debug, Clone)]
pub struct Settings {
    /// All entries together may take so many bytes.
    pub max_size: u64,
    /// How long a secret is kept at most; zero for not at all.
    pub ttl: Duration,
    /// How long it is kept at most that there is none; zero for not at all.
    pub negative_ttl: Duration,
    /// An entry that is used in this last part of its time is fetched anew in the background.
    pub refresh_percent: u8,
    /// How long an entry may be served beyond its time while the source is unavailable.
    pub max_stale: Duration,
    /// How many calls may be under way at a time.
    pub max_concurrency: usize,
    /// Whether an error says that there are too many calls.
    pub is_throttling: fn(&SourceError) -> bool,
}

/// A source whose answers are kept for a while, and that is asked once for all who want to know the same.
///
/// Fetches are tasks of their own: one goes on when whoever began it goes away. It asks again while the source is
/// unavailable and somebody waits. What it learns is kept unless the id was invalidated meanwhile. To be used within a
/// tokio runtime.
#[derive(Clone)]
pub struct Cached {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) source: Arc<dyn SecretSource>,
    pub(crate) store: Store,
    pub(crate) flights: Mutex<HashMap<Arc<Key>, Arc<Flight>>>,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: Metrics,
    settings: Settings,
}

impl Cached {
    /// Keeps the answers of `source`.
    pub fn new(source: Arc<dyn SecretSource>, settings: Settings, metrics: Metrics) -> Self {
        let store = Store::new(settings.max_size, metrics.clone());
        let limiter = Limiter::new(settings.max_concurrency, metrics.limit.clone());
        let flights = Mutex::default();
        Self { shared: Arc::new(Shared { source, store, flights, limiter, metrics, settings }) }
    }

    /// Forgets all versions of the ids that are meant; says how many entries that were. What is being fetched reaches
    /// only those who wait for it already.
    pub fn invalidate(&self, is_meant: impl Fn(&SecretId) -> bool) -> usize {
        self.shared.metrics.invalidations.inc();
        // Flights put what they fetched into the store under this lock, and only if they are still listed.
        let mut flights = self.shared.flights();
        flights.retain(|key, _| !is_meant(&key.id));
        self.shared.store.remove_all(is_meant)
    }
}

impl SecretSource for Cached {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        match self.peek(id, version) {
            Some(answer) => ready(Ok(answer)).boxed(),
            None => self.ride(id, version, None).boxed(),
        }
    }

    fn peek(&self, id: &SecretId, version: &Version) -> Option<Answer> {
        let entry = self.shared.store.get(id, version)?;
        let now = Instant::now();
        let answer = entry.fresh(now)?;
        if entry.wants_refresh(now) {
            self.shared.refresh(id, version, &entry);
        }
        self.shared.metrics.hits.inc();
        Some(answer)
    }

    fn get_patiently<'a>(
        &'a self,
        id: &'a SecretId,
        version: &'a Version,
        patience: &'a Patience,
    ) -> BoxFuture<'a, Result<Answer, SourceError>> {
        match self.peek(id, version) {
            Some(answer) => ready(Ok(answer)).boxed(),
            None => self.ride(id, version, Some(patience)).boxed(),
        }
    }

    fn place(&self) -> &str {
        self.shared.source.place()
    }
}

impl Shared {
    pub(crate) fn flights(&self) -> MutexGuard<'_, HashMap<Arc<Key>, Arc<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches an entry anew while it is still served; as long as it is, nobody has to wait for the new one.
    fn refresh(self: &Arc<Self>, id: &SecretId, version: &Version, entry: &Entry) {
        let key = Arc::new(Key { id: id.clone(), version: version.clone() });
        let mut flights = self.flights();
        if !flights.contains_key(&key) {
            self.metrics.refreshes.inc();
            let (flight, _) = Flight::new(entry.expires_at());
            self.start(&mut flights, key, flight);
        }
    }

    /// Begins a flight, which then is the one for its key.
    pub(crate) fn start(
        self: &Arc<Self>,
        flights: &mut HashMap<Arc<Key>, Arc<Flight>>,
        key: Arc<Key>,
        flight: Flight,
    ) -> Arc<Flight> {
        let flight = Arc::new(flight);
        flights.insert(Arc::clone(&key), Arc::clone(&flight));
        let listed = Listed { shared: Arc::clone(self), key, flight: Arc::clone(&flight) };
        tokio::spawn(listed.fly());
        flight
    }
}

/// A flight that others can find; dropped, for whatever reason, it is not found any more.
struct Listed {
    shared: Arc<Shared>,
    key: Arc<Key>,
    flight: Arc<Flight>,
}

impl Listed {
    async fn fly(self) {
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
