//! What an error of the SDK means. The order of the questions matters: credentials first, because their failure is
//! wrapped as one of dispatch.

use std::error::Error;
use std::io;
use std::sync::Arc;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_types::error::ErrorMetadata;
use fsw_source::{Answer, Failure, SourceError, Version};

use crate::explain;

/// There may be credentials, but whoever gives them is overloaded or out of service.
pub(crate) const NO_TOKEN_SERVICE: &str = "CredentialsUnavailable";
const NO_CREDENTIALS: &str = "NoCredentials";

type CallError = SdkError<GetSecretValueError, HttpResponse>;

/// An answer where the error is one, otherwise its class with an explanation.
pub(crate) fn classify(error: &CallError, id: &str, version: &Version, region: &str) -> Result<Answer, SourceError> {
    let request_id = error.request_id().map(str::to_owned);
    let failure = |code: &str, explanation: String| {
        Arc::new(Failure { code: code.to_owned(), explanation, request_id: request_id.clone() })
    };
    if let Some(credentials) = in_chain(error) {
        let (code, explanation) = no_credentials(credentials);
        return Err(SourceError::Unavailable(failure(code, explanation)));
    }
    let unavailable =
        |code: &str, explanation: &str| Err(SourceError::Unavailable(failure(code, explanation.to_owned())));
    match error {
        SdkError::TimeoutError(_) => unavailable("Timeout", explain::TIMEOUT),
        SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() => unavailable("Timeout", explain::TIMEOUT),
        SdkError::DispatchFailure(dispatch) if dispatch.is_io() => unavailable("Network", explain::NETWORK),
        SdkError::DispatchFailure(_) => unavailable("ConnectionClosed", explain::CONNECTION_CLOSED),
        SdkError::ResponseError(_) => unavailable("TruncatedResponse", explain::TRUNCATED),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            by_service(service.err(), status, id, version, region, failure)
        }
        _ => unavailable("Unknown", explain::UNKNOWN),
    }
}

/// Why there are no credentials, as far as the types tell: the texts in the chain are not for showing.
fn no_credentials(error: &CredentialsError) -> (&'static str, String) {
    if let Some(code) = in_chain::<ErrorMetadata>(error).and_then(ErrorMetadata::code).filter(|code| is_code(code)) {
        let is_outage = explain::is_throttling(code) || explain::is_fault(code);
        let ours = if is_outage { NO_TOKEN_SERVICE } else { NO_CREDENTIALS };
        return (ours, explain::refused_credentials(code));
    }
    let explanation = match error {
        // What the chain says that found nothing, though it may have tried to reach an instance's metadata on the way.
        CredentialsError::CredentialsNotLoaded(_) => explain::NO_CREDENTIALS,
        CredentialsError::ProviderTimedOut(_) => explain::NO_WAY_TO_CREDENTIALS,
        _ if in_chain::<ConnectorError>(error).is_some() => explain::NO_WAY_TO_CREDENTIALS,
        // A code that STS's own types have is not to be seen from here. A file that cannot be read is something else.
        CredentialsError::ProviderError(_) if in_chain::<io::Error>(error).is_none() => explain::REFUSED_CREDENTIALS,
        _ => explain::NO_CREDENTIALS,
    };
    let is_outage = explanation == explain::NO_WAY_TO_CREDENTIALS;
    (if is_outage { NO_TOKEN_SERVICE } else { NO_CREDENTIALS }, explanation.to_owned())
}

/// By what AWS itself said.
fn by_service(
    error: &GetSecretValueError,
    status: u16,
    id: &str,
    version: &Version,
    region: &str,
    failure: impl Fn(&str, String) -> Arc<Failure>,
) -> Result<Answer, SourceError> {
    let message = error.message().unwrap_or_default();
    // Whatever stands between us and AWS may have written it.
    let code = error.code().filter(|code| is_code(code)).unwrap_or_default();
    match code {
        // The secret is there. A broader scope's secret, which may have one, would be the wrong one; a version id names
        // one secret's version.
        "ResourceNotFoundException" if matches!(version, Version::Stage(_)) && message.contains("secret value for") => {
            Err(SourceError::Unusable(failure(code, explain::NO_SUCH_VERSION.to_owned())))
        }
        "ResourceNotFoundException" => Ok(Answer::NotFound),
        "InvalidRequestException" if message.contains("deletion") || message.contains("deleted") => {
            Ok(Answer::MarkedForDeletion)
        }
        "AccessDenied" | "AccessDeniedException" | "NotAuthorized" | "OptInRequired" => {
            Err(SourceError::Denied(failure(code, explain::denied(message, id, region))))
        }
        "DecryptionFailure" => Err(SourceError::Denied(failure(code, explain::DECRYPTION.to_owned()))),
        "ExpiredToken"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "SignatureDoesNotMatch" => Err(SourceError::Unavailable(failure(code, explain::BAD_CREDENTIALS.to_owned()))),
        _ if explain::is_throttling(code) || status == 429 => {
            let code = if code.is_empty() { "429" } else { code };
            Err(SourceError::Unavailable(failure(code, explain::THROTTLED.to_owned())))
        }
        _ if explain::is_fault(code) => Err(SourceError::Unavailable(failure(code, explain::FAULT.to_owned()))),
        _ if status >= 500 => {
            let code = if code.is_empty() { status.to_string() } else { code.to_owned() };
            Err(SourceError::Unavailable(failure(&code, explain::FAULT.to_owned())))
        }
        // A good status whose body makes no sense: the SDK calls that an error of the service, too.
        _ if status < 400 => {
            Err(SourceError::Unavailable(failure("UnreadableResponse", explain::UNREADABLE.to_owned())))
        }
        // AWS always says a code: this is a proxy on the way, or something else that is not AWS.
        "" => Err(SourceError::Unavailable(failure(&status.to_string(), explain::NOT_AWS.to_owned()))),
        code => Err(SourceError::Unusable(failure(code, explain::REFUSED.to_owned()))),
    }
}

/// Whether a text looks like one of AWS's codes, and can be shown.
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
}

/// The first error of a type in a chain of sources.
fn in_chain<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
