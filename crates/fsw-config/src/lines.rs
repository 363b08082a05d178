//! Settings written on one line: variables (`FSW_WEBHOOK__LISTEN_PORT=9443`) and flags (`webhook.listenPort=9443`).

use std::collections::BTreeMap;

use figment::value::{Dict, Value};

use crate::schema::{self, Kind, Spelling};
use crate::{ConfigError, layers};

/// One setting, to become a layer of its own: only so an error can say where the value came from.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) origin: String,
    pub(crate) settings: Dict,
}

const PREFIX: &str = "FSW_";

/// Our variables, by name. Other programs' variables may begin alike, so one that names none of our sections is not ours.
pub(crate) fn variables(environment: &[(String, String)]) -> Result<Vec<Line>, ConfigError> {
    let ours: BTreeMap<&str, (&str, &str)> = environment
        .iter()
        .filter_map(|(name, value)| {
            let (prefix, path) = name.split_at_checked(PREFIX.len())?;
            prefix.eq_ignore_ascii_case(PREFIX).then_some((name.as_str(), (path, value.as_str())))
        })
        .collect();

    let mut lines = Vec::new();
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (name, (path, value)) in ours {
        let segments: Vec<&str> = path.split("__").collect();
        let origin = format!("environment variable {name}");
        // A section alone (`FSW_CACHE=/tmp`) is more likely another program's.
        let Some(place) = place(&segments, Spelling::Variable, &origin)?.filter(|place| place.path.len() > 1) else {
            continue;
        };
        if let Some(first) = names.insert(place.path.join("."), name) {
            return Err(ConfigError::Twice {
                path: place.path.join("."),
                first: first.to_owned(),
                second: name.to_owned(),
                origin: "the environment".to_owned(),
            });
        }
        lines.push(line(place, value, origin)?);
    }
    Ok(lines)
}

/// `webhook.listenPort=9443`. A section that is not ours is an error here: a flag is always meant for us.
pub(crate) fn setting(setting: &str) -> Result<Line, ConfigError> {
    let Some((path, value)) = setting.split_once('=') else {
        return Err(ConfigError::NoValue { setting: setting.to_owned() });
    };
    let segments: Vec<&str> = path.split('.').collect();
    let origin = format!("flag --{path}");
    match place(&segments, Spelling::Setting, &origin)? {
        Some(place) => line(place, value, origin),
        None => Err(ConfigError::Invalid {
            path: path.to_owned(),
            origin,
            problem: "nobody knows this section, expected webhook, secretsWebhook or cache, \
                      for example webhook.listenPort=9443"
                .to_owned(),
        }),
    }
}

/// Where a line's value goes, and how it is written there.
struct Place {
    path: Vec<String>,
    kind: Kind,
}

/// `None` when the first segment is not one of our sections.
fn place(segments: &[&str], spelling: Spelling, origin: &str) -> Result<Option<Place>, ConfigError> {
    let mut parent = "";
    let mut place = Place { path: Vec::new(), kind: Kind::Section };
    let mut rest = segments.iter();
    while place.kind == Kind::Section {
        let Some(segment) = rest.next() else { return Ok(Some(place)) };
        match schema::child(parent, segment, spelling) {
            Some(key) => {
                place.path.push(key.name().to_owned());
                place.kind = key.kind;
                parent = key.path;
            }
            None if parent.is_empty() => return Ok(None),
            // Left as it is: it becomes a finding with the nearest known key.
            None => {
                place.path.push((*segment).to_owned());
                place.kind = Kind::Scalar;
            }
        }
    }
    let rest: Vec<&str> = rest.copied().collect();
    match place.kind {
        _ if rest.is_empty() => {}
        Kind::Free if spelling == Spelling::Variable => return Err(case_counts(place.path.join("."), origin)),
        // Names below may hold dots (`kubernetes.io/metadata.name`); from a variable they need their dash back.
        Kind::Map | Kind::Free => {
            let name = rest.join(".");
            place.path.push(match spelling {
                Spelling::Setting => name,
                Spelling::Variable => name.replace('_', "-").to_ascii_lowercase(),
            });
            place.kind = Kind::List;
        }
        Kind::Ignored => {}
        // Below a single value there is nothing.
        _ => place.path.extend(rest.iter().map(|name| (*name).to_owned())),
    }
    Ok(Some(place))
}

/// Kubernetes' names below, which this program does not know, cannot be told from a variable's upper case.
fn case_counts(path: String, origin: &str) -> ConfigError {
    let problem = "upper and lower case count below this setting; give all of it as YAML in one variable or in a file";
    ConfigError::Invalid { path, origin: origin.to_owned(), problem: problem.to_owned() }
}

fn line(place: Place, text: &str, origin: String) -> Result<Line, ConfigError> {
    let value = value(place.kind, text, &origin)?;
    Ok(Line { origin, settings: nest(place.path, value) })
}

/// A single value is the text as written: an organization `123` or `yes` must stay so.
fn value(kind: Kind, text: &str, origin: &str) -> Result<Value, ConfigError> {
    match kind {
        Kind::Scalar | Kind::Switch | Kind::Ignored => Ok(Value::from(text)),
        Kind::List if !text.trim_start().starts_with(['[', '{']) => Ok(Value::from(text)),
        Kind::List | Kind::Section | Kind::Map | Kind::Free => layers::yaml(text, origin),
    }
}

fn nest(path: Vec<String>, value: Value) -> Dict {
    let mut segments = path.into_iter().rev();
    let Some(last) = segments.next() else { return Dict::new() };
    segments.fold(Dict::from([(last, value)]), |inner, segment| Dict::from([(segment, Value::from(inner))]))
}
