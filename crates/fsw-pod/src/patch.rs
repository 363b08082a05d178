use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// So many bytes hold most patches.
const USUAL: usize = 2048;

/// An RFC 6902 JSON Patch. It may hold secrets, so its `Debug` shows only how long it is.
#[derive(Clone, PartialEq, Default)]
pub struct Patch {
    operations: Vec<Operation>,
}

#[derive(Clone, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub(crate) enum Operation {
    Add { path: String, value: Value },
    Replace { path: String, value: Value },
    Remove { path: String },
}

impl Patch {
    pub(crate) fn push(&mut self, operation: Operation) {
        self.operations.push(operation);
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// The patch as the API server takes it.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(USUAL);
        match serde_json::to_writer(&mut json, &self.operations) {
            Ok(()) => json,
            // Operations are strings and JSON values: there is nothing in them that could not be written.
            Err(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({} operations)", self.operations.len())
    }
}
