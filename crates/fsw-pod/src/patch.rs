use std::fmt;

use serde::Serialize;
use serde_json::Value;

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
        // Operations are strings and JSON values: there is nothing in them that could not be written.
        serde_json::to_vec(&self.operations).unwrap_or_default()
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({} operations)", self.operations.len())
    }
}
