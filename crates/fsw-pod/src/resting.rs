use bytes::Bytes;

use crate::{Pod, PodEditor, PodError};

/// A pod that has to wait. One that was read in outline, and not changed yet, is its text alone, which is a third of what
/// was read of it; it is read once more.
pub enum Resting {
    /// As it came.
    Text(Bytes),
    /// As it was read or changed.
    Read(Box<PodEditor>),
}

impl Resting {
    /// The pod, to go on with.
    ///
    /// # Errors
    /// None, as it was read before.
    pub fn wake(self) -> Result<PodEditor, PodError> {
        match self {
            Self::Text(text) => PodEditor::new(Pod::outline(text).map_err(|_| PodError::Json)?),
            Self::Read(pod) => Ok(*pod),
        }
    }
}
