//! One layer as the user wrote it, lowered to canonical keys; what nobody knows or needs becomes a finding.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use crate::schema::{self, Key, Kind, Spelling};
use crate::{ConfigError, Finding, Level, error, suggest};

/// The settings of one layer under their canonical keys.
pub(crate) fn canonical(settings: Dict, origin: &str, findings: &mut Vec<Finding>) -> Result<Dict, ConfigError> {
    section("", settings, origin, findings)
}

fn section(parent: &str, settings: Dict, origin: &str, findings: &mut Vec<Finding>) -> Result<Dict, ConfigError> {
    let mut known = Dict::new();
    let mut spellings: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in settings {
        let Some(key) = schema::child(parent, &name, Spelling::Setting) else {
            findings.extend(unknown(parent, &name, origin));
            continue;
        };
        if let Some(first) = spellings.insert(key.path, name.clone()) {
            let (path, origin) = (key.path.to_owned(), origin.to_owned());
            return Err(ConfigError::Twice { path, first, second: name, origin });
        }
        if let Some(value) = setting(key, value, origin, findings)? {
            known.insert(key.name().to_owned(), value);
        }
    }
    Ok(known)
}

/// There a null removes a field.
const SECURITY_CONTEXT: &str = "secretsWebhook.securityContext.";

/// A null is not a setting, with one exception: charts write one for a value that is not set.
fn setting(
    key: &'static Key,
    value: Value,
    origin: &str,
    findings: &mut Vec<Finding>,
) -> Result<Option<Value>, ConfigError> {
    match (key.kind, value) {
        (Kind::Free, null @ Value::Empty(..)) if key.path.starts_with(SECURITY_CONTEXT) => Ok(Some(null)),
        (_, Value::Empty(..)) => Ok(None),
        (Kind::Ignored, _) => {
            let message = "Flyte's own webhook may use it, here it has no effect".to_owned();
            let (path, origin) = (key.path.to_owned(), origin.to_owned());
            findings.push(Finding { level: Level::Ignored, path, origin, message });
            Ok(None)
        }
        (Kind::Section, Value::Dict(_, inner)) => Ok(Some(section(key.path, inner, origin, findings)?.into())),
        (Kind::Section, other) => Err(not_a_section(key, &other, origin)),
        (Kind::Map, Value::Dict(_, entries)) => Ok(Some(entries_of(key, entries, origin)?.into())),
        (Kind::Scalar | Kind::Switch | Kind::List | Kind::Map | Kind::Free, value) => Ok(Some(value)),
    }
}

/// Names of resources are in lower case, and Flyte's reader lowers every key.
fn entries_of(key: &Key, entries: Dict, origin: &str) -> Result<Dict, ConfigError> {
    let mut lowered = Dict::new();
    let mut spellings: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in entries.into_iter().filter(|(_, value)| !matches!(value, Value::Empty(..))) {
        let lower = name.to_ascii_lowercase();
        if let Some(first) = spellings.insert(lower.clone(), name.clone()) {
            let (path, origin) = (schema::join(key.path, &lower), origin.to_owned());
            return Err(ConfigError::Twice { path, first, second: name, origin });
        }
        lowered.insert(lower, value);
    }
    Ok(lowered)
}

fn not_a_section(key: &Key, value: &Value, origin: &str) -> ConfigError {
    ConfigError::Invalid {
        path: key.path.to_owned(),
        origin: origin.to_owned(),
        problem: format!(
            "found {}, expected a map with any of {}",
            error::found(&value.to_actual()),
            schema::names(key.path)
        ),
    }
}

/// Other top-level sections are Flyte's; only one that looks like ours is worth a word.
fn unknown(parent: &str, name: &str, origin: &str) -> Option<Finding> {
    let message = if parent.is_empty() {
        format!("nobody reads this section; did you mean {}?", suggest::nearest_section(name)?.path)
    } else {
        suggest::advice(parent, name)
    };
    let (path, origin) = (schema::join(parent, name), origin.to_owned());
    Some(Finding { level: Level::Unknown, path, origin, message })
}
