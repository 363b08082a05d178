use crate::{Patch, PodEditor, PodError};

/// A pod that has to wait. What was read of it is written again, which takes a sixth of the room.
pub struct Resting {
    json: Box<str>,
    patch: Patch,
    size: usize,
}

impl PodEditor {
    /// Puts the pod away, to go on with it later.
    pub fn rest(self) -> Resting {
        Resting { json: self.pod.to_string().into(), patch: self.patch, size: self.size }
    }
}

impl Resting {
    /// The pod as it was.
    ///
    /// # Errors
    /// None: what was written can be read.
    pub fn wake(self) -> Result<PodEditor, PodError> {
        let Self { json, patch, size } = self;
        Ok(PodEditor { pod: serde_json::from_str(&json).map_err(|_| PodError::Json)?, patch, size })
    }
}
