use fsw_pod::{ContainerView, PodEditor, security_context, variable};
use serde_json::{Value, json};

use crate::identity::identity;
use crate::{Pull, Settings};

/// The volume that the pullers write into.
pub const VOLUME: &str = "aws-secret-vol";
/// What the names of pullers begin with; the number of the request follows.
pub const CONTAINER_PREFIX: &str = "aws-pull-secret-";
/// Where the image writes.
pub const WRITE_DIRECTORY: &str = "/tmp";

/// The variable with the secret's ARN.
pub const ARN: &str = "SECRET_ARN";
/// The variable with the file's path below [`WRITE_DIRECTORY`].
pub const FILE_NAME: &str = "SECRET_FILENAME";

/// The init container that pulls a secret into `volume`; `variables` are those that every container of the pod gets.
pub fn container(pull: &Pull, volume: &str, variables: &[Value], pod: &PodEditor, settings: &Settings) -> Value {
    let (identity, tokens) = identity(pod);
    let mut env = variables.to_vec();
    env.extend(identity);
    env.push(variable(ARN, pull.arn.as_str()));
    env.push(variable(FILE_NAME, &format!("/{}", pull.file.relative())));
    let mut mounts = vec![json!({"name": volume, "mountPath": WRITE_DIRECTORY})];
    mounts.extend(tokens);
    json!({
        "name": format!("{CONTAINER_PREFIX}{}", pull.index),
        "image": settings.image,
        "env": env,
        "resources": settings.resources,
        "securityContext": security_context(pod, &settings.security_overrides),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    })
}

/// Whether a container of one of our names is one that this manager, or Flyte's, made.
pub fn is_ours(container: &ContainerView<'_>, volumes: &[&str]) -> bool {
    let writes =
        |mount: &Value| mount["mountPath"] == WRITE_DIRECTORY && volumes.iter().any(|volume| mount["name"] == *volume);
    container.variable(ARN).is_some()
        && container.variable(FILE_NAME).is_some()
        && container.mounts().iter().any(writes)
}
