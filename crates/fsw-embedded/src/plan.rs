use fsw_naming::{
    FilePath, Key, NameError, Scope, ScopeIds, VariableNames, Version, candidates, check_requested_variable,
    embedded_files, field_text, path_variable, secret_variables,
};
use fsw_request::{Mount, SecretRequest};
use thiserror::Error;

use crate::Settings;

/// What a request means to the embedded manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to ask for, from the most specific scope to the broadest.
    pub scopes: Vec<ScopeIds>,
    /// In which version.
    pub version: Version,
    /// How the task will see it.
    pub delivery: Delivery,
    /// Near-problems, for the author of the task.
    pub warnings: Vec<String>,
}

/// How a task sees a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The value, under each of these names.
    Variables(VariableNames),
    /// A file.
    File {
        /// The path that Flyte documents.
        path: FilePath,
        /// Further paths of the same file.
        aliases: Vec<FilePath>,
        /// The variable that gets the first path.
        path_variable: Option<String>,
    },
}

/// Why the embedded manager does not serve a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EmbeddedError {
    /// A name is missing or cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The key's variable is one of the system's; only an empty `secretEnvVarPrefix` leads here.
    #[error("the variable would be {name:?}, which is reserved; name another with env_var, or set secretEnvVarPrefix")]
    Reserved {
        /// The name.
        name: String,
    },
    /// A number that has no meaning yet.
    #[error("mount_requirement {0} is not one of ANY, ENV_VAR, FILE")]
    UnknownMount(i32),
}

/// Decides what a request means to the embedded manager. The group takes no part in the look-up.
///
/// # Errors
/// The key cannot be looked up in this scope, or what it names cannot be delivered as asked.
pub fn plan(request: &SecretRequest, scope: &Scope, settings: &Settings) -> Result<Plan, EmbeddedError> {
    let key = Key::parse(&request.key)?;
    let group = field_text("group", &request.group)?;
    let group_version = field_text("group_version", &request.group_version)?;
    let env_var = check_requested_variable(&request.env_var)?;
    let scopes = candidates(scope, &key, &settings.forms)?;
    let mut warnings = Vec::new();
    let version = Version::from_group_version(group_version, settings.any_text_is_stage).unwrap_or_else(|| {
        warnings.push(format!(
            "{request}: group_version is ignored, since it is neither a version id (a UUID) nor a staging label that begins with AWS"
        ));
        Version::Current
    });
    let delivery = match request.mount {
        Mount::Any | Mount::EnvVar => {
            let prefix = &settings.variable_prefix;
            let names =
                secret_variables(prefix, group, group_version, key.as_str(), env_var, settings.variable_aliases);
            if let Some(left_out) = &names.left_out {
                let Some(twin) = names.aliases.first() else {
                    return Err(EmbeddedError::Reserved { name: left_out.clone() });
                };
                warnings.push(format!(
                    "{request}: Kubernetes before 1.32 refuses a variable named {left_out:?}, so the secret is in {twin}"
                ));
            }
            Delivery::Variables(names)
        }
        Mount::File => {
            let (path, aliases, left_out) = embedded_files(group, group_version, key.as_str())?;
            for path in left_out {
                warnings.push(format!("{request}: the file is not also at {path:?}, which is no safe path"));
            }
            let (path_variable, warning) = path_variable(&request.env_var)?;
            warnings.extend(warning.map(|warning| format!("{request}: {warning}")));
            Delivery::File { path, aliases, path_variable }
        }
        Mount::Unknown(number) => return Err(EmbeddedError::UnknownMount(number)),
    };
    Ok(Plan { scopes, version, delivery, warnings })
}
