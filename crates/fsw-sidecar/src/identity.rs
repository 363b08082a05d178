//! The AWS identity of the task: the EKS webhook puts it only into the containers it sees, so a puller that is added
//! later needs a copy of what the pod's first container has.

use fsw_pod::{ContainerList, ContainerView, PodEditor};
use serde_json::Value;

/// Where the tokens of IRSA and of Pod Identity lie.
const TOKEN_FILES: [&str; 2] = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];

/// What makes up an identity and the way to AWS.
const VARIABLES: [&str; 7] = [
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Whether the pod has an identity of its own; without one a puller falls back to that of the node.
pub fn has_identity(pod: &PodEditor) -> bool {
    let ways = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    first(pod).is_some_and(|container| ways.iter().any(|name| container.variable(name).is_some()))
}

/// The variables and the volume mounts that carry the identity. A puller that is there already, by this name, keeps the
/// variables that it has: those of the first container may hold secrets by now.
pub(crate) fn identity(pod: &PodEditor, puller: &str) -> (Vec<Value>, Vec<Value>) {
    let Some(first) = first(pod) else { return (Vec::new(), Vec::new()) };
    let present = pod.containers().into_iter().find(|container| container.name() == puller);
    let own = |name: &&str| present.as_ref().and_then(|container| container.variable(name));
    let variables = VARIABLES.iter().filter_map(|name| own(name).or_else(|| first.variable(name))).cloned().collect();
    let mut mounts: Vec<Value> = Vec::new();
    for token in TOKEN_FILES.iter().filter_map(|name| first.variable(name)?["value"].as_str()) {
        let holds_it = |mount: &&Value| mount["mountPath"].as_str().is_some_and(|path| is_below(token, path));
        let innermost = |mount: &&Value| mount["mountPath"].as_str().map_or(0, str::len);
        if let Some(mount) = first.mounts().iter().filter(holds_it).max_by_key(innermost)
            && !mounts.contains(mount)
        {
            mounts.push(mount.clone());
        }
    }
    (variables, mounts)
}

fn first(pod: &PodEditor) -> Option<ContainerView<'_>> {
    pod.containers().into_iter().find(|container| container.place.list == ContainerList::Main)
}

fn is_below(file: &str, directory: &str) -> bool {
    file.strip_prefix(directory.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}
