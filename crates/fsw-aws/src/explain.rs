//! Sentences for people: what happened and what to do. Of what AWS wrote, only names get into them.

pub(crate) const TIMEOUT: &str =
    "no answer in time; if this goes on, check the way to AWS (VPC endpoint, proxy, network policy)";
pub(crate) const NETWORK: &str =
    "AWS cannot be reached; check DNS and the way to AWS (VPC endpoint, proxy, network policy)";
pub(crate) const CONNECTION_CLOSED: &str = "the connection was closed before AWS answered";
pub(crate) const UNREADABLE: &str = "the answer of AWS cannot be read";
pub(crate) const UNKNOWN: &str = "the call failed in a way that this version does not know";
pub(crate) const THROTTLED: &str = "AWS throttles the calls of this account; if this goes on, raise its quota";
pub(crate) const FAULT: &str = "AWS has a fault";
pub(crate) const REFUSED: &str = "AWS does not accept the call";
pub(crate) const NO_VALUE: &str = "the secret has neither a string nor a binary";
pub(crate) const BAD_CREDENTIALS: &str = "AWS does not accept the credentials; check the role, its token and the clock";
pub(crate) const DECRYPTION: &str =
    "the secret cannot be decrypted; allow kms:Decrypt on its key, and check that the key is enabled";

/// No credentials were found, or the token service refused to give any.
pub(crate) fn no_credentials(refused: Option<&str>) -> String {
    let refused = refused.filter(|code| is_name(code)).map(|code| {
        format!("the token service refused ({code}); check the trust policy of the role that the service account names")
    });
    refused
        .unwrap_or_else(|| "no AWS credentials; give the service account a role by IRSA or EKS Pod Identity".to_owned())
}

/// A refusal of IAM or KMS: who may not do what, and on what to allow it.
pub(crate) fn denied(message: &str, id: &str, region: &str) -> String {
    let principal = behind(message, "User: ").unwrap_or("the role");
    if message.contains("KMS") || message.contains("kms:") {
        return format!("{principal} may not decrypt the secret; allow kms:Decrypt on its KMS key");
    }
    let action = behind(message, "to perform: ").unwrap_or("secretsmanager:GetSecretValue");
    let resource = if id.starts_with("arn:") {
        id.to_owned()
    } else {
        // AWS appends a dash and six characters to the name.
        format!("arn:{}:secretsmanager:{region}:*:secret:{id}-??????", partition(region))
    };
    format!("{principal} may not {action}; allow it on {resource}")
}

/// The word behind a marker, if it looks like an ARN or an action.
fn behind<'a>(message: &'a str, marker: &str) -> Option<&'a str> {
    let word = message.split_once(marker)?.1.split_whitespace().next()?;
    is_name(word).then_some(word)
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_+=,.@-".contains(&byte))
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
    }

    #[test]
    fn what_is_no_name_is_not_repeated() {
        assert_eq!(
            denied("User: {\"s3cret\"} is not authorized to perform: <s3cret>", "arn:x", "us-east-1"),
            "the role may not secretsmanager:GetSecretValue; allow it on arn:x"
        );
        assert!(!no_credentials(Some("{s3cret}")).contains("s3cret"));
    }
}
