//! A pod and the smallest JSON Patch that leads to it, kept in lock-step.
//!
//! A pod stays the JSON it arrived as: decoding it into types drops every field that the types do not know, and a
//! diff of two pods rewrites whole lists. [`PodEditor`] therefore changes the pod only by explicit operations, and
//! applying the operations to the pod that came in gives exactly the pod that it shows.
//!
//! Of a [`Pod::outline`] the editor knows only what it needs, and makes the same patch as for the whole pod.

mod editor;
mod error;
mod json;
mod merge;
mod outline;
mod patch;
mod pod;
mod quantity;
mod resting;
mod security;
mod variable;
mod view;

pub use editor::PodEditor;
pub use error::PodError;
pub use json::size;
pub use patch::Patch;
pub use pod::Pod;
pub use quantity::Quantity;
pub use resting::Resting;
pub use security::{file_mode, security_context};
pub use variable::{variable, with_own};
pub use view::{ContainerList, ContainerView, Place};

/// A path with a JSON pointer's escapes for one segment.
pub(crate) fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
