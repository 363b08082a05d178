use std::fmt;

use serde_json::Value;

use crate::json::{Output as _, write};

/// So many bytes hold most patches.
const USUAL: usize = 2048;

/// An RFC 6902 JSON Patch. It may hold secrets, so its `Debug` shows only how long it is.
#[derive(Clone, PartialEq, Default)]
pub struct Patch {
    /// What the API server takes, but for the bracket at the end. Written as it comes, so that a value need not be kept
    /// twice, here and in the pod.
    json: Vec<u8>,
    operations: usize,
}

impl Patch {
    /// Says how many bytes the value has as JSON.
    pub(crate) fn add(&mut self, path: &str, value: &Value) -> usize {
        self.push("add", path, Some(value))
    }

    /// Says how many bytes the value has as JSON.
    pub(crate) fn replace(&mut self, path: &str, value: &Value) -> usize {
        self.push("replace", path, Some(value))
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.push("remove", path, None);
    }

    fn push(&mut self, name: &str, path: &str, value: Option<&Value>) -> usize {
        if self.operations == 0 {
            self.json.reserve(USUAL);
        }
        self.json.json(if self.operations == 0 { "[" } else { "," });
        self.operations += 1;
        self.json.json(r#"{"op":""#);
        self.json.json(name);
        self.json.json(r#"","path":"#);
        self.json.text(path);
        let mut size = 0;
        if let Some(value) = value {
            self.json.json(r#","value":"#);
            let start = self.json.len();
            write(value, &mut self.json);
            size = self.json.len() - start;
        }
        self.json.json("}");
        size
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.operations == 0
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations
    }

    /// The patch as the API server takes it.
    pub fn to_json(&self) -> Vec<u8> {
        if self.is_empty() { b"[]".to_vec() } else { [self.json.as_slice(), b"]"].concat() }
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({} operations)", self.operations)
    }
}
