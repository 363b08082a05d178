//! Who an injected container runs as, and who may read what it writes.

use serde_json::{Map, Value, json};

use crate::PodEditor;

/// The user and group of an injected container where the pod sets none: what distroless images call `nonroot`.
const NONROOT: i64 = 65532;

/// A container's `securityContext` that satisfies the restricted Pod Security standard and follows the pod: a user or
/// group that the pod fixes is taken over by leaving it unset. A field in `overrides` wins; null removes one.
pub fn security_context(pod: &PodEditor, overrides: &Map<String, Value>) -> Value {
    let mut context = json!({
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": true,
        "runAsNonRoot": true,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    let pod = pod.security_context();
    if fixed_user(pod).is_none() {
        context["runAsUser"] = NONROOT.into();
        if pod["runAsGroup"].as_i64().unwrap_or_default() == 0 {
            context["runAsGroup"] = NONROOT.into();
        }
    }
    if let Value::Object(context) = &mut context {
        for (field, value) in overrides {
            match value {
                Value::Null => context.remove(field),
                value => context.insert(field.clone(), value.clone()),
            };
        }
    }
    context
}

/// The permission bits of a secret file: as few readers as the pod lets us know.
///
/// With an `fsGroup` every container is in the volume's group. With one user for the whole pod, the writer included,
/// the owner is enough. Otherwise a container's user is a matter of its image, and only this pod sees the volume.
pub fn file_mode(pod: &PodEditor, overrides: &Map<String, Value>) -> u32 {
    let context = pod.security_context();
    if context["fsGroup"].is_i64() || context["fsGroup"].is_u64() {
        return 0o440;
    }
    let Some(user) = fixed_user(context) else { return 0o444 };
    let same_user = |own: &Value| own.is_null() || *own == user;
    let writer_has_it = overrides.get("runAsUser").is_none_or(same_user);
    let all_have_it =
        pod.containers().iter().all(|container| same_user(&container.json["securityContext"]["runAsUser"]));
    if writer_has_it && all_have_it { 0o400 } else { 0o444 }
}

/// The user that the pod fixes for all its containers, unless it is root: restricted containers cannot be that.
fn fixed_user(context: &Value) -> Option<i64> {
    context["runAsUser"].as_i64().filter(|user| *user > 0)
}
