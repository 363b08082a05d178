//! The life of the certificate in the shared Secret, as steps that any replica may take: pure.
//!
//! A leaf whose authority an API server does not know yet would make pod creations fail, and so would an authority that
//! is dropped while a replica still serves its leaf. So a renewal has three steps, `overlap` apart:
//!
//! 1. announce: `ca.crt` holds the new authority and the old one; the new leaf waits under `next.crt`
//! 2. switch, once the registration is seen to hold that `ca.crt`: `tls.crt` becomes the new leaf
//! 3. retire: `ca.crt` drops the old authority

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::identity::{self, Facts, Identity, IdentityError};

/// When to renew, and what for.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The DNS names of the certificate.
    pub names: Vec<String>,
    /// How long a certificate is good for.
    pub validity: Duration,
    /// How long before its end it is renewed.
    pub renew_before: Duration,
    /// How long each step of a renewal lasts at least: every replica and every API server must have noticed by then.
    pub overlap: Duration,
}

/// What the Secret holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    /// What clients must trust; PEM.
    pub(crate) authorities: String,
    pub(crate) leaf: Leaf,
    /// What will be served, once its authority is known everywhere.
    pub(crate) next: Option<Leaf>,
    /// When the last step was taken.
    pub(crate) since: Option<SystemTime>,
    /// Someone asked for a renewal.
    pub(crate) renewal_asked: bool,
}

/// A certificate and its key; PEM.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("since", &self.since).field("next", &self.next.is_some()).finish_non_exhaustive()
    }
}

/// What a replica does to the Secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Keep,
    /// Write this; the text says what it means.
    Write(Box<Stored>, &'static str),
}

/// The step that is due. `announced`: the API server holds the authorities that are stored.
pub(crate) fn step(
    stored: Option<&Stored>,
    policy: &Policy,
    announced: bool,
    now: SystemTime,
) -> Result<Step, IdentityError> {
    let Some(stored) = stored else { return fresh(policy, now, "made") };
    let Some(leaf) = usable(stored, now) else { return fresh(policy, now, "replaced: it was unusable or had ended") };
    let has_settled = stored.since.is_none_or(|since| now.duration_since(since).is_ok_and(|age| age >= policy.overlap));
    if let Some(next) = &stored.next {
        if !(has_settled && announced) {
            return Ok(Step::Keep);
        }
        let switched = Stored { leaf: next.clone(), next: None, since: Some(now), ..stored.clone() };
        return Ok(Step::Write(Box::new(switched), "switched to the new one"));
    }
    if is_due(&leaf, policy, now) || stored.renewal_asked {
        return announce(stored, policy, now);
    }
    let needed = issuers(stored, &leaf);
    if has_settled && needed != stored.authorities && identity::split(&stored.authorities).count() > 1 {
        let retired = Stored { authorities: needed, since: Some(now), ..stored.clone() };
        return Ok(Step::Write(Box::new(retired), "the authority before is not trusted any more"));
    }
    Ok(Step::Keep)
}

fn fresh(policy: &Policy, now: SystemTime, what: &'static str) -> Result<Step, IdentityError> {
    let Identity { authority, certificate, key } = Identity::new(&policy.names, policy.validity, now)?;
    let leaf = Leaf { certificate, key };
    let stored = Stored { authorities: authority, leaf, next: None, since: Some(now), renewal_asked: false };
    Ok(Step::Write(Box::new(stored), what))
}

fn announce(stored: &Stored, policy: &Policy, now: SystemTime) -> Result<Step, IdentityError> {
    let Identity { authority, certificate, key } = Identity::new(&policy.names, policy.validity, now)?;
    let announced = Stored {
        authorities: authority + &stored.authorities,
        leaf: stored.leaf.clone(),
        next: Some(Leaf { certificate, key }),
        since: Some(now),
        renewal_asked: false,
    };
    Ok(Step::Write(Box::new(announced), "a new one is announced"))
}

/// Whether somebody can be served with what is stored.
pub(crate) fn is_usable(stored: &Stored, now: SystemTime) -> bool {
    usable(stored, now).is_some()
}

/// The leaf's facts, unless nobody could be served with it.
fn usable(stored: &Stored, now: SystemTime) -> Option<Facts> {
    let leaf = identity::read(&stored.leaf.certificate)?.into_iter().next()?;
    let is_trusted = !issuers(stored, &leaf).is_empty();
    (is_trusted && identity::fits(&stored.leaf.key, &leaf) && leaf.not_after > seconds(now)).then_some(leaf)
}

/// Renewed well before its end, and when the Service has another name than it was made for.
fn is_due(leaf: &Facts, policy: &Policy, now: SystemTime) -> bool {
    let is_named = policy.names.iter().all(|name| leaf.dns_names.contains(name));
    !is_named || leaf.not_after <= seconds(now + policy.renew_before)
}

/// Those of the stored authorities that could have signed the leaf.
fn issuers(stored: &Stored, leaf: &Facts) -> String {
    let is_issuer = |pem: &String| {
        identity::read(pem).is_some_and(|facts| facts.iter().any(|authority| authority.subject == leaf.issuer))
    };
    identity::split(&stored.authorities).filter(is_issuer).collect()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "rotation_tests.rs"]
mod tests;
