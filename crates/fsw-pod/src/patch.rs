use std::fmt;

use serde_json::Value;

use crate::json::{Output as _, comma, write};

/// So many bytes hold most patches.
const USUAL: usize = 2048;

/// An RFC 6902 JSON Patch. It may hold secrets, so its `Debug` shows only how long it is.
#[derive(Clone, PartialEq, Default)]
pub struct Patch {
    operations: Vec<Operation>,
}

#[derive(Clone, PartialEq)]
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
        json.push(b'[');
        for (index, operation) in self.operations.iter().enumerate() {
            let (name, path, value) = match operation {
                Operation::Add { path, value } => ("add", path, Some(value)),
                Operation::Replace { path, value } => ("replace", path, Some(value)),
                Operation::Remove { path } => ("remove", path, None),
            };
            json.json(comma(index));
            json.json(r#"{"op":""#);
            json.json(name);
            json.json(r#"","path":"#);
            json.text(path);
            if let Some(value) = value {
                json.json(r#","value":"#);
                write(value, &mut json);
            }
            json.push(b'}');
        }
        json.push(b']');
        json
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({} operations)", self.operations.len())
    }
}
