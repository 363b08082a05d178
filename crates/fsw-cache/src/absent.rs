use std::sync::Arc;

use foldhash::quality::RandomState;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};
use tokio::time::Instant;

use crate::Metrics;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::metrics::Cause;

/// What an entry costs beside its texts, as measured.
const OVERHEAD: usize = 240;
/// Texts of an entry have about so many bytes.
const USUAL_TEXTS: u64 = 90;

/// The ids that have no secret: four of five look-ups of an organization's secret end here. There is nothing in them to
/// wipe in time, so that a lighter map does than for the secrets themselves.
pub(crate) struct Absent {
    entries: Cache<Arc<Key>, Arc<Entry>, Weigh, RandomState, Count>,
    metrics: Metrics,
}

impl Absent {
    pub(crate) fn new(max_size: u64, metrics: Metrics) -> Self {
        let usual = u64::try_from(OVERHEAD).unwrap_or(u64::MAX).saturating_add(USUAL_TEXTS);
        let items = usize::try_from(max_size / usual).unwrap_or(usize::MAX);
        let entries = Cache::with(items, max_size, Weigh, RandomState::default(), Count(metrics.clone()));
        Self { entries, metrics }
    }

    pub(crate) fn get(&self, key: &KeyRef<'_>) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    pub(crate) fn put(&self, key: Arc<Key>, entry: Arc<Entry>) {
        self.remove(&key);
        self.metrics.added(weight(&key));
        self.entries.insert(key, entry);
    }

    pub(crate) fn remove(&self, key: &Arc<Key>) {
        if self.entries.remove(key).is_some() {
            self.metrics.removed(weight(key));
        }
    }

    /// Removes all entries that are meant; says how many.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&Key) -> bool) -> usize {
        let meant: Vec<_> = self.entries.iter().map(|(key, _)| key).filter(|key| is_meant(key)).collect();
        meant.iter().for_each(|key| self.remove(key));
        meant.len()
    }

    /// Drops what is of no use any more.
    pub(crate) fn tidy(&self) {
        let now = Instant::now();
        self.entries.retain(|key, entry| {
            let is_useful = entry.is_useful(now);
            if !is_useful {
                self.metrics.removed(weight(key));
                self.metrics.evicted(Cause::Expired);
            }
            is_useful
        });
    }
}

fn weight(key: &Key) -> u32 {
    u32::try_from(key.size() + OVERHEAD).unwrap_or(u32::MAX)
}

#[derive(Clone)]
struct Weigh;

impl Weighter<Arc<Key>, Arc<Entry>> for Weigh {
    fn weight(&self, key: &Arc<Key>, _: &Arc<Entry>) -> u64 {
        weight(key).into()
    }
}

/// Counts what had to go because there was no room.
#[derive(Clone)]
struct Count(Metrics);

impl Lifecycle<Arc<Key>, Arc<Entry>> for Count {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), key: Arc<Key>, _: Arc<Entry>) {
        self.0.removed(weight(&key));
        self.0.evicted(Cause::Size);
    }
}
