use std::sync::Arc;

use fsw_source::{SecretId, Version};

use crate::Metrics;
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::part::Part;

/// That there is no secret is kept in this part of the room at most: it costs one call to learn anew, and four of five
/// ids of an organization's secret are of this kind, so that they would push secrets out.
const ABSENT: u64 = 32;

/// The entries, within a number of bytes.
pub(crate) struct Store {
    secrets: Part,
    absent: Part,
    has_room: bool,
}

impl Store {
    pub(crate) fn new(max_size: u64, metrics: &Metrics) -> Self {
        let for_absent = max_size / ABSENT;
        let secrets = Part::new(max_size - for_absent, metrics.clone());
        Self { secrets, absent: Part::new(for_absent, metrics.clone()), has_room: max_size > 0 }
    }

    pub(crate) fn get(&self, id: &SecretId, version: &Version) -> Option<Arc<Entry>> {
        let key = KeyRef { id, version };
        self.absent.get(&key).or_else(|| self.secrets.get(&key))
    }

    pub(crate) fn put(&self, key: Arc<Key>, entry: Entry) {
        let (part, other) = match entry.is_found() {
            true => (&self.secrets, &self.absent),
            false => (&self.absent, &self.secrets),
        };
        other.remove(&key);
        if self.has_room {
            part.put(key, Arc::new(entry));
        }
    }

    pub(crate) fn remove(&self, key: &Arc<Key>) {
        self.absent.remove(key);
        self.secrets.remove(key);
    }

    /// Removes all entries of the ids that are meant; says how many.
    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SecretId) -> bool) -> usize {
        let is_meant = |key: &Key| is_meant(&key.id);
        self.absent.remove_all(is_meant) + self.secrets.remove_all(is_meant)
    }

    /// Drops what has expired.
    pub(crate) fn tidy(&self) {
        self.absent.tidy();
        self.secrets.tidy();
    }
}
