use fsw_naming::{FilePath, NameError, SecretArn, check_requested_variable, sidecar_file};
use fsw_request::{Annotated, Mount};
use thiserror::Error;

/// A secret that a puller will fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The number of the request; part of the container's name.
    pub index: u64,
    /// What is fetched.
    pub arn: SecretArn,
    /// Where the task finds it.
    pub file: FilePath,
    /// The variable that gets the file's path.
    pub path_variable: Option<String>,
    /// Near-problems, for the author of the task.
    pub warnings: Vec<String>,
}

/// Why the sidecar manager does not serve a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SidecarError {
    /// A name is missing or cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An init container can only write files.
    #[error(
        "mount_requirement ENV_VAR is not served by the sidecar manager, which writes files; request FILE, or have the secret served by the Embedded manager"
    )]
    EnvVar,
    /// A number that has no meaning yet.
    #[error("mount_requirement {0} is not one of ANY, ENV_VAR, FILE")]
    UnknownMount(i32),
}

/// Decides what a request means to the sidecar manager.
///
/// # Errors
/// Group and key do not name a secret and a file, or the task wants a variable.
pub fn plan(request: &Annotated) -> Result<Pull, SidecarError> {
    let Annotated { index, request } = request;
    match request.mount {
        Mount::Any | Mount::File => {}
        Mount::EnvVar => return Err(SidecarError::EnvVar),
        Mount::Unknown(number) => return Err(SidecarError::UnknownMount(number)),
    }
    let group = text("group", &request.group)?;
    let key = text("key", &request.key)?;
    if group.is_empty() {
        return Err(NameError::EmptyGroup.into());
    }
    if key.is_empty() {
        return Err(NameError::EmptyKey.into());
    }
    let mut warnings = Vec::new();
    if !request.group_version.is_empty() {
        warnings.push(format!(
            "{request}: group_version is ignored, since the sidecar's image fetches only the current version"
        ));
    }
    Ok(Pull {
        index: *index,
        arn: SecretArn::from_group_and_key(group, key)?,
        file: sidecar_file(group, key)?,
        path_variable: check_requested_variable(&request.env_var)?.map(str::to_owned),
        warnings,
    })
}

fn text<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a str, NameError> {
    std::str::from_utf8(bytes).map_err(|_| NameError::NotText { field })
}
