//! What an error of the SDK means. The order of the questions matters: credentials first, because their failure is
//! wrapped as one of dispatch.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_types::error::ErrorMetadata;
use fsw_source::{Answer, Failure, SourceError};

use crate::explain;

type CallError = SdkError<GetSecretValueError, HttpResponse>;

/// An answer where the error is one, otherwise its class with an explanation.
pub(crate) fn classify(error: &CallError, id: &str, region: &str) -> Result<Answer, SourceError> {
    let request_id = error.request_id().map(str::to_owned);
    let failure = |code: &str, explanation: String| Failure {
        code: code.to_owned(),
        explanation,
        request_id: request_id.clone(),
    };
    if let Some(credentials) = in_chain::<CredentialsError>(error) {
        let refused = in_chain::<ErrorMetadata>(credentials).and_then(ErrorMetadata::code);
        return Err(SourceError::Unavailable(failure("NoCredentials", explain::no_credentials(refused))));
    }
    let unavailable =
        |code: &str, explanation: &str| Err(SourceError::Unavailable(failure(code, explanation.to_owned())));
    match error {
        SdkError::TimeoutError(_) => unavailable("Timeout", explain::TIMEOUT),
        SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() => unavailable("Timeout", explain::TIMEOUT),
        SdkError::DispatchFailure(dispatch) if dispatch.is_io() => unavailable("Network", explain::NETWORK),
        SdkError::DispatchFailure(_) => unavailable("ConnectionClosed", explain::CONNECTION_CLOSED),
        SdkError::ResponseError(_) => unavailable("UnreadableResponse", explain::UNREADABLE),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            by_service(service.err(), status, id, region, failure)
        }
        _ => unavailable("Unknown", explain::UNKNOWN),
    }
}

/// By what AWS itself said.
fn by_service(
    error: &GetSecretValueError,
    status: u16,
    id: &str,
    region: &str,
    failure: impl Fn(&str, String) -> Failure,
) -> Result<Answer, SourceError> {
    let message = error.message().unwrap_or_default();
    let code = error.code().unwrap_or_default();
    match code {
        "ResourceNotFoundException" => Ok(Answer::NotFound),
        "InvalidRequestException" if message.contains("deletion") || message.contains("deleted") => {
            Ok(Answer::MarkedForDeletion)
        }
        "AccessDenied" | "AccessDeniedException" => {
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
        "TooManyRequestsException" | "RequestLimitExceeded" | "LimitExceededException" | "SlowDown" => {
            Err(SourceError::Unavailable(failure(code, explain::THROTTLED.to_owned())))
        }
        _ if code.starts_with("Throttl") || status == 429 => {
            let code = if code.is_empty() { "429" } else { code };
            Err(SourceError::Unavailable(failure(code, explain::THROTTLED.to_owned())))
        }
        "InternalServiceError" | "InternalFailure" | "ServiceUnavailable" => {
            Err(SourceError::Unavailable(failure(code, explain::FAULT.to_owned())))
        }
        _ if status >= 500 => {
            let code = if code.is_empty() { status.to_string() } else { code.to_owned() };
            Err(SourceError::Unavailable(failure(&code, explain::FAULT.to_owned())))
        }
        // A good status whose body makes no sense: the SDK calls that an error of the service, too.
        _ if status < 400 => {
            Err(SourceError::Unavailable(failure("UnreadableResponse", explain::UNREADABLE.to_owned())))
        }
        "" => Err(SourceError::Unusable(failure(&status.to_string(), explain::REFUSED.to_owned()))),
        code => Err(SourceError::Unusable(failure(code, explain::REFUSED.to_owned()))),
    }
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
