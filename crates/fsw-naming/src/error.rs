use thiserror::Error;

/// Why something cannot be named. The text is for the author of the task: it says what is wrong and what is valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Flyte stamps the labels `project` and `domain` on every task pod, v2 `organization` too.
    #[error("label {label:?} is missing or empty; Flyte sets it on task pods{}", if *.label == "organization" {
        " from v2 on, and for Flyte v1 the webhook's setting secretsWebhook.defaultOrganization fills it in"
    } else { "" })]
    MissingLabel {
        /// The label's name.
        label: &'static str,
    },
    /// The request has no key.
    #[error("the request has no key; a secret is named by its key")]
    EmptyKey,
    /// The request has no group.
    #[error("the request has no group; the sidecar manager takes the ARN of the secret from group and key")]
    EmptyGroup,
    /// A field is bytes that are not text.
    #[error("{field} is not UTF-8")]
    NotText {
        /// The field of the request.
        field: &'static str,
    },
    /// AWS has no such names.
    #[error("{what} {name:?} has {found:?}; names in AWS Secrets Manager are made of A-Z a-z 0-9 / _ + = . @ ! -")]
    Character {
        /// The label or field.
        what: &'static str,
        /// Its value.
        name: String,
        /// The first offending character.
        found: char,
    },
    /// AWS allows 512 characters.
    #[error("the secret id for key {key:?} would be {length} characters long; AWS allows 512")]
    TooLong {
        /// The key.
        key: String,
        /// The length of the id, in characters.
        length: usize,
    },
    /// Two different secrets would have the same id.
    #[error(
        "{what} {name:?} makes the secret id {id:?} ambiguous: it could be read as another scope and key; do without \"__\" there"
    )]
    Ambiguous {
        /// The label or field that holds the trouble.
        what: &'static str,
        /// Its value.
        name: String,
        /// The id.
        id: String,
    },
    /// Group and key do not make an ARN.
    #[error(
        "group and key make {found:?}, which is not the ARN of a secret; expected group arn:<partition>:secretsmanager:<region>:<account>:secret and key <name>, or the whole ARN as group"
    )]
    NotAnArn {
        /// What they make.
        found: String,
    },
    /// Not a secret as ECS names it.
    #[error(
        "{found:?} is no reference to a secret; expected arn:<partition>:secretsmanager:<region>:<account>:secret:<name>, then :<json-key>:<version-stage>:<version-id> as far as needed, with a stage or an id"
    )]
    NotAReference {
        /// What was given.
        found: String,
    },
    /// The key cannot be the name of a file.
    #[error(
        "key {key:?} cannot be a file name: {problem}; use a key that is one plain file name, or mount_requirement ENV_VAR"
    )]
    UnsafeFile {
        /// The key.
        key: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A path that is not safe below the secrets' directory.
    #[error("the file path {path:?} has {problem}")]
    UnsafePath {
        /// The path.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The requested variable cannot be set.
    #[error("env_var {name:?} {problem}; choose another name")]
    Variable {
        /// The requested name.
        name: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// A field of a request as text.
///
/// # Errors
/// It is not UTF-8; the annotation's format can hold any bytes.
pub fn field_text<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a str, NameError> {
    std::str::from_utf8(bytes).map_err(|_| NameError::NotText { field })
}
