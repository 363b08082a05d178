use crate::{Mount, to_text};

/// One secret that a task asks for (`flyteidl.core.Secret`), as written: nothing is checked beyond the format.
///
/// Strings are bytes: the text format can hold bytes that are not UTF-8, and such a request is refused later, with
/// a message that says so, rather than here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SecretRequest {
    /// The group; for the sidecar manager the ARN, or its first part.
    pub group: Vec<u8>,
    /// A version id or staging label; empty for the current version.
    pub group_version: Vec<u8>,
    /// The name of the secret within its scope.
    pub key: Vec<u8>,
    /// How the task wants to see it.
    pub mount: Mount,
    /// The variable that the task wants to read: the value, or the path of the file. Empty for none.
    pub env_var: Vec<u8>,
}

impl std::fmt::Display for SecretRequest {
    /// The one-line text format, as Flyte's own messages print it: `group:"g" key:"k" mount_requirement:FILE`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&to_text(self, ":", " "))
    }
}
