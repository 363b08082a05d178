use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use fsw_source::{SecretId, Version};
use moka::Expiry;
use moka::notification::RemovalCause;
use moka::sync::Cache;

use crate::Metrics;
use crate::absent::Absent;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::metrics::Cause;

/// What a secret's entry costs beside its texts and its value, as measured: the maps' own records, pointers, counts.
const OVERHEAD: usize = 640;

/// That there is no secret is kept in this part of the room at most, so that it never pushes secrets out.
const ABSENT_PART: u64 = 8;

/// The entries, within a number of bytes. Whether one is still good is the entry's own matter: the expiry here only
/// takes away what is of no use any more.
pub(crate) struct Store {
    secrets: Cache<Arc<Key>, Arc<Entry>, RandomState>,
    absent: Absent,
    has_room: bool,
    metrics: Metrics,
}

impl Store {
    pub(crate) fn new(max_size: u64, metrics: Metrics) -> Self {
        let counted = metrics.clone();
        let for_absent = max_size / ABSENT_PART;
        let secrets = Cache::builder()
            .max_capacity(max_size - for_absent)
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
        let absent = Absent::new(for_absent, metrics.clone());
        Self { secrets, absent, has_room: max_size > 0, metrics }
    }

    pub(crate) fn get(&self, id: &SecretId, version: &Version) -> Option<Arc<Entry>> {
        let key = KeyRef { id, version };
        self.absent.get(&key).or_else(|| self.secrets.get(&key))
    }

    pub(crate) fn put(&self, key: Arc<Key>, entry: Entry) {
        if !self.has_room {
            return;
        }
        if entry.is_found() {
            self.absent.remove(&key);
            self.metrics.added(weight(&key, &entry));
            self.secrets.insert(key, Arc::new(entry));
        } else {
            self.secrets.invalidate(&key);
            self.absent.put(key, Arc::new(entry));
        }
    }

    pub(crate) fn remove(&self, key: &Arc<Key>) {
        self.absent.remove(key);
        self.secrets.invalidate(key);
    }

    /// Removes all entries of the ids that are meant; says how many.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SecretId) -> bool) -> usize {
        let absent = self.absent.remove_all(|key| is_meant(&key.id));
        let meant: Vec<_> = self.secrets.iter().filter(|(key, _)| is_meant(&key.id)).map(|(key, _)| key).collect();
        let removed = meant.iter().filter(|key| self.secrets.remove(&***key).is_some()).count();
        self.tidy();
        absent + removed
    }

    /// Does what is left to do: what has expired or does not fit is dropped.
    pub(crate) fn tidy(&self) {
        self.secrets.run_pending_tasks();
        self.absent.tidy();
    }
}

fn weight(key: &Key, entry: &Entry) -> u32 {
    u32::try_from(key.size() + entry.size() + OVERHEAD).unwrap_or(u32::MAX)
}

struct UntilUseless;

impl Expiry<Arc<Key>, Arc<Entry>> for UntilUseless {
    fn expire_after_create(&self, _: &Arc<Key>, entry: &Arc<Entry>, _: Instant) -> Option<Duration> {
        Some(entry.kept_for())
    }

    fn expire_after_update(
        &self,
        _: &Arc<Key>,
        entry: &Arc<Entry>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.kept_for())
    }
}
