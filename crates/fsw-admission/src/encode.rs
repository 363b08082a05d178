use kube_core::response::{Status, StatusDetails, reason};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Denial, DenialKind, Mutation};

/// Kubernetes cuts a warning of more characters when there are several.
const LONGEST_WARNING: usize = 256;
/// Kubernetes drops all warnings of an answer beyond 4 KiB in sum; so many of the longest stay below.
const MOST_WARNINGS: usize = 15;

/// So many bytes hold most answers but for their patches.
const WITHOUT_PATCH: usize = 512;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    api_version: &'static str,
    kind: &'static str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// The answer that admits a pod.
pub(crate) fn admit(uid: &str, mutation: &Mutation) -> Vec<u8> {
    let patch = (!mutation.patch.is_empty()).then(|| base64(&mutation.patch.to_json())).transpose();
    // It always can be written; and no answer at all would be better than a pod without its secrets.
    let Ok(patch) = patch else { return Vec::new() };
    let patch_type = patch.is_some().then_some("JSONPatch");
    let warnings = warnings(&mutation.warnings);
    bytes(Response { uid, allowed: true, status: None, patch, patch_type, warnings })
}

/// The answer that refuses a pod.
pub(crate) fn deny(uid: &str, denial: &Denial) -> Vec<u8> {
    let (code, reason) = match denial.kind {
        DenialKind::Invalid | DenialKind::NotFound => (400, reason::BAD_REQUEST),
        DenialKind::Forbidden => (403, reason::FORBIDDEN),
        DenialKind::Unavailable { .. } => (429, reason::TOO_MANY_REQUESTS),
    };
    let mut status = Status::failure(&denial.message, reason).with_code(code);
    if let DenialKind::Unavailable { retry_after } = denial.kind {
        let retry_after_seconds = u32::try_from(retry_after.as_secs().max(1)).unwrap_or(u32::MAX);
        status = status.with_details(StatusDetails { retry_after_seconds, ..no_details() });
    }
    bytes(Response { uid, allowed: false, status: Some(status), patch: None, patch_type: None, warnings: Vec::new() })
}

/// Base64 as a JSON string, which has nothing to escape.
fn base64(bytes: &[u8]) -> serde_json::Result<Box<RawValue>> {
    let mut string = String::with_capacity(bytes.len().div_ceil(3) * 4 + "\"\"".len());
    string.push('"');
    base64_simd::STANDARD.encode_append(bytes, &mut string);
    string.push('"');
    RawValue::from_string(string)
}

fn no_details() -> StatusDetails {
    StatusDetails {
        name: String::new(),
        group: String::new(),
        kind: String::new(),
        uid: String::new(),
        causes: Vec::new(),
        retry_after_seconds: 0,
    }
}

fn bytes(response: Response<'_>) -> Vec<u8> {
    let envelope = Envelope { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response };
    let patch = envelope.response.patch.as_ref().map_or(0, |patch| patch.get().len());
    let mut json = Vec::with_capacity(patch + WITHOUT_PATCH);
    match serde_json::to_writer(&mut json, &envelope) {
        Ok(()) => json,
        // Texts and numbers only: there is nothing in it that could not be written.
        Err(_) => Vec::new(),
    }
}

/// Short enough and few enough for Kubernetes to pass all of them on.
fn warnings(all: &[String]) -> Vec<String> {
    let cut = |warning: &String| match warning.char_indices().nth(LONGEST_WARNING) {
        Some(_) => warning.chars().take(LONGEST_WARNING - 1).chain(std::iter::once('…')).collect(),
        None => warning.clone(),
    };
    let mut warnings: Vec<_> = all.iter().take(MOST_WARNINGS).map(cut).collect();
    if all.len() > MOST_WARNINGS {
        warnings.push(format!("and {} more warnings; the webhook's log has them", all.len() - MOST_WARNINGS));
    }
    warnings
}
