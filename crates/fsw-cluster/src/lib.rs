//! What the webhook keeps in its cluster: its certificates and its registration. The only crate that talks to the API
//! server.
//!
//! All replicas share one Secret. Whoever finds it missing makes it, and the first one to write it wins; whoever finds
//! it due renews it, in steps that keep every API server trusting every replica. The
//! `MutatingWebhookConfiguration` follows the Secret's authorities, by server-side apply of the fields that are ours.

mod cluster;
mod error;
mod identity;
mod keeper;
mod ownership;
mod registration;
mod rotation;
mod secret;

pub use cluster::{Cluster, Whose};
pub use error::ClusterError;
pub use identity::{Identity, IdentityError, not_after};
pub use keeper::{Authorities, AuthorityFile, Keeper, Material};
pub use registration::Registration;
pub use rotation::Policy;
pub use secret::CertificateSecret;

/// The manager of the fields that this program applies.
const FIELD_MANAGER: &str = "flyte-secrets-webhook";
