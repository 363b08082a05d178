use fsw_injector::RECORD_ANNOTATION;
use fsw_naming::{SECRETS_DIRECTORY, tells_where_secrets_lie};
use serde_json::Value;

use crate::digest::digest;

/// What is shown in place of a value; the same for the same value.
pub(crate) fn mask(value: &[u8]) -> String {
    format!("[masked: {} bytes, sha256 {}]", value.len(), digest(value))
}

/// Masks the variables of a pod that has secrets already, whoever put them there: any of them may be one. Says whether it
/// had to.
pub(crate) fn mask_injected(pod: &mut Value) -> bool {
    if !pod["metadata"]["annotations"][RECORD_ANNOTATION].is_string() {
        return false;
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        let containers = pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        let variables = containers.filter_map(|container| container.get_mut("env")?.as_array_mut()).flatten();
        for variable in variables {
            let is_told = variable["name"].as_str().is_some_and(tells_where_secrets_lie);
            if let (false, Some(Value::String(value))) = (is_told, variable.get_mut("value"))
                && !value.starts_with(SECRETS_DIRECTORY)
            {
                // The kubelet makes one of each two.
                *value = mask(value.replace("$$", "$").as_bytes());
            }
        }
    }
    true
}
