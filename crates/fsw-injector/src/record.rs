use fsw_naming::ScopeLevel;
use serde::Serialize;

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
                id: found.id.as_str().to_owned(),
                scope: Some(found.level),
                version_id: Some(found.secret.version_id.to_string()),
            },
        }
    }
}

/// One entry of the annotation.
#[derive(Serialize)]
struct Entry<'a> {
    request: &'a str,
    manager: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

/// The text of [`RECORD_ANNOTATION`].
pub(crate) fn record(served: &[Served]) -> String {
    let entries: Vec<_> = served
        .iter()
        .map(|Served { request, manager, id, version_id, .. }| Entry {
            request,
            manager,
            id,
            version: version_id.as_deref(),
        })
        .collect();
    // Texts only: there is nothing in it that could not be written.
    serde_json::to_string(&entries).unwrap_or_default()
}
