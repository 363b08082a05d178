//! Sentences for people: what happened and what to do. Of what AWS wrote, only names get into them.

pub(crate) const TIMEOUT: &str =
    "no answer in time; if this goes on, check the way to AWS (VPC endpoint, proxy, network policy)";
pub(crate) const NETWORK: &str =
    "AWS cannot be reached; check DNS and the way to AWS (VPC endpoint, proxy, network policy)";
pub(crate) const CONNECTION_CLOSED: &str = "the connection was closed before AWS answered";
pub(crate) const TRUNCATED: &str = "the answer of AWS broke off";
pub(crate) const UNREADABLE: &str = "the answer of AWS cannot be read";
pub(crate) const UNKNOWN: &str = "the call failed in a way that this version does not know";
pub(crate) const THROTTLED: &str = "AWS throttles the calls of this account; if this goes on, raise its quota";
pub(crate) const FAULT: &str = "AWS has a fault";
pub(crate) const REFUSED: &str = "AWS does not accept the call";
pub(crate) const NOT_AWS: &str = "the answer is not from AWS; check the way to it (proxy, endpoint URL)";
pub(crate) const NO_SUCH_VERSION: &str =
    "none of its versions has the staging label that group_version asks for; correct it, or give a version that label";
pub(crate) const NO_VALUE: &str = "the secret has neither a string nor a binary";
pub(crate) const BAD_CREDENTIALS: &str = "AWS does not accept the credentials; check the role, its token and the clock";
pub(crate) const DECRYPTION: &str =
    "the secret cannot be decrypted; allow kms:Decrypt on its key, and check that the key is enabled";

pub(crate) const NO_CREDENTIALS: &str =
    "no AWS credentials; give the service account a role by IRSA or EKS Pod Identity";
pub(crate) const NO_WAY_TO_CREDENTIALS: &str = "the AWS credentials cannot be fetched; check the way to the token service (STS, or the Pod Identity agent of the node)";
pub(crate) const REFUSED_CREDENTIALS: &str =
    "the token service gave no credentials; check the service account's token, its role and the role's trust policy";

/// The token service was asked for credentials and gave none.
pub(crate) fn refused_credentials(code: &str) -> String {
    let advice = match code {
        "AccessDenied" | "AccessDeniedException" => "check the trust policy of the role that the service account names",
        _ if is_throttling(code) => "if this goes on, ask AWS to raise the quota",
        _ => "if this goes on, check the service account's token and role",
    };
    format!("the token service refused ({code}); {advice}")
}

/// A refusal of IAM or KMS: who may not do what, and on what to allow it.
pub(crate) fn denied(message: &str, id: &str, region: &str) -> String {
    let principal = behind(message, "User: ", &["arn:"]).unwrap_or("the role");
    let action = behind(message, "to perform: ", &["secretsmanager:", "kms:"]);
    // The action decides, where there is one: a secret may have KMS in its name, and the message repeats the name.
    if action.map_or(message.contains("KMS"), |action| action.starts_with("kms:")) {
        return format!("{principal} may not decrypt the secret; allow kms:Decrypt on its KMS key");
    }
    let action = action.unwrap_or("secretsmanager:GetSecretValue");
    let resource = if id.starts_with("arn:") {
        id.to_owned()
    } else {
        // AWS appends a dash and six characters to the name.
        format!("arn:{}:secretsmanager:{region}:*:secret:{id}-??????", partition(region))
    };
    format!("{principal} may not {action}; allow it on {resource}")
}

/// The word behind a marker, if it begins as it should and has only the characters of ARNs and actions.
fn behind<'a>(message: &'a str, marker: &str, beginnings: &[&str]) -> Option<&'a str> {
    let word = message.split_once(marker)?.1.split_whitespace().next()?;
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_+=,.@-".contains(&byte));
    (is_plain && beginnings.iter().any(|beginning| word.starts_with(beginning))).then_some(word)
}

/// Whether a code means that AWS wants fewer calls.
pub(crate) fn is_throttling(code: &str) -> bool {
    const CODES: [&str; 5] =
        ["TooManyRequestsException", "RequestLimitExceeded", "LimitExceeded", "LimitExceededException", "SlowDown"];
    code.starts_with("Throttl") || CODES.contains(&code)
}

/// Whether a code means that AWS has a fault of its own.
pub(crate) fn is_fault(code: &str) -> bool {
    const CODES: [&str; 6] = [
        "InternalServiceError",
        "InternalFailure",
        "ServiceUnavailable",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
    ];
    CODES.contains(&code)
}

fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_who_what_and_where() {
        let message = "User: arn:aws:sts::1:assumed-role/webhook/x is not authorized to perform: secretsmanager:GetSecretValue on resource: u__x because no identity-based policy allows the secretsmanager:GetSecretValue action";
        assert_eq!(
            denied(message, "u__x", "cn-north-1"),
            "arn:aws:sts::1:assumed-role/webhook/x may not secretsmanager:GetSecretValue; allow it on arn:aws-cn:secretsmanager:cn-north-1:*:secret:u__x-??????"
        );
        assert_eq!(
            denied("Access to KMS is not allowed", "u__x", "us-east-1"),
            "the role may not decrypt the secret; allow kms:Decrypt on its KMS key"
        );
        assert_eq!(
            denied("User: arn:aws-us-gov:iam::1:user/x may not", "u__x", "us-gov-west-1"),
            "arn:aws-us-gov:iam::1:user/x may not secretsmanager:GetSecretValue; allow it on arn:aws-us-gov:secretsmanager:us-gov-west-1:*:secret:u__x-??????"
        );
    }

    #[test]
    fn what_is_no_name_is_not_repeated() {
        assert_eq!(
            denied("User: {\"s3cret\"} is not authorized to perform: <s3cret>", "arn:x", "us-east-1"),
            "the role may not secretsmanager:GetSecretValue; allow it on arn:x"
        );
        assert_eq!(
            denied("User: s3cret is not authorized to perform: s3cret:s3cret on resource", "arn:x", "us-east-1"),
            "the role may not secretsmanager:GetSecretValue; allow it on arn:x"
        );
    }
}
