use fsw_naming::{
    FilePath, NameError, SecretArn, SecretReference, Version, field_text, path_variable, sidecar_file, sidecar_links,
};
use fsw_request::{Annotated, Mount};
use thiserror::Error;

use crate::{Contract, Settings};

/// A secret that a puller will fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// The number of the request; part of the container's name.
    pub index: u64,
    /// What is fetched.
    pub secret: SecretReference,
    /// Where the task finds it; the first is the one that Flyte documents.
    pub paths: Vec<FilePath>,
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
    /// The reference names one, and the request another.
    #[error("the ARN names the version {in_reference}, and group_version {group_version}; leave one of them out")]
    TwoVersions {
        /// That of the ARN.
        in_reference: Version,
        /// That of the request.
        group_version: String,
    },
    /// A number that has no meaning yet.
    #[error("mount_requirement {0} is not one of ANY, ENV_VAR, FILE")]
    UnknownMount(i32),
}

/// Decides what a request means to the sidecar manager.
///
/// # Errors
/// Group and key do not name a secret and a file, or the task wants a variable.
pub fn plan(request: &Annotated, settings: &Settings) -> Result<Pull, SidecarError> {
    let Annotated { index, request } = request;
    match request.mount {
        Mount::Any | Mount::File => {}
        Mount::EnvVar => return Err(SidecarError::EnvVar),
        Mount::Unknown(number) => return Err(SidecarError::UnknownMount(number)),
    }
    let group = field_text("group", &request.group)?;
    let key = field_text("key", &request.key)?;
    if group.is_empty() {
        return Err(NameError::EmptyGroup.into());
    }
    if key.is_empty() {
        return Err(NameError::EmptyKey.into());
    }
    let group_version = field_text("group_version", &request.group_version)?;
    let mut warnings = Vec::new();
    let mut paths = vec![sidecar_file(group, key)?];
    let secret = match settings.contract {
        Contract::Aws => {
            if !group_version.is_empty() {
                warnings.push(format!(
                    "{request}: group_version is ignored, since the sidecar's image fetches only the current version"
                ));
            }
            let arn = SecretArn::from_group_and_key(group, key)?;
            SecretReference { arn, json_key: None, version: Version::Current }
        }
        Contract::Fsw => {
            paths.extend(sidecar_links(group, group_version, key));
            let mut secret = SecretReference::from_group_and_key(group, key)?;
            match (Version::from_group_version(group_version, settings.any_text_is_stage), &secret.version) {
                (Some(Version::Current), _) => {}
                (Some(version), Version::Current) => secret.version = version,
                (Some(version), named) if version == *named => {}
                (Some(_), named) => {
                    let (in_reference, group_version) = (named.clone(), group_version.to_owned());
                    return Err(SidecarError::TwoVersions { in_reference, group_version });
                }
                (None, _) => warnings.push(format!(
                    "{request}: group_version is ignored, since it is neither a version id (a UUID) nor a staging label that begins with AWS"
                )),
            }
            secret
        }
    };
    let (path_variable, warning) = path_variable(&request.env_var)?;
    warnings.extend(warning.map(|warning| format!("{request}: {warning}")));
    Ok(Pull { index: *index, secret, paths, path_variable, warnings })
}
