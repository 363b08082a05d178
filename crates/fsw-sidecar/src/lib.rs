//! The sidecar manager: init containers that read AWS under the task's own identity.
//!
//! [`plan`] decides what a request means without touching a pod, [`containers`] builds the pullers. What they are told
//! depends on the [`Contract`] that their image speaks.

mod container;
mod identity;
mod order;
mod plan;

pub use container::{ARN, FILE_NAME, VOLUME, WRITE_DIRECTORY, containers, is_ours};
pub use identity::has_identity;
pub use order::{MODE, ORDERS, PullOrder};
pub use plan::{Pull, SidecarError, plan};

use serde_json::{Map, Value};

/// What the pullers are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The image of the pullers.
    pub image: String,
    /// What it speaks.
    pub contract: Contract,
    /// Whether any `group_version` that is no version id is a staging label.
    pub any_text_is_stage: bool,
    /// A container's `resources`.
    pub resources: Value,
    /// Fields that replace those of the security context; null removes one.
    pub security_overrides: Map<String, Value>,
}

/// What a puller's image understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// That of AWS's own image (`amazon/aws-secrets-manager-secret-sidecar`): one container for each secret, told by
    /// `SECRET_ARN` and `SECRET_FILENAME`; current versions of whole secrets only.
    Aws,
    /// That of `secrets-fetch`: one container for all secrets, told by `FSW_SECRETS`; JSON keys and versions too.
    Fsw,
}
