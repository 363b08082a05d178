use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use serde::Deserialize;
use tokio::time::timeout;

use crate::Token;
use crate::admin::plain;

/// As Flyte has it (`flyteplugins/go/tasks/pluginmachinery/secret`, `InvalidateSecretPath`).
const PATH: &str = "/invalidate-secret";
/// Four names are far smaller.
const LONGEST: usize = 64 * 1024;
/// A client that takes longer for so little is not waited for.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

const EXPECTED: &str = "expected {\"org\": \"o\", \"domain\": \"d\", \"project\": \"p\", \"name\": \"k\"}, of which only the name must be there";

type Answering = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// What is to be cleared. As in Go, what is null is empty and what is unknown does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names {
    org: Option<String>,
    domain: Option<String>,
    project: Option<String>,
    name: Option<String>,
}

/// The answers of the port for clearing the cache: `clear` is given organization, domain, project and name, of which only
/// the last is never empty, and says how many entries it cleared or what is wrong with the names.
pub fn invalidation_service<B, C>(
    clear: C,
    token: Option<Arc<Token>>,
) -> impl Fn(Request<B>) -> Answering + Clone + Send + 'static
where
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    C: Fn([&str; 4]) -> Result<usize, String> + Clone + Send + Sync + 'static,
{
    move |request| {
        let (clear, token) = (clear.clone(), token.clone());
        Box::pin(async move { answer(request, clear, token).await })
    }
}

async fn answer<B>(
    request: Request<B>,
    clear: impl Fn([&str; 4]) -> Result<usize, String>,
    token: Option<Arc<Token>>,
) -> Response<Full<Bytes>>
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    if request.uri().path() != PATH {
        return plain(StatusCode::NOT_FOUND, "there is only /invalidate-secret\n");
    }
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "name a secret by POST\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    if token.is_some_and(|token| !token.is_shown(request.headers())) {
        let mut response = plain(StatusCode::UNAUTHORIZED, "show the token as Authorization: Bearer TOKEN\n");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    let body = match timeout(BODY_TIMEOUT, Limited::new(request.into_body(), LONGEST).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "a request may have 65536 bytes\n");
        }
        Ok(Err(_)) => return plain(StatusCode::BAD_REQUEST, "the body ended before it was whole\n"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n"),
    };
    match cleared(&body, clear) {
        Ok(cleared) => json(format!("{{\"cleared\":{cleared}}}\n")),
        Err(problem) => {
            let mut response = plain(StatusCode::BAD_REQUEST, "");
            *response.body_mut() = Full::new(Bytes::from(problem + "\n"));
            response
        }
    }
}

fn cleared(body: &[u8], clear: impl Fn([&str; 4]) -> Result<usize, String>) -> Result<usize, String> {
    let names: Names = serde_json::from_slice(body).map_err(|error| {
        format!("the body is not as it should be (line {}, column {}); {EXPECTED}", error.line(), error.column())
    })?;
    let [organization, domain, project, name] =
        [&names.org, &names.domain, &names.project, &names.name].map(|name| name.as_deref().unwrap_or_default());
    if name.is_empty() {
        return Err(format!("the name is missing or empty; {EXPECTED}"));
    }
    if domain.is_empty() && !project.is_empty() {
        return Err(format!("the project is given without its domain; {EXPECTED}"));
    }
    clear([organization, domain, project, name])
}

fn json(text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
