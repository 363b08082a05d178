use secrecy::SecretString;
use serde_json::Value;
use thiserror::Error;

use crate::SecretValue;

/// Why a field of a value cannot be had. Names are in the text, values never.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JsonKeyError {
    /// The value is something else.
    #[error("the value is no JSON object, so it has no key {key:?}")]
    NotAnObject {
        /// What was asked for.
        key: String,
    },
    /// The object has other fields.
    #[error("the value has no key {key:?}; it has {}", list(keys))]
    Absent {
        /// What was asked for.
        key: String,
        /// What there is, sorted.
        keys: Vec<String>,
    },
}

/// One field of a value that is a JSON object: a text as it is, anything else as JSON.
///
/// # Errors
/// There is no such field.
pub fn json_key(value: &SecretValue, key: &str) -> Result<SecretValue, JsonKeyError> {
    let object = match serde_json::from_slice(value.bytes()) {
        Ok(Value::Object(object)) => object,
        _ => return Err(JsonKeyError::NotAnObject { key: key.to_owned() }),
    };
    // A key that holds dots is one key first, and a path only where there is no such key.
    let field = object.get(key).or_else(|| {
        let mut names = key.split('.');
        let first = object.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    });
    match field {
        Some(Value::String(text)) => Ok(SecretValue::Text(SecretString::from(text.clone()))),
        Some(other) => Ok(SecretValue::Text(SecretString::from(other.to_string()))),
        None => {
            let mut keys: Vec<_> = object.keys().cloned().collect();
            keys.sort_unstable();
            Err(JsonKeyError::Absent { key: key.to_owned(), keys })
        }
    }
}

fn list(keys: &[String]) -> String {
    if keys.is_empty() { "none".to_owned() } else { keys.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str =
        r#"{"user": "u", "port": 5432, "a.b": "literal", "a": {"b": "path", "c": [1]}, "x": {"y": "s3cret"}}"#;

    #[track_caller]
    fn check(key: &str, expected: &str) {
        let text = match json_key(&SecretValue::Text(VALUE.into()), key) {
            Ok(value) => value.text().unwrap().to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn a_field_is_a_name_first_and_a_path_second() {
        check("user", "u");
        check("port", "5432");
        check("a.b", "literal");
        check("a.c", "[1]");
        check("x.y", "s3cret");
        check("x", r#"{"y":"s3cret"}"#);
    }

    #[test]
    fn an_absent_field_lists_the_names_there_are_and_no_values() {
        check("pass", "the value has no key \"pass\"; it has a, a.b, port, user, x");
        check("x.z", "the value has no key \"x.z\"; it has a, a.b, port, user, x");
        let error = json_key(&SecretValue::Text("s3cret".into()), "k").unwrap_err().to_string();
        assert_eq!(error, "the value is no JSON object, so it has no key \"k\"");
    }
}
