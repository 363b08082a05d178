use std::borrow::Cow;

use fsw_pod::Pod;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::time::Instant;

/// A pod that the API server asks about.
pub struct PodReview {
    /// The request's id; the answer must carry it.
    pub uid: String,
    /// Where the pod will be; the pod itself may not say.
    pub namespace: String,
    /// The pod's name, or what it will begin with.
    pub name: String,
    /// Whether nothing may be changed outside the answer.
    pub is_dry_run: bool,
    /// When the answer must be on its way.
    pub deadline: Instant,
    /// The pod, as far as it matters to an injection.
    pub pod: Pod,
}

/// Why a body is no review: nobody could be answered, so this becomes an HTTP error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Undecodable {
    /// Not JSON, or not of an AdmissionReview's shape.
    #[error("the body is not an AdmissionReview: {0}")]
    Json(String),
    /// Of another version or kind.
    #[error("the body is {api_version} {kind}; expected admission.k8s.io/v1 AdmissionReview")]
    Kind {
        /// What it says.
        api_version: String,
        /// What it says.
        kind: String,
    },
    /// Without a request, or one without an id.
    #[error("the AdmissionReview has no request with a uid, so it cannot be answered")]
    NoUid,
}

/// A request that can be answered.
pub(crate) struct Request<'a> {
    pub(crate) uid: String,
    pub(crate) namespace: String,
    pub(crate) is_dry_run: bool,
    /// The pod's JSON; none when this is not the creation of a pod.
    pub(crate) pod: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(default, borrow)]
    api_version: Cow<'a, str>,
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Option<RawRequest<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRequest<'a> {
    #[serde(default, borrow)]
    uid: Cow<'a, str>,
    #[serde(default, borrow)]
    kind: ResourceKind<'a>,
    #[serde(borrow)]
    sub_resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    operation: Cow<'a, str>,
    dry_run: Option<bool>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct ResourceKind<'a> {
    #[serde(default, borrow)]
    group: Cow<'a, str>,
    #[serde(default, borrow)]
    kind: Cow<'a, str>,
}

/// Reads a body as far as answering needs. The pod is left as it is, so that one that cannot be read can be answered
/// with the request's id.
pub(crate) fn decode(body: &[u8]) -> Result<Request<'_>, Undecodable> {
    let text = std::str::from_utf8(body).map_err(|_| Undecodable::Json("it is not UTF-8".to_owned()))?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| Undecodable::Json(place(&error)))?;
    if (&*envelope.api_version, &*envelope.kind) != ("admission.k8s.io/v1", "AdmissionReview") {
        let (api_version, kind) = (envelope.api_version.into_owned(), envelope.kind.into_owned());
        return Err(Undecodable::Kind { api_version, kind });
    }
    let request = envelope.request.filter(|request| !request.uid.is_empty()).ok_or(Undecodable::NoUid)?;
    let is_pod = (&*request.kind.group, &*request.kind.kind) == ("", "Pod");
    let is_creation = request.operation == "CREATE" && request.sub_resource.is_none_or(|name| name.is_empty());
    Ok(Request {
        uid: request.uid.into_owned(),
        namespace: request.namespace.unwrap_or_default().into_owned(),
        is_dry_run: request.dry_run.unwrap_or_default(),
        pod: request.object.filter(|_| is_pod && is_creation).map(RawValue::get),
    })
}

impl Request<'_> {
    /// The whole question about the pod, if there is one.
    pub(crate) fn into_pod_review(self, deadline: Instant) -> Result<Option<PodReview>, String> {
        let Some(json) = self.pod else { return Ok(None) };
        let pod = Pod::outline(json).map_err(|error| place(&error))?;
        let name = |field: &str| pod.json()["metadata"][field].as_str().filter(|name| !name.is_empty());
        let name = match (name("name"), name("generateName")) {
            (Some(name), _) => name.to_owned(),
            (None, Some(prefix)) => format!("{prefix}*"),
            (None, None) => String::new(),
        };
        let Self { uid, namespace, is_dry_run, .. } = self;
        Ok(Some(PodReview { uid, namespace, name, is_dry_run, deadline, pod }))
    }
}

/// What is wrong with a JSON text, without quoting it: a pod can hold secrets of its own.
fn place(error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field has not the type it should have",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{problem} (line {}, column {})", error.line(), error.column())
}
