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
