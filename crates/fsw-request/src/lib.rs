//! What a task asks for: secret requests and the pod annotations that carry them.
//!
//! Flyte writes each request of a task as an annotation `flyte.secrets/s<N>` whose value is a base32 text of the
//! protobuf text format of `flyteidl.core.Secret`. [`from_annotations`] reads all of a pod, [`decode`] and
//! [`encode`] one value.

mod annotation;
mod base32;
mod encode;
mod error;
mod mount;
mod request;
mod text;

pub use annotation::{ANNOTATION_PREFIX, Annotated, Requests, from_annotations};
pub use encode::{encode, to_text};
pub use error::{AnnotationError, DecodeError, TextError};
pub use mount::Mount;
pub use request::SecretRequest;

/// Reads the value of one annotation.
///
/// # Errors
/// The value is not base32 in Flyte's alphabet, or what it holds is not the text format of a `core.Secret`.
pub fn decode(value: &str) -> Result<SecretRequest, DecodeError> {
    Ok(text::parse(&base32::decode(value)?)?)
}
