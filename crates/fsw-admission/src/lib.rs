//! AdmissionReview bytes to pods and back: the webhook's wire, and its HTTP service.
//!
//! This crate knows pods, not secrets: what happens to a pod is behind [`MutatePod`]. [`review`] answers one body, the
//! [`Service`] serves HTTP requests within limits of size, number and time.

mod bodies;
mod bounded;
mod deadline;
mod decode;
mod encode;
mod metrics;
mod mutate;
mod review;
mod service;

pub use decode::{PodReview, Undecodable};
pub use metrics::Metrics;
pub use mutate::{Denial, DenialKind, MutatePod, Mutation};
pub use review::{Outcome, Reply, review};
pub use service::{Limits, PATH, Service};
