use std::sync::Arc;

use foldhash::quality::RandomState;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};
use tokio::time::Instant;

use crate::Metrics;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::metrics::Cause;

/// What an entry costs beside its texts and its value, as measured: the map's own record, pointers, counts.
const OVERHEAD: usize = 280;
/// The map is cut into pieces, each with a lock and its share of the room, that hold 32 entries of this size: the largest
/// secret (64 KiB) must fit into one several times.
const LARGE: u64 = 16 * 1024;

/// Entries within a number of bytes. Whether one is still good is the entry's own matter.
pub(crate) struct Part {
    entries: Cache<Arc<Key>, Arc<Entry>, Weigh, RandomState, Count>,
    metrics: Metrics,
}

impl Part {
    pub(crate) fn new(max_size: u64, metrics: Metrics) -> Self {
        let items = usize::try_from(max_size / LARGE).unwrap_or(usize::MAX);
        let entries = Cache::with(items, max_size, Weigh, RandomState::default(), Count(metrics.clone()));
        Self { entries, metrics }
    }

    pub(crate) fn get(&self, key: &KeyRef<'_>) -> Option<Arc<Entry>> {
        self.entries.get(key)
    }

    pub(crate) fn put(&self, key: Arc<Key>, entry: Arc<Entry>) {
        self.remove(&key);
        self.metrics.added(weight(&key, &entry));
        self.entries.insert(key, entry);
    }

    /// Whether there was one.
    pub(crate) fn remove(&self, key: &Arc<Key>) -> bool {
        // Not `remove`: it would also forget that the key was there before and had to go, by which the map tells what is
        // wanted again and again.
        let removed = self.entries.remove_if(key, |_| true);
        removed.inspect(|(key, entry)| self.metrics.removed(weight(key, entry))).is_some()
    }

    /// Removes all entries that are meant; says how many.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&Key) -> bool) -> usize {
        let meant: Vec<_> = self.entries.iter().map(|(key, _)| key).filter(|key| is_meant(key)).collect();
        meant.iter().filter(|key| self.remove(key)).count()
    }

    /// Drops what is of no use any more.
    pub(crate) fn tidy(&self) {
        let now = Instant::now();
        self.entries.retain(|key, entry| {
            let is_useful = entry.is_useful(now);
            if !is_useful {
                self.metrics.removed(weight(key, entry));
                self.metrics.evicted(Cause::Expired);
            }
            is_useful
        });
    }
}

fn weight(key: &Key, entry: &Entry) -> u64 {
    u64::try_from(key.size() + entry.size() + OVERHEAD).unwrap_or(u64::MAX)
}

#[derive(Clone)]
struct Weigh;

impl Weighter<Arc<Key>, Arc<Entry>> for Weigh {
    fn weight(&self, key: &Arc<Key>, entry: &Arc<Entry>) -> u64 {
        weight(key, entry)
    }
}

/// Counts what had to go because there was no room.
#[derive(Clone)]
struct Count(Metrics);

impl Lifecycle<Arc<Key>, Arc<Entry>> for Count {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), key: Arc<Key>, entry: Arc<Entry>) {
        self.0.removed(weight(&key, &entry));
        self.0.evicted(Cause::Size);
    }
}
