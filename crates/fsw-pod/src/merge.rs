//! Comparing what we would write with what stands there, after the API server filled in its defaults.

use serde_json::{Map, Value};

use crate::Quantity;
use crate::view::items;

/// Whether two environment variables mean the same: no value is an empty value.
pub(crate) fn same_variable(a: &Value, b: &Value) -> bool {
    fn value(variable: &Value) -> &str {
        variable["value"].as_str().unwrap_or_default()
    }
    a["name"] == b["name"] && a["valueFrom"] == b["valueFrom"] && value(a) == value(b)
}

/// The fields of `present` that must be replaced so that it does all that `wanted` says. What others added (defaults,
/// the service account's token, the variables and mounts of another webhook) stays.
pub(crate) fn outdated(present: &Value, wanted: &Value) -> Vec<(String, Value)> {
    let Some(wanted) = wanted.as_object() else { return Vec::new() };
    let replacement = |(field, wanted): (&String, &Value)| {
        let present = &present[field.as_str()];
        let merged = match field.as_str() {
            "env" => merge_named(present, wanted, "name", same_variable),
            "volumeMounts" => merge_named(present, wanted, "mountPath", covers),
            _ => (!covers(present, wanted)).then(|| wanted.clone()),
        };
        merged.map(|value| (field.clone(), value))
    };
    wanted.iter().filter_map(replacement).collect()
}

/// Whether `present` says all that `wanted` says; quantities are compared by what they amount to.
fn covers(present: &Value, wanted: &Value) -> bool {
    match (present, wanted) {
        (Value::Object(present), Value::Object(wanted)) => object_covers(present, wanted),
        (Value::String(present), Value::String(wanted)) => {
            present == wanted || Quantity::parse(present).is_some_and(|found| Quantity::parse(wanted) == Some(found))
        }
        (Value::Null, Value::Object(wanted)) => wanted.is_empty(),
        (present, wanted) => present == wanted,
    }
}

fn object_covers(present: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted.iter().all(|(field, wanted)| {
        let absent = Value::Null;
        covers(present.get(field).unwrap_or(&absent), wanted)
    })
}

/// None when every wanted item is there. Otherwise the wanted items, then the present ones under other names.
fn merge_named(present: &Value, wanted: &Value, name: &str, same: fn(&Value, &Value) -> bool) -> Option<Value> {
    let (present, wanted) = (items(present), items(wanted));
    let named = |list: &[Value], item: &Value| list.iter().filter(|other| other[name] == item[name]).count();
    let is_there = |item: &Value| named(present, item) == 1 && present.iter().any(|other| same(other, item));
    if wanted.iter().all(is_there) {
        return None;
    }
    let others = present.iter().filter(|item| named(wanted, item) == 0);
    Some(wanted.iter().chain(others).cloned().collect())
}
