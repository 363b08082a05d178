use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fsw_source::{Answer, Failure, Patience, SecretId, SecretSource, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::entry::Entry;
use crate::flight::Flight;
use crate::key::Key;
use crate::store::Store;
use crate::{Limiter, Metrics};

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
    /// Whether a failure says that there are too many calls.
    pub is_throttling: fn(&Failure) -> bool,
    /// Whether a failure says that the source is overloaded or out of service, so that what it said before is better than
    /// nothing.
    pub is_outage: fn(&Failure) -> bool,
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
    pub(crate) settings: Settings,
}

/// The flights that can be found, under their lock.
pub(crate) type Flights<'a> = MutexGuard<'a, HashMap<Arc<Key>, Arc<Flight>>>;

impl Cached {
    /// Keeps the answers of `source`.
    pub fn new(source: Arc<dyn SecretSource>, settings: Settings, metrics: Metrics) -> Self {
        let store = Store::new(settings.max_size, &metrics);
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

    /// Drops expired entries again and again, for ever: a secret must not stay in memory because nobody asks for it.
    pub async fn tidy(&self, every: Duration) {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.shared.store.tidy();
        }
    }
}

impl SecretSource for Cached {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        match self.peek(id, version) {
            Some(answer) => ready(Ok(answer)).boxed(),
            None => self.ride(id, version, None),
        }
    }

    fn peek(&self, id: &SecretId, version: &Version) -> Option<Answer> {
        let entry = self.shared.store.get(id, version)?;
        let now = Instant::now();
        let answer = entry.fresh(now)?.ok()?;
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
            None => self.ride(id, version, Some(patience)),
        }
    }

    fn place(&self) -> &str {
        self.shared.source.place()
    }
}

impl Shared {
    pub(crate) fn flights(&self) -> Flights<'_> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches an entry anew while it is still served; as long as it is, nobody has to wait for the new one.
    fn refresh(self: &Arc<Self>, id: &SecretId, version: &Version, entry: &Entry) {
        let key = Arc::new(Key { id: id.clone(), version: version.clone() });
        let flights = self.flights();
        if !flights.contains_key(&key) {
            self.metrics.refreshes.inc();
            let (flight, _) = Flight::new(key, entry.expires_at());
            self.start(flights, flight);
        }
    }
}
