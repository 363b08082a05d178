//! An environment variable as a container lists it.

use serde_json::{Value, json};

/// A variable with a literal value. The kubelet expands `$(NAME)` in it, so every `$` is written twice; an empty
/// value is left out, as the API server does.
pub fn variable(name: &str, value: &str) -> Value {
    match value {
        "" => json!({ "name": name }),
        value => json!({ "name": name, "value": value.replace('$', "$$") }),
    }
}

/// The variables of an injected container: those that every container gets, but for names that it needs for itself, then
/// its own. A task may choose any name for a secret; it must not change what our container is told.
pub fn with_own(shared: &[Value], own: Vec<Value>) -> Vec<Value> {
    let is_free = |variable: &&Value| own.iter().all(|other| other["name"] != variable["name"]);
    let mut all: Vec<_> = shared.iter().filter(is_free).cloned().collect();
    all.extend(own);
    all
}
