use crate::NameError;
use crate::secret_id::forbidden_character;

/// The ARN of one secret: `arn:<partition>:secretsmanager:<region>:<account>:secret:<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretArn(String);

impl SecretArn {
    /// The ARN that a sidecar request means. A group that already is a whole ARN is it; otherwise group and key are
    /// joined by one colon.
    ///
    /// # Errors
    /// What they make is not the ARN of a secret.
    pub fn from_group_and_key(group: &str, key: &str) -> Result<Self, NameError> {
        let group = group.strip_suffix(':').unwrap_or(group);
        if Self::is_whole(group) {
            return Ok(Self(group.to_owned()));
        }
        let joined = format!("{group}:{}", key.strip_prefix(':').unwrap_or(key));
        if Self::is_whole(&joined) { Ok(Self(joined)) } else { Err(NameError::NotAnArn { found: joined }) }
    }

    /// Reads a whole ARN.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(arn: &str) -> Result<Self, NameError> {
        if Self::is_whole(arn) { Ok(Self(arn.to_owned())) } else { Err(NameError::NotAnArn { found: arn.to_owned() }) }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The region in it.
    pub fn region(&self) -> &str {
        self.0.split(':').nth(3).unwrap_or_default()
    }

    fn is_whole(text: &str) -> bool {
        let parts: Vec<_> = text.splitn(7, ':').collect();
        let [arn, partition, service, region, account, kind, name] = parts[..] else { return false };
        (arn, service, kind) == ("arn", "secretsmanager", "secret")
            && [partition, region, account].iter().all(|part| !part.is_empty() && is_plain(part))
            && !name.is_empty()
            && forbidden_character(name).is_none()
    }
}

impl std::fmt::Display for SecretArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_plain(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(group: &str, key: &str, expected: Option<&str>) {
        let arn = SecretArn::from_group_and_key(group, key);
        assert_eq!(arn.as_ref().ok().map(SecretArn::as_str), expected, "{group} {key}");
    }

    #[test]
    fn group_and_key_join_with_one_colon() {
        let expected = Some("arn:aws:secretsmanager:us-west-2:123456789012:secret:My-Secret-AbCdEf");
        check("arn:aws:secretsmanager:us-west-2:123456789012:secret", "My-Secret-AbCdEf", expected);
        check("arn:aws:secretsmanager:us-west-2:123456789012:secret:", "My-Secret-AbCdEf", expected);
        check("arn:aws:secretsmanager:us-west-2:123456789012:secret", ":My-Secret-AbCdEf", expected);
        check("arn:aws:secretsmanager:us-west-2:123456789012:secret:", ":My-Secret-AbCdEf", expected);
    }

    #[test]
    fn a_group_that_is_a_whole_arn_is_the_arn() {
        let whole = "arn:aws:secretsmanager:us-west-2:123456789012:secret:my-secret";
        check(whole, "my-key", Some(whole));
        check(&format!("{whole}:"), "my-key", Some(whole));
        check(
            "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a/b",
            "k",
            Some("arn:aws-cn:secretsmanager:cn-north-1:1:secret:a/b"),
        );
        check(
            "arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:rds!x",
            "k",
            Some("arn:aws-us-gov:secretsmanager:us-gov-west-1:1:secret:rds!x"),
        );
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        check("g", "k", None);
        check("arn:aws:s3:us-west-2:1:secret", "k", None);
        check("arn:aws:secretsmanager::1:secret", "k", None);
        check("arn:aws:secretsmanager:us-west-2::secret", "k", None);
        check("arn::secretsmanager:us-west-2:1:secret", "k", None);
        check("arn:aws:secretsmanager:us-west-2:1:secret", "a:b", None);
        check("arn:aws:secretsmanager:us-west-2:1:secret", "a b", None);
        check("arn:aws:secretsmanager:us-west-2:1", "secret", None);
    }

    #[test]
    fn the_region_is_the_fourth_part() {
        let arn = SecretArn::from_group_and_key("arn:aws:secretsmanager:eu-west-1:1:secret", "k").unwrap();
        assert_eq!(arn.region(), "eu-west-1");
    }
}
