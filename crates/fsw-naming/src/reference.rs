use crate::{NameError, SecretArn, Version};

/// A secret as ECS names it: `ARN[:json-key[:version-stage[:version-id]]]`, where each part may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SecretReference {
    /// The secret.
    pub arn: SecretArn,
    /// One field of a value that is a JSON object.
    pub json_key: Option<String>,
    /// The version.
    pub version: Version,
}

impl SecretReference {
    /// The reference that a sidecar request means: the group where it is one already, otherwise group and key, joined by
    /// one colon.
    ///
    /// # Errors
    /// What they make is no reference.
    pub fn from_group_and_key(group: &str, key: &str) -> Result<Self, NameError> {
        Self::parse(group).or_else(|_| {
            let (group, key) = (group.strip_suffix(':').unwrap_or(group), key.strip_prefix(':').unwrap_or(key));
            Self::parse(&format!("{group}:{key}"))
        })
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// It does not begin with the ARN of a secret, has too many parts, or names both a stage and a version id.
    pub fn parse(reference: &str) -> Result<Self, NameError> {
        let malformed = || NameError::NotAReference { found: reference.to_owned() };
        let mut parts: Vec<_> = reference.split(':').collect();
        if parts.len() > 10 {
            return Err(malformed());
        }
        let further = parts.split_off(parts.len().min(7));
        let part = |index: usize| further.get(index).copied().filter(|part| !part.is_empty()).map(str::to_owned);
        let version = match (part(1), part(2)) {
            (None, None) => Version::Current,
            (Some(stage), None) => Version::Stage(stage),
            (None, Some(id)) => Version::Id(id),
            (Some(_), Some(_)) => return Err(malformed()),
        };
        let arn = SecretArn::parse(&parts.join(":")).map_err(|_| malformed())?;
        Ok(Self { arn, json_key: part(0), version })
    }
}

impl std::fmt::Display for SecretReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = self.json_key.as_deref().unwrap_or_default();
        match &self.version {
            Version::Current if key.is_empty() => write!(f, "{}", self.arn),
            Version::Current => write!(f, "{}:{key}", self.arn),
            Version::Stage(stage) => write!(f, "{}:{key}:{stage}", self.arn),
            Version::Id(id) => write!(f, "{}:{key}::{id}", self.arn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:us-west-2:123456789012:secret:db-AbCdEf";

    #[track_caller]
    fn check(further: &str, json_key: Option<&str>, version: Version) {
        let text = format!("{ARN}{further}");
        let reference = SecretReference::parse(&text).unwrap();
        assert_eq!((reference.json_key.as_deref(), &reference.version), (json_key, &version), "{text}");
        assert_eq!(SecretReference::parse(&reference.to_string()).unwrap(), reference);
    }

    #[test]
    fn parts_behind_the_name_are_those_of_ecs() {
        check("", None, Version::Current);
        check(":password", Some("password"), Version::Current);
        check(":a.b::", Some("a.b"), Version::Current);
        check("::AWSPREVIOUS", None, Version::Stage("AWSPREVIOUS".into()));
        check(
            ":k::9d4cb84b-ad69-40c0-a0ab-cead36b967e8",
            Some("k"),
            Version::Id("9d4cb84b-ad69-40c0-a0ab-cead36b967e8".into()),
        );
        check(":::", None, Version::Current);
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in ["", "db", "arn:aws:s3:us-west-2:1:secret:x"] {
            assert!(SecretReference::parse(text).is_err(), "{text}");
        }
        for further in [":k:stage:id", "::::", ":a:b:c:d"] {
            assert!(SecretReference::parse(&format!("{ARN}{further}")).is_err(), "{further}");
        }
    }
}
