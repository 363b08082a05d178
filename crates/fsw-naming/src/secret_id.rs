//! The ids under which Flyte keeps a secret in AWS Secrets Manager.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::{Key, NameError, Scope, ScopeLevel, SecretArn};

/// Characters that AWS allows in a secret's name.
const LONGEST: usize = 512;
/// Most ids have no more bytes.
const USUAL: usize = 160;

/// How the id of a domain or organization secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdForm {
    /// As Flyte's documentation has it: a name that does not apply is left out.
    Documented,
    /// As Flyte's code has it: a name that does not apply is left empty.
    Padded,
}

/// The id of a secret, and what AWS is asked for. A clone shares the text.
#[derive(Debug, Clone, Eq, PartialOrd, Ord)]
pub struct SecretId(Arc<str>);

impl PartialEq for SecretId {
    /// The ids of a pod differ only at their ends. In a static program memcmp goes byte by byte; this looks at many at a
    /// time.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.0.as_bytes(), other.0.as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
    }
}

impl Hash for SecretId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// What the ids of a scope begin with, up to the key: the same for all of a pod's secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Beginnings {
    project: String,
    domain: [String; 2],
    organization: [String; 2],
}

impl Beginnings {
    pub(crate) fn new(organization: &str, domain: &str, project: &str) -> Self {
        let (o, d, p) = (organization, domain, project);
        Self {
            project: [PREFIX, o, "__domain__", d, "__project__", p, "__key__"].concat(),
            domain: [
                [PREFIX, o, "__domain__", d, "__key__"].concat(),
                [PREFIX, o, "__domain__", d, "__project____key__"].concat(),
            ],
            organization: [[PREFIX, o, "__key__"].concat(), [PREFIX, o, "__domain____project____key__"].concat()],
        }
    }

    fn of(&self, level: ScopeLevel, form: IdForm) -> &str {
        let Self { project, domain: [domain, domain_padded], organization: [organization, organization_padded] } = self;
        match (level, form) {
            (ScopeLevel::Project, _) => project,
            (ScopeLevel::Domain, IdForm::Documented) => domain,
            (ScopeLevel::Domain, IdForm::Padded) => domain_padded,
            (ScopeLevel::Organization, IdForm::Documented) => organization,
            (ScopeLevel::Organization, IdForm::Padded) => organization_padded,
        }
    }
}

impl SecretId {
    /// The id of a key, put together in `text`, which can be used again.
    fn new(beginning: &str, key: &Key, text: &mut String) -> Result<Self, NameError> {
        text.clear();
        text.push_str(beginning);
        text.push_str(key.as_str());
        if text.len() > LONGEST {
            return Err(NameError::TooLong { key: key.to_string(), length: text.len() });
        }
        Ok(Self(text.as_str().into()))
    }

    /// What AWS is asked for.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&SecretArn> for SecretId {
    fn from(arn: &SecretArn) -> Self {
        Self(arn.as_str().into())
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ids to ask for on one level, the preferred one first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScopeIds {
    /// The level they belong to.
    pub level: ScopeLevel,
    /// Never empty, and without repetition.
    pub ids: Vec<SecretId>,
}

/// All ids that a key can have, from the most specific level to the broadest.
///
/// # Errors
/// A name has a character that AWS does not allow, an id is too long, or an id could also be that of another scope
/// and key: `__` is not escaped, so project `p__key__a` with key `b` would read the secret of project `p` with key
/// `a__key__b`.
pub fn candidates(scope: &Scope, key: &Key, forms: &[IdForm]) -> Result<Vec<ScopeIds>, NameError> {
    for (what, name) in names(scope) {
        if let Some(found) = forbidden_character(name) {
            return Err(NameError::Character { what, name: name.to_owned(), found });
        }
    }
    let may_be_ambiguous =
        names(scope).iter().any(|(_, name)| touches_separator(name)) || touches_separator(key.as_str());
    let mut levels = Vec::with_capacity(ScopeLevel::ALL.len());
    let mut text = String::with_capacity(USUAL);
    for level in ScopeLevel::ALL {
        let mut ids = Vec::with_capacity(forms.len());
        for &form in forms {
            let id = SecretId::new(scope.beginnings().of(level, form), key, &mut text)?;
            if may_be_ambiguous && !is_unambiguous(&id, scope, level, form, key) {
                return Err(ambiguous(scope, key, id));
            }
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        levels.push(ScopeIds { level, ids });
    }
    Ok(levels)
}

/// All ids of a key on one level alone, in both forms: that of the project, of the domain where there is no project, of
/// the organization where there is no domain either.
///
/// # Errors
/// As for [`candidates`], or the organization is missing, or the domain of the project.
pub fn ids_of_scope(organization: &str, domain: &str, project: &str, key: &Key) -> Result<Vec<SecretId>, NameError> {
    let level = match (domain, project) {
        ("", "") => ScopeLevel::Organization,
        (_, "") => ScopeLevel::Domain,
        _ => ScopeLevel::Project,
    };
    // What takes no part on this level is anything that is valid.
    let or_any = |name: &str, takes_part: bool| if takes_part { name.to_owned() } else { "-".to_owned() };
    let domain = or_any(domain, level != ScopeLevel::Organization);
    let project = or_any(project, level == ScopeLevel::Project);
    let levels = candidates(&Scope::new(organization, &domain, &project)?, key, &[IdForm::Documented, IdForm::Padded])?;
    Ok(levels.into_iter().find(|ids| ids.level == level).map(|ids| ids.ids).unwrap_or_default())
}

impl SecretId {
    /// Whether this may be an id of the key, in whatever scope.
    pub fn may_be_of(&self, key: &Key) -> bool {
        self.0.strip_suffix(key.as_str()).is_some_and(|rest| rest.starts_with(PREFIX) && rest.ends_with("__key__"))
    }
}

/// The first character that AWS does not allow in a secret's name.
pub(crate) fn forbidden_character(name: &str) -> Option<char> {
    let is_allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'=' | b'.' | b'@' | b'!' | b'-')
    };
    // What is allowed is ASCII, so that the first other byte begins a character.
    let at = name.bytes().position(|byte| !is_allowed(byte))?;
    name[at..].chars().next()
}

fn names(scope: &Scope) -> [(&'static str, &str); 3] {
    [("label organization", scope.organization()), ("label domain", scope.domain()), ("label project", scope.project())]
}

/// Whether a name can take part in a separator at all; nearly none does, which spares them the search below.
fn touches_separator(name: &str) -> bool {
    name.contains("__") || name.starts_with('_') || name.ends_with('_')
}

/// Whether the id decodes to what it was made of, and to nothing else.
fn is_unambiguous(id: &SecretId, scope: &Scope, level: ScopeLevel, form: IdForm, key: &Key) -> bool {
    let (organization, domain, project) = match level {
        ScopeLevel::Project => (scope.organization(), scope.domain(), scope.project()),
        ScopeLevel::Domain => (scope.organization(), scope.domain(), ""),
        ScopeLevel::Organization => (scope.organization(), "", ""),
    };
    let separators: &[&str] = match (level, form) {
        (ScopeLevel::Project, _) => &["__domain__", "__project__", "__key__"],
        (ScopeLevel::Domain, IdForm::Documented) => &["__domain__", "__key__"],
        (ScopeLevel::Domain, IdForm::Padded) => &["__domain__", "__project____key__"],
        (ScopeLevel::Organization, IdForm::Documented) => &["__key__"],
        (ScopeLevel::Organization, IdForm::Padded) => &["__domain____project____key__"],
    };
    decode(id) == Some((organization, domain, project, key.as_str()))
        && splits(id.0.strip_prefix(PREFIX).unwrap_or_default(), separators) == 1
}

const PREFIX: &str = "u__org__";

/// Organization, domain, project (the last two may be empty) and key of an id, by the first separator each.
fn decode(id: &SecretId) -> Option<(&str, &str, &str, &str)> {
    let rest = id.0.strip_prefix(PREFIX)?;
    let (organization, mut separator, mut rest) = cut(rest, &["__domain__", "__key__"])?;
    let (mut domain, mut project) = ("", "");
    if separator == "__domain__" {
        (domain, separator, rest) = cut(rest, &["__project__", "__key__"])?;
    }
    if separator == "__project__" {
        (project, _, rest) = cut(rest, &["__key__"])?;
    }
    Some((organization, domain, project, rest))
}

/// Cuts at the separator that comes first.
fn cut<'a>(text: &'a str, separators: &[&'static str]) -> Option<(&'a str, &'static str, &'a str)> {
    let (at, separator) = separators.iter().filter_map(|separator| Some((text.find(separator)?, *separator))).min()?;
    Some((&text[..at], separator, &text[at + separator.len()..]))
}

/// In how many ways a text can be cut at all of the separators, in order, into non-empty pieces.
fn splits(text: &str, separators: &[&str]) -> usize {
    let Some((separator, others)) = separators.split_first() else { return usize::from(!text.is_empty()) };
    (1..text.len()).filter_map(|at| text.get(at..)?.strip_prefix(separator)).map(|rest| splits(rest, others)).sum()
}

/// The error, naming the piece that is most likely at fault.
fn ambiguous(scope: &Scope, key: &Key, id: SecretId) -> NameError {
    let mut pieces = names(scope).to_vec();
    pieces.push(("key", key.as_str()));
    let (what, name) = pieces
        .iter()
        .find(|(_, name)| name.contains("__"))
        .or_else(|| pieces.iter().find(|(_, name)| touches_separator(name)))
        .copied()
        .unwrap_or(("key", key.as_str()));
    NameError::Ambiguous { what, name: name.to_owned(), id: id.0.to_string() }
}

#[cfg(test)]
mod tests;
