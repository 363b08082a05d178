use fsw_naming::{FilePath, tells_where_secrets_lie};
use fsw_pod::{ContainerView, PodEditor, file_mode, security_context, variable, with_own};
use serde_json::{Value, json};

use crate::identity::identity;
use crate::{Contract, MODE, ORDERS, Pull, PullOrder, Settings};

/// The volume that the pullers write into.
pub const VOLUME: &str = "aws-secret-vol";
/// Where the image writes.
pub const WRITE_DIRECTORY: &str = "/tmp";

/// The variable with the secret's ARN.
pub const ARN: &str = "SECRET_ARN";
/// The variable with the file's path below [`WRITE_DIRECTORY`].
pub const FILE_NAME: &str = "SECRET_FILENAME";

/// The init containers that pull all secrets into `volume`; `variables` are those that every container of the pod gets. Of
/// these a puller gets what tells where secrets lie, and no secret: it could be taken for the puller's own identity or way
/// to AWS, and is none of its business.
pub fn containers(
    pulls: &[Pull],
    volume: &str,
    variables: &[Value],
    pod: &PodEditor,
    settings: &Settings,
) -> Vec<Value> {
    let build = |name: String, told: Vec<Value>| container(&name, told, volume, variables, pod, settings);
    match settings.contract {
        Contract::Aws => pulls
            .iter()
            .map(|pull| {
                let arn = variable(ARN, pull.secret.arn.as_str());
                let file = pull.paths.first().map_or("", FilePath::relative);
                build(format!("aws-pull-secret-{}", pull.index), vec![arn, variable(FILE_NAME, &format!("/{file}"))])
            })
            .collect(),
        Contract::Fsw if pulls.is_empty() => Vec::new(),
        Contract::Fsw => {
            let order = |pull: &Pull| PullOrder {
                secret: pull.secret.to_string(),
                paths: pull.paths.iter().map(|path| path.relative().to_owned()).collect(),
            };
            let orders = json!(pulls.iter().map(order).collect::<Vec<_>>()).to_string();
            let mode = format!("{:04o}", file_mode(pod, &settings.security_overrides));
            vec![build("aws-pull-secrets".to_owned(), vec![variable(ORDERS, &orders), variable(MODE, &mode)])]
        }
    }
}

fn container(
    name: &str,
    told: Vec<Value>,
    volume: &str,
    variables: &[Value],
    pod: &PodEditor,
    settings: &Settings,
) -> Value {
    let (identity, tokens) = identity(pod, name);
    let tells = |variable: &&Value| variable["name"].as_str().is_some_and(tells_where_secrets_lie);
    let variables: Vec<_> = variables.iter().filter(tells).cloned().collect();
    let env = with_own(&variables, [identity, told].concat());
    let mut mounts = vec![json!({"name": volume, "mountPath": WRITE_DIRECTORY})];
    mounts.extend(tokens);
    json!({
        "name": name,
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
    let is_told = |names: &[&str]| names.iter().all(|name| container.variable(name).is_some());
    (is_told(&[ARN, FILE_NAME]) || is_told(&[ORDERS])) && container.mounts().iter().any(writes)
}
