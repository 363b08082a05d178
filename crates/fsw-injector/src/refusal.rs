//! Why a pod is refused: one line for its author, and the class that decides what Flyte does with the task.

use std::fmt;

use fsw_request::SecretRequest;

/// The API server's own limit is higher; a terminal's patience is not. In bytes.
pub const LONGEST_MESSAGE: usize = 1024;

/// What kind of refusal. From the most to the least final: where several apply, the most final one counts, because
/// asking again cannot help against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The request makes no sense, or collides with the pod or another request.
    Invalid,
    /// There is no such secret in any scope.
    NotFound,
    /// The source does not let the webhook read it.
    Forbidden,
    /// The source is out of service or overloaded.
    Unavailable,
}

impl Class {
    /// The name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not-found",
            Self::Forbidden => "forbidden",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A refused pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind.
    pub class: Class,
    /// For the author of the pod: one line of at most [`LONGEST_MESSAGE`] bytes.
    pub message: String,
    /// The same without the limit, for the log.
    pub full: String,
}

/// Why one manager does not serve a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The manager.
    pub manager: &'static str,
    /// What kind.
    pub class: Class,
    /// What is wrong and what to do.
    pub text: String,
}

/// A refusal in the log, in bytes: Flyte asks again and again, and a request may be as long as a pod.
const LONGEST_LOG: usize = 16 * 1024;
/// A request is named by so many bytes at most.
const LONGEST_REQUEST: usize = 200;
/// Of several requests, the first has so many bytes for all its reasons.
const LONGEST_FIRST: usize = 720;

/// People and runbooks search for these words, which are those of Flyte's own webhook.
const PREFIX: &str = "none of the secret managers injected secret";

impl Refusal {
    /// The pod as a whole cannot be served.
    pub fn of_pod(class: Class, text: &str) -> Self {
        Self::new(class, &format!("{PREFIX} []: {text}"))
    }

    /// One request cannot be served, whatever the manager.
    pub fn of_request(class: Class, request: &SecretRequest, text: &str) -> Self {
        Self::new(class, &format!("{PREFIX} [{}]: {text}", named(request)))
    }

    /// Requests that no manager serves, each with every manager's reason. What is the most final comes first: a long message
    /// is cut off.
    pub fn of_requests(failed: &[(&SecretRequest, Vec<Reason>)]) -> Self {
        let mut failed: Vec<_> = failed.iter().collect();
        failed.sort_by_key(|(_, reasons)| class_of(reasons));
        let class = failed.iter().map(|(_, reasons)| class_of(reasons)).min().unwrap_or(Class::Invalid);
        let sentences: Vec<_> = failed.iter().map(|(request, reasons)| sentence(request, reasons)).collect();
        let whole = format!("{PREFIX} {}", sentences.join("; nor secret "));
        let short = match sentences.split_first() {
            // The first one with all that is known of it, the others by name: a dozen half sentences would help nobody.
            Some((first, others)) if whole.len() > LONGEST_MESSAGE && !others.is_empty() => {
                let others = failed
                    .iter()
                    .skip(1)
                    .map(|(request, reasons)| format!("[{}] ({})", named(request), class_of(reasons).as_str()));
                let others: Vec<_> = others.collect();
                format!("{PREFIX} {}; nor secrets {}", shorten(first, LONGEST_FIRST, " …"), others.join(", "))
            }
            _ => whole.clone(),
        };
        Self { class, message: one_line(&short, LONGEST_MESSAGE), full: one_line(&whole, LONGEST_LOG) }
    }

    fn new(class: Class, text: &str) -> Self {
        Self { class, message: one_line(text, LONGEST_MESSAGE), full: one_line(text, LONGEST_LOG) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A request with every manager's reason.
fn sentence(request: &SecretRequest, reasons: &[Reason]) -> String {
    let reasons: Vec<_> = reasons.iter().map(|reason| format!("{}: {}", reason.manager, reason.text)).collect();
    format!("[{}]: {}", named(request), reasons.join("; "))
}

/// A request as far as it takes to know which one it is.
pub(crate) fn named(request: &SecretRequest) -> String {
    shorten(&request.to_string(), LONGEST_REQUEST, "…")
}

/// The kind of one request's refusal: a manager that may serve it later keeps it from being final.
pub(crate) fn class_of(reasons: &[Reason]) -> Class {
    reasons.iter().map(|reason| reason.class).max().unwrap_or(Class::Invalid)
}

/// Without control characters, and cut where it is too long.
fn one_line(text: &str, longest: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shorten(&line, longest, " … (the webhook's log has more)")
}

/// Cuts a text at so many bytes, and says so at its end.
fn shorten(text: &str, longest: usize, mark: &str) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(longest.saturating_sub(mark.len()));
    format!("{}{mark}", &text[..end])
}
