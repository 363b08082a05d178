use fsw_naming::ScopeLevel;
use serde_json::json;

use crate::Source;

/// Where a pod keeps what was injected into it: for each request the manager, the id and the version, never a value.
pub const RECORD_ANNOTATION: &str = "secrets-webhook.flyte.org/injected";

/// What a request was served with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The request's short name, for example `s0`.
    pub request: String,
    /// As the configuration calls it.
    pub manager: &'static str,
    /// The secret's id or ARN.
    pub id: String,
    /// The scope it was found in.
    pub scope: Option<ScopeLevel>,
    /// The version that was read.
    pub version_id: Option<String>,
}

impl Served {
    pub(crate) fn new(request: String, source: &Source<'_>) -> Self {
        match source {
            Source::Pull(pull) => {
                Self { request, manager: "AWS", id: pull.secret.to_string(), scope: None, version_id: None }
            }
            Source::Found(_, found) => Self {
                request,
                manager: "Embedded",
                id: found.id.to_string(),
                scope: Some(found.level),
                version_id: Some(found.secret.version_id.to_string()),
            },
        }
    }
}

/// The text of [`RECORD_ANNOTATION`].
pub(crate) fn record(served: &[Served]) -> String {
    let entries: Vec<_> = served
        .iter()
        .map(|served| {
            let mut entry = json!({"request": served.request, "manager": served.manager, "id": served.id});
            if let Some(version) = &served.version_id {
                entry["version"] = version.as_str().into();
            }
            entry
        })
        .collect();
    serde_json::Value::from(entries).to_string()
}
