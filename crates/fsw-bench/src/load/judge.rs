//! Whether an answer is what it should be.

use std::borrow::Cow;

use data_encoding::BASE64;
use serde::Deserialize;

use super::Pods;
use super::review::Sent;

/// The patch of every so many-th answer is looked into: it costs the generator more than the rest of its work.
const EVERY: u64 = 16;

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The pod is admitted, with a patch.
    Admitted { patch: usize },
    /// The client is to come again.
    ComeAgain { seconds: u64, message: String },
    /// The pod is refused, or the answer is wrong.
    Bad(String),
}

#[derive(Deserialize)]
struct Review<'a> {
    #[serde(borrow)]
    response: Response<'a>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    uid: Cow<'a, str>,
    allowed: bool,
    #[serde(borrow)]
    patch: Option<Cow<'a, str>>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    code: Option<i64>,
    message: Option<String>,
    details: Option<Details>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u64>,
}

pub(crate) fn judge(answer: &[u8], sent: &Sent, pods: &Pods) -> Verdict {
    let Ok(Review { response }) = serde_json::from_slice(answer) else {
        return Verdict::Bad("the answer is no AdmissionReview".to_owned());
    };
    if response.uid != sent.uid {
        return Verdict::Bad("the answer has another uid".to_owned());
    }
    if !response.allowed {
        return refused(response.status);
    }
    let Some(patch) = response.patch else { return Verdict::Admitted { patch: 0 } };
    if sent.number.is_multiple_of(EVERY)
        && let Some(missing) = missing(&patch, sent, pods)
    {
        return Verdict::Bad(missing);
    }
    Verdict::Admitted { patch: patch.len() / 4 * 3 }
}

fn refused(status: Option<Status>) -> Verdict {
    let Some(Status { code, message, details }) = status else {
        return Verdict::Bad("refused without a status".to_owned());
    };
    let message = message.unwrap_or_default();
    match details.and_then(|details| details.retry_after_seconds) {
        Some(seconds) if code == Some(429) => Verdict::ComeAgain { seconds, message },
        _ => Verdict::Bad(format!("refused with {}: {message}", code.unwrap_or_default())),
    }
}

/// What is not in the patch and should be.
fn missing(patch: &str, sent: &Sent, pods: &Pods) -> Option<String> {
    let Ok(patch) = BASE64.decode(patch.as_bytes()) else { return Some("the patch is not base64".to_owned()) };
    let patch = String::from_utf8_lossy(&patch).to_uppercase();
    let keys = (0..pods.secrets).map(|index| pods.key(sent.set, index).to_uppercase());
    keys.filter(|key| !patch.contains(key)).map(|key| format!("{key} is not in the patch")).next()
}
