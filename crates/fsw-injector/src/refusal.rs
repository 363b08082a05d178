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
/// With less, a reason says nothing; what does not fit is cut off at the end of the message.
const SHORTEST_SHARE: usize = 240;

/// People and runbooks search for these words, which are those of Flyte's own webhook.
const PREFIX: &str = "none of the secret managers injected secret";

impl Refusal {
    /// The pod as a whole cannot be served.
    pub fn of_pod(class: Class, text: &str) -> Self {
        Self::new(class, &format!("{PREFIX} []: {text}"))
    }

    /// One request cannot be served, whatever the manager.
    pub fn of_request(class: Class, request: &SecretRequest, text: &str) -> Self {
        let request = shorten(&request.to_string(), LONGEST_REQUEST, "…");
        Self::new(class, &format!("{PREFIX} [{request}]: {text}"))
    }

    /// Requests that no manager serves, each with every manager's reason.
    pub fn of_requests(failed: &[(&SecretRequest, Vec<Reason>)]) -> Self {
        let class = failed.iter().map(|(_, reasons)| class_of(reasons)).min().unwrap_or(Class::Invalid);
        let sentence = |longest: usize| {
            let sentences = failed.iter().map(|(request, reasons)| {
                let reasons = reasons.iter().map(|reason| format!("{}: {}", reason.manager, reason.text));
                let request = shorten(&request.to_string(), LONGEST_REQUEST.min(longest), "…");
                shorten(&format!("[{request}]: {}", reasons.collect::<Vec<_>>().join("; ")), longest, " …")
            });
            format!("{PREFIX} {}", sentences.collect::<Vec<_>>().join("; nor secret "))
        };
        // Every request has its share of the message; the first ones have theirs whole where there are too many.
        let share = (LONGEST_MESSAGE - PREFIX.len()) / failed.len().max(1);
        let whole = sentence(LONGEST_LOG);
        let short =
            if whole.len() <= LONGEST_MESSAGE { whole.clone() } else { sentence(share.max(SHORTEST_SHARE) - 16) };
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

/// The kind of one request's refusal: a manager that may serve it later keeps it from being final.
fn class_of(reasons: &[Reason]) -> Class {
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
