//! What is loaded from what. An outcome is rendered as the settings that differ from the defaults, then the findings.

mod errors;
mod findings;
mod flyte;
mod layers;
mod values;

use std::fs;

use expect_test::Expect;
use serde_json::Value;

use crate::{Config, ConfigError, Layers, Loaded, defaults, load};

/// Loads one file, `/etc/flyte/config.yaml`.
#[track_caller]
fn check(yaml: &str, expected: Expect) {
    check_layers(&[("config.yaml", yaml)], &[], &[], expected);
}

/// Loads files (from one directory, shown as `/etc/flyte`), variables and settings.
#[track_caller]
fn check_layers(files: &[(&str, &str)], environment: &[(&str, &str)], settings: &[&str], expected: Expect) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let layers = Layers {
        files: files.iter().map(|(name, _)| directory.path().join(name)).collect(),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        settings: settings.iter().map(|setting| (*setting).to_owned()).collect(),
    };
    let outcome = render(load(&layers)).replace(&directory.path().display().to_string(), "/etc/flyte");
    expected.assert_eq(&outcome);
}

fn render(loaded: Result<Loaded, ConfigError>) -> String {
    match loaded {
        Ok(loaded) => {
            let findings = loaded.findings.iter().map(|finding| format!("{finding}\n"));
            changes(&loaded.config).into_iter().chain(findings).collect()
        }
        Err(error) => format!("{error}\n"),
    }
}

fn changes(config: &Config) -> Vec<String> {
    let default = leaves(&defaults());
    let effective = leaves(config);
    let removed = default.iter().filter(|(path, _)| !effective.iter().any(|(other, _)| other == path));
    let removed = removed.map(|(path, _)| format!("{path} removed\n"));
    let changed = effective.iter().filter(|leaf| !default.contains(leaf));
    changed.map(|(path, value)| format!("{path} = {value}\n")).chain(removed).collect()
}

fn leaves(config: &Config) -> Vec<(String, Value)> {
    fn walk(path: &str, value: Value, leaves: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (name, value) in map {
                    walk(&crate::schema::join(path, &name), value, leaves);
                }
            }
            other => leaves.push((path.to_owned(), other)),
        }
    }
    let mut found = Vec::new();
    walk("", serde_json::to_value(config).unwrap(), &mut found);
    found
}
