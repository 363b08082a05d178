//! Pods of tasks, as Flyte makes them, with a container that says what it sees.

use data_encoding::BASE64;
use fsw_request::{Mount, SecretRequest, encode};
use serde_json::{Map, Value, json};

use crate::world::Images;

/// Where Flyte's v1 and v2 run the tasks of one project and domain.
pub(crate) const NAMESPACE: &str = "flytesnacks-development";
/// Enforces the strictest Pod Security.
pub(crate) const RESTRICTED: &str = "restricted";
/// The annotation of a pod that the webhook has given secrets.
pub(crate) const RECORD: &str = "secrets-webhook.flyte.org/injected";

/// Tells what its own process was given: the environment that it was started with, and every file below the secrets'
/// folder with who may read it.
const LOOK: &str = r#"
echo "ID $(id -u) $(id -g)"
echo "ENVIRONMENT $(base64 -w0 /proc/$$/environ)"
cd /etc/flyte/secrets 2>/dev/null && find . -type f -o -type l | while read -r file; do
  echo "FILE $(printf %s "$file" | base64 -w0) $(stat -Lc '%a %u %g' "$file") $(base64 -w0 "$file")"
done
echo END
"#;

/// A secret request.
pub(crate) fn ask(group: &str, key: &str, mount: Mount, variable: Option<&str>) -> SecretRequest {
    SecretRequest {
        group: group.into(),
        key: key.into(),
        mount,
        env_var: variable.map(Into::into).unwrap_or_default(),
        ..SecretRequest::default()
    }
}

/// `key` as a variable.
pub(crate) fn variable(key: &str) -> SecretRequest {
    ask("", key, Mount::EnvVar, None)
}

/// `key` as a file.
pub(crate) fn file(key: &str) -> SecretRequest {
    ask("", key, Mount::File, None)
}

/// What marks a pod, and what it asks for.
pub(crate) fn metadata(requests: &[SecretRequest]) -> Value {
    let annotations: Map<String, Value> = requests
        .iter()
        .enumerate()
        .map(|(n, request)| (format!("flyte.secrets/s{n}"), encode(request).into()))
        .collect();
    json!({
        "labels": {
            "inject-flyte-secrets": "true",
            "organization": "flyte", "domain": "development", "project": "flytesnacks",
        },
        "annotations": annotations,
    })
}

/// A container that looks around and ends.
pub(crate) fn looker(name: &str, images: &Images) -> Value {
    looking(name, &images.tools)
}

/// The same with an image's name.
pub(crate) fn looking(name: &str, image: &str) -> Value {
    json!({
        "name": name, "image": image, "imagePullPolicy": "Never", "command": ["/bin/sh", "-c", LOOK],
    })
}

/// A pod of one task.
pub(crate) fn pod(name: &str, requests: &[SecretRequest], images: &Images) -> Value {
    let mut metadata = metadata(requests);
    metadata["name"] = name.into();
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
            "containers": [looker("task", images)],
        },
    })
}

/// A recorded pod with images that the cluster has: its containers only say what they see, native sidecars stay, and what
/// the API server had added for its own cluster is left out.
pub(crate) fn recorded(mut pod: Value, name: &str, images: &Images) -> Value {
    for field in ["uid", "creationTimestamp", "resourceVersion", "generateName", "managedFields", "ownerReferences"] {
        pod["metadata"].as_object_mut().map(|metadata| metadata.remove(field));
    }
    pod["metadata"]["name"] = name.into();
    if let Some(spec) = pod["spec"].as_object_mut() {
        for field in ["priority", "preemptionPolicy", "affinity", "tolerations", "nodeName"] {
            spec.remove(field);
        }
        spec.insert("restartPolicy".to_owned(), "Never".into());
        spec.insert("terminationGracePeriodSeconds".to_owned(), 1.into());
    }
    for list in ["containers", "initContainers"] {
        for container in pod["spec"][list].as_array_mut().into_iter().flatten() {
            container["image"] = images.tools.clone().into();
            container["imagePullPolicy"] = "Never".into();
            container["resources"] = json!({});
            if container["restartPolicy"] == "Always" {
                container["command"] = json!(["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1; done"]);
            } else if list == "containers" {
                container["command"] = json!(["/bin/sh", "-c", LOOK]);
            }
            for field in ["args", "workingDir", "startupProbe", "readinessProbe", "livenessProbe"] {
                if field != "args" || list == "containers" || container["restartPolicy"] == "Always" {
                    container.as_object_mut().map(|container| container.remove(field));
                }
            }
        }
    }
    pod
}

/// A secret of the project for every readable request of a pod: id and value.
pub(crate) fn project_secrets(pod: &Value) -> Vec<(String, String)> {
    let label = |name: &str| pod["metadata"]["labels"][name].as_str().unwrap_or("flyte").to_owned();
    let scope =
        format!("u__org__{}__domain__{}__project__{}", label("organization"), label("domain"), label("project"));
    let annotations = pod["metadata"]["annotations"].as_object().into_iter().flatten();
    annotations
        .filter(|(name, _)| name.starts_with("flyte.secrets/"))
        .filter_map(|(_, value)| fsw_request::decode(value.as_str()?).ok())
        .filter_map(|request| String::from_utf8(request.key).ok())
        .map(|key| (format!("{scope}__key__{key}"), format!("recorded value of {key} $(HOME)")))
        .collect()
}

/// Base64 of a line of the looker.
pub(crate) fn decoded(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}
