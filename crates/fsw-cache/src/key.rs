use std::sync::Arc;

use equivalent::Equivalent;
use fsw_source::{SecretId, Version};

/// What is asked for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) id: SecretId,
    pub(crate) version: Version,
}

impl Key {
    /// The bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let version = match &self.version {
            Version::Current => 0,
            Version::Stage(text) | Version::Id(text) => text.len(),
        };
        self.id.as_str().len() + version
    }
}

/// The same, borrowed: a hit copies nothing. Its hash is that of [`Key`], since both are derived from the same fields.
#[derive(Hash)]
pub(crate) struct KeyRef<'a> {
    pub(crate) id: &'a SecretId,
    pub(crate) version: &'a Version,
}

impl Equivalent<Arc<Key>> for KeyRef<'_> {
    fn equivalent(&self, key: &Arc<Key>) -> bool {
        *self.id == key.id && *self.version == key.version
    }
}
