//! What the project's own puller is told.

use serde::{Deserialize, Serialize};

/// The variable that holds a JSON list of [`PullOrder`]s.
pub const ORDERS: &str = "FSW_SECRETS";
/// The variable with the permission bits of the files, in octal.
pub const MODE: &str = "FSW_MODE";

/// One secret and the files that it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullOrder {
    /// As ECS names it: `ARN[:json-key[:version-stage[:version-id]]]`.
    pub secret: String,
    /// Relative to the volume; the first is written, the others are links to it.
    pub paths: Vec<String>,
}
