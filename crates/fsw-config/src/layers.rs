//! The layers, put one upon another.

use std::fs;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde_saphyr::{NonFiniteFloatPolicy, UserMessageFormatter};

use crate::schema::{self, Kind};
use crate::{ConfigError, Finding, Loaded, canonical, check, defaults, files, lines};

/// Where settings come from, besides the defaults; each wins over those before it.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Files, in order; `*` in the last part of a path is expanded.
    pub files: Vec<PathBuf>,
    /// All variables of the process; those that begin with `FSW_` may be settings.
    pub environment: Vec<(String, String)>,
    /// `webhook.listenPort=9443`
    pub settings: Vec<String>,
}

impl Layers {
    /// With the environment of this process: the one place where it is read. Variables that are not UTF-8 are left out.
    pub fn from_process(files: Vec<PathBuf>, settings: Vec<String>) -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { files, environment: std::env::vars_os().filter_map(text).collect(), settings }
    }

    /// The value of an environment variable, for example `POD_NAMESPACE`.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads all layers.
///
/// # Errors
/// The first thing that is wrong: a file that cannot be read, a bad value, a manager that only Flyte serves.
pub fn load(layers: &Layers) -> Result<Loaded, ConfigError> {
    let mut findings = Vec::new();
    let given = given(layers, &mut findings)?;
    let figment = given.clone().join(missing_defaults(&given)?);
    let config = figment.extract()?;
    let config = check::settle(config, &given, layers, &mut findings)?;
    Ok(Loaded { config, findings })
}

/// What the user gave, without defaults.
fn given(layers: &Layers, findings: &mut Vec<Finding>) -> Result<Figment, ConfigError> {
    let mut figment = Figment::new();
    let mut add = |origin: String, settings: Dict| -> Result<(), ConfigError> {
        let settings = canonical::canonical(settings, &origin, findings)?;
        figment = std::mem::take(&mut figment).merge(Layer { origin, settings });
        Ok(())
    };
    for path in &layers.files {
        for file in files::expand(path)? {
            let origin = format!("file {}", file.display());
            let settings = read(&file, &origin)?;
            add(origin, settings)?;
        }
    }
    for line in lines::variables(&layers.environment)? {
        add(line.origin, line.settings)?;
    }
    for setting in &layers.settings {
        let line = lines::setting(setting)?;
        add(line.origin, line.settings)?;
    }
    Ok(figment)
}

fn read(path: &Path, origin: &str) -> Result<Dict, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    match yaml(&text, origin)? {
        Value::Dict(_, settings) => Ok(settings),
        Value::Empty(..) => Ok(Dict::new()),
        other => {
            let found = crate::error::found(&other.to_actual());
            Err(ConfigError::NotSettings { origin: origin.to_owned(), found })
        }
    }
}

/// YAML as Go's yaml.v3 reads it into a map: `yes` is a text there, and so is what only looks like a number.
pub(crate) fn yaml(text: &str, origin: &str) -> Result<Value, ConfigError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| ConfigError::Yaml {
        origin: origin.to_owned(),
        message: error.render_with_formatter(&UserMessageFormatter),
    })
}

/// The defaults, without the maps that the user replaced: merged, `requests: {cpu: 1}` would keep the default memory.
fn missing_defaults(given: &Figment) -> Result<Layer, ConfigError> {
    let mut value =
        Value::serialize(defaults()).map_err(|error| ConfigError::Defaults { message: error.to_string() })?;
    for key in schema::KEYS.iter().filter(|key| key.kind == Kind::Map && given.contains(key.path)) {
        value = without(value, &key.path.split('.').collect::<Vec<_>>());
    }
    let settings = value.into_dict().unwrap_or_default();
    Ok(Layer { origin: "the defaults".to_owned(), settings })
}

fn without(value: Value, path: &[&str]) -> Value {
    let Value::Dict(tag, mut dict) = value else { return value };
    if let [name, rest @ ..] = path
        && let Some(inner) = dict.remove(*name)
        && !rest.is_empty()
    {
        dict.insert((*name).to_owned(), without(inner, rest));
    }
    Value::Dict(tag, dict)
}

/// Settings from one place; figment keeps the origin with each value.
struct Layer {
    origin: String,
    settings: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}
