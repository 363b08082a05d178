//! How Flyte and AWS name things: scopes, secret ids, ARNs, environment variables and files.
//!
//! Every type here is valid by construction; what cannot be named safely is refused with a [`NameError`] before
//! anybody is asked for it.

mod arn;
mod error;
mod file;
mod key;
mod reference;
mod scope;
mod secret_id;
mod variable;
mod version;

pub use arn::SecretArn;
pub use error::{NameError, field_text};
pub use file::{FilePath, SECRETS_DIRECTORY, embedded_files, sidecar_file, sidecar_links};
pub use key::Key;
pub use reference::SecretReference;
pub use scope::{DOMAIN_LABEL, ORGANIZATION_LABEL, PROJECT_LABEL, Scope, ScopeLevel};
pub use secret_id::{IdForm, ScopeIds, SecretId, candidates, ids_of_scope};
pub use variable::{
    VariableNames, check_requested_variable, is_variable_name, path_variable, secret_variables, tells_where_secrets_lie,
};
pub use version::Version;
