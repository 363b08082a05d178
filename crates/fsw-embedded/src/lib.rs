//! The embedded manager: the webhook reads the secret during the mutation and hands it to the task.
//!
//! [`plan`] decides what a request means without asking anybody, [`look_up`] walks the scopes over a
//! [`SecretSource`](fsw_source::SecretSource), and [`variable_value`] and [`writer`] turn what was found into an
//! environment variable or a file.

mod look_up;
mod plan;
mod value;
pub mod writer;

pub use look_up::{Attempt, Found, LookUp, LookUpError, Outcome, look_up};
pub use plan::{Delivery, EmbeddedError, Plan, plan};
pub use value::{ValueError, variable_value};

use fsw_naming::IdForm;

/// How secrets are looked up and delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The forms of a secret's id, the preferred one first.
    pub forms: Vec<IdForm>,
    /// What a refusal of the source means.
    pub on_access_denied: OnAccessDenied,
    /// How the scopes are gone through.
    pub depth: Depth,
    /// Whether any `group_version` is a staging label.
    pub any_text_is_stage: bool,
    /// What the names of variables begin with; may be empty.
    pub variable_prefix: String,
    /// Whether a secret gets further names beside the one that Flyte gives it.
    pub variable_aliases: bool,
    /// The container that writes files.
    pub writer: writer::Settings,
}

/// How the scopes are gone through. The most specific one that has the secret wins in either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// One after the other, up to three calls deep: no more is asked than has to be.
    Sequential,
    /// All at once: one call deep, and up to five calls for each secret.
    Eager,
}

/// What a refusal of the source means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAccessDenied {
    /// The secret may be there: say that it cannot be read.
    Stop,
    /// Take it as absent and try a broader scope.
    NextScope,
}
