//! The sidecar manager: one init container per secret, which reads AWS under the task's own identity.
//!
//! [`plan`] decides what a request means without touching a pod, [`container`] builds the puller. The container speaks
//! the contract of AWS's own image (`amazon/aws-secrets-manager-secret-sidecar`): `SECRET_ARN` and `SECRET_FILENAME`
//! come in, the file is written below `/tmp`.

mod container;
mod identity;
mod order;
mod plan;

pub use container::{ARN, CONTAINER_PREFIX, FILE_NAME, VOLUME, WRITE_DIRECTORY, container, is_ours};
pub use identity::has_identity;
pub use order::{MODE, ORDERS, PullOrder};
pub use plan::{Pull, SidecarError, plan};

use serde_json::{Map, Value};

/// What the pullers are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The image that speaks the contract above.
    pub image: String,
    /// A container's `resources`.
    pub resources: Value,
    /// Fields that replace those of the security context; null removes one.
    pub security_overrides: Map<String, Value>,
}
