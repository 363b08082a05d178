//! "did you mean": the nearest key to one that nobody knows.

use crate::schema::{self, Key, Spelling};

/// How alike two names must be, 0 to 1: `listenPrt` and `listenPort` are at 0.9.
const ALIKE: f64 = 0.75;

/// What a key gains for being in the section that was written.
const SAME_SECTION: f64 = 0.2;

/// What to say about `name` in the section `parent`.
pub(crate) fn advice(parent: &str, name: &str) -> String {
    if let Some(key) = nearest(parent, name) {
        return format!("nobody knows this setting; did you mean {}?", key.path);
    }
    format!("nobody knows this setting; valid here: {}", schema::names(parent))
}

fn nearest(parent: &str, name: &str) -> Option<&'static Key> {
    let scored = schema::KEYS.iter().map(|key| {
        let bonus = if schema::split(key.path).0 == parent { SAME_SECTION } else { 0.0 };
        (likeness(key.name(), name) + bonus, key)
    });
    let (score, key) = scored.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (score >= ALIKE).then_some(key)
}

/// The one of our three sections that a top-level name may be meant for. Flyte's other sections are not near any.
pub(crate) fn nearest_section(name: &str) -> Option<&'static Key> {
    schema::children("").find(|key| likeness(key.name(), name) >= ALIKE)
}

fn likeness(one: &str, other: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(&Spelling::Variable.fold(one), &Spelling::Variable.fold(other))
}
