use std::sync::Arc;
use std::time::{Duration, Instant};

use equivalent::Equivalent;
use foldhash::quality::RandomState;
use fsw_source::{SecretId, Version};
use moka::Expiry;
use moka::notification::RemovalCause;
use moka::sync::Cache;

use crate::Metrics;
use crate::entry::Entry;
use crate::metrics::Cause;

/// What an entry costs beside its texts and its value, as measured: the maps' own records, pointers, counts.
const OVERHEAD: usize = 640;

/// What is asked for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) id: SecretId,
    pub(crate) version: Version,
}

/// The same, borrowed: a hit copies nothing. Its hash is that of [`Key`], since both are derived from the same fields.
#[derive(Hash)]
struct KeyRef<'a> {
    id: &'a SecretId,
    version: &'a Version,
}

impl Equivalent<Arc<Key>> for KeyRef<'_> {
    fn equivalent(&self, key: &Arc<Key>) -> bool {
        *self.id == key.id && *self.version == key.version
    }
}

/// The entries, within a number of bytes. Whether one is still good is the entry's own matter: the expiry here only
/// takes away what is of no use any more.
pub(crate) struct Store {
    entries: Cache<Arc<Key>, Arc<Entry>, RandomState>,
    has_room: bool,
    metrics: Metrics,
}

impl Store {
    pub(crate) fn new(max_size: u64, metrics: Metrics) -> Self {
        let counted = metrics.clone();
        let entries = Cache::builder()
            .max_capacity(max_size)
            .weigher(|key: &Arc<Key>, entry: &Arc<Entry>| weight(key, entry))
            .expire_after(UntilUseless)
            .eviction_listener(move |key: Arc<Arc<Key>>, entry: Arc<Entry>, cause| {
                counted.removed(weight(&key, &entry));
                match cause {
                    RemovalCause::Size => counted.evicted(Cause::Size),
                    RemovalCause::Expired => counted.evicted(Cause::Expired),
                    RemovalCause::Explicit | RemovalCause::Replaced => {}
                }
            })
            .build_with_hasher(RandomState::default());
        Self { entries, has_room: max_size > 0, metrics }
    }

    pub(crate) fn get(&self, id: &SecretId, version: &Version) -> Option<Arc<Entry>> {
        self.entries.get(&KeyRef { id, version })
    }

    pub(crate) fn put(&self, key: Arc<Key>, entry: Entry) {
        if self.has_room {
            self.metrics.added(weight(&key, &entry));
            self.entries.insert(key, Arc::new(entry));
        }
    }

    pub(crate) fn remove(&self, key: &Arc<Key>) {
        self.entries.invalidate(key);
    }

    /// Removes all entries of the ids that are meant; says how many.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SecretId) -> bool) -> usize {
        let meant: Vec<_> = self.entries.iter().filter(|(key, _)| is_meant(&key.id)).map(|(key, _)| key).collect();
        let removed = meant.iter().filter(|key| self.entries.remove(&***key).is_some()).count();
        self.tidy();
        removed
    }

    /// Does what is left to do: what has expired or does not fit is dropped.
    pub(crate) fn tidy(&self) {
        self.entries.run_pending_tasks();
    }
}

fn weight(key: &Key, entry: &Entry) -> u32 {
    let version = match &key.version {
        Version::Current => 0,
        Version::Stage(text) | Version::Id(text) => text.len(),
    };
    u32::try_from(key.id.as_str().len() + version + entry.size() + OVERHEAD).unwrap_or(u32::MAX)
}

struct UntilUseless;

impl Expiry<Arc<Key>, Arc<Entry>> for UntilUseless {
    fn expire_after_create(&self, _: &Arc<Key>, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(entry.kept_for)
    }

    fn expire_after_update(
        &self,
        _: &Arc<Key>,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.kept_for)
    }
}
