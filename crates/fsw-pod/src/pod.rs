use serde_json::Value;

use crate::json::size;
use crate::outline::{self, POD};

/// A pod as the API server sent it, to be changed by a [`PodEditor`](crate::PodEditor). It may hold secrets of its own,
/// so it has no `Debug`.
#[derive(Clone)]
pub struct Pod {
    pub(crate) json: Value,
    /// How many bytes all of it has as JSON.
    pub(crate) size: usize,
}

impl Pod {
    /// Reads a pod as far as it is read or changed here: most of a pod is of no interest to an injection, and reading
    /// that costs more than all the rest. What is left out is still part of its size.
    ///
    /// # Errors
    /// The text is not JSON, or has more values than any pod that people make.
    pub fn outline(text: &str) -> serde_json::Result<Self> {
        let json = outline::read(POD, text)?;
        Ok(Self { json, size: text.len() })
    }

    /// What was read of it.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

impl From<Value> for Pod {
    /// A whole pod.
    fn from(json: Value) -> Self {
        Self { size: size(&json), json }
    }
}
