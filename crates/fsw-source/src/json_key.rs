use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::value::RawValue;
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

/// An object's fields, each as it is written: a number may have more digits than any type holds.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// One field of a value that is a JSON object: what a text says, anything else as it is written.
///
/// # Errors
/// There is no such field.
pub fn json_key(value: &SecretValue, key: &str) -> Result<SecretValue, JsonKeyError> {
    let Ok(fields) = serde_json::from_slice::<Fields<'_>>(value.bytes()) else {
        return Err(JsonKeyError::NotAnObject { key: key.to_owned() });
    };
    // A key that holds dots is one key first, and a path only where there is no such key.
    let field = fields.get(key).copied().or_else(|| {
        let mut names = key.split('.');
        let first = *fields.get(names.next()?)?;
        names.try_fold(first, |field, name| serde_json::from_str::<Fields<'_>>(field.get()).ok()?.get(name).copied())
    });
    match field {
        Some(field) => {
            let text = serde_json::from_str(field.get()).unwrap_or_else(|_| field.get().to_owned());
            Ok(SecretValue::Text(SecretString::from(text)))
        }
        None => Err(JsonKeyError::Absent { key: key.to_owned(), keys: fields.into_keys().collect() }),
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
        check("x", r#"{"y": "s3cret"}"#);
    }

    #[test]
    fn nothing_of_a_field_is_lost() {
        let check = |written: &str, expected: &str| {
            let value = SecretValue::Text(format!(r#"{{"a": {{"k": {written} }}}}"#).into());
            assert_eq!(json_key(&value, "a.k").unwrap().text(), Some(expected));
        };
        for number in ["1.10", "123456789012345678901234", "1e5", "-0.0", "true", "null", r#"{"b": 1,  "a": [2.50]}"#] {
            check(number, number);
        }
        check(r#""\u00e4\n\"1.10\"""#, "ä\n\"1.10\"");
    }

    #[test]
    fn an_absent_field_lists_the_names_there_are_and_no_values() {
        check("pass", "the value has no key \"pass\"; it has a, a.b, port, user, x");
        check("x.z", "the value has no key \"x.z\"; it has a, a.b, port, user, x");
        let error = json_key(&SecretValue::Text("s3cret".into()), "k").unwrap_err().to_string();
        assert_eq!(error, "the value is no JSON object, so it has no key \"k\"");
    }
}
