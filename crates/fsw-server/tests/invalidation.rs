//! The port for clearing the cache: what it takes, what it says, who may.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fsw_server::{Token, invalidation_service};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

/// Clears as many entries as the name has bytes, and knows one name that is none.
fn clear([organization, domain, project, name]: [&str; 4]) -> Result<usize, String> {
    match name {
        "bad name" => Err("the name has a space".to_owned()),
        _ => Ok([organization, domain, project, name].concat().len()),
    }
}

async fn say(response: Response<Full<Bytes>>) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn check(method: &str, path: &str, body: &str, status: u16, text: &str) {
    let request = Request::builder().method(method).uri(path).body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    assert_eq!(say(invalidation_service(clear, None)(request).await).await, (status, format!("{text}\n")), "{body}");
}

const PATH: &str = "/invalidate-secret";
const EXPECTED: &str = "expected {\"org\": \"o\", \"domain\": \"d\", \"project\": \"p\", \"name\": \"k\"}, of which only the name must be there";

#[tokio::test]
async fn a_secret_is_named_as_for_flyte() {
    check("POST", PATH, r#"{"org":"oo","domain":"d","project":"p","name":"k"}"#, 200, "{\"cleared\":5}").await;
    check("POST", PATH, r#"{"org":"oo","domain":"","project":null,"name":"k"}"#, 200, "{\"cleared\":3}").await;
    check("POST", PATH, r#"{"name":"key","more":1}"#, 200, "{\"cleared\":3}").await;
}

#[tokio::test]
async fn a_bad_request_is_told_what_is_wrong_with_it() {
    check("POST", "/", "{}", 404, "there is only /invalidate-secret").await;
    check("GET", PATH, "", 405, "name a secret by POST").await;
    let no_name = format!("the name is missing or empty; {EXPECTED}");
    for body in ["{}", r#"{"org":"o","name":""}"#, r#"{"name":null}"#] {
        check("POST", PATH, body, 400, &no_name).await;
    }
    let no_domain = format!("the project is given without its domain; {EXPECTED}");
    check("POST", PATH, r#"{"org":"o","project":"p","name":"k"}"#, 400, &no_domain).await;
    check("POST", PATH, r#"{"name":"bad name"}"#, 400, "the name has a space").await;
    let no_json = format!("the body is not as it should be (line 1, column 1); {EXPECTED}");
    check("POST", PATH, "s3cret", 400, &no_json).await;
    let no_text = format!("the body is not as it should be (line 1, column 9); {EXPECTED}");
    check("POST", PATH, r#"{"name":5}"#, 400, &no_text).await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(64 * 1024));
    check("POST", PATH, &large, 413, "a request may have 65536 bytes").await;
}

async fn status(token: &Arc<Token>, authorization: Option<&str>) -> u16 {
    let mut request = Request::post(PATH);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let request = request.body(Full::new(Bytes::from_static(b"{\"name\":\"k\"}"))).unwrap();
    invalidation_service(clear, Some(Arc::clone(token)))(request).await.status().as_u16()
}

#[tokio::test]
async fn with_a_token_only_those_who_show_it_may_and_a_new_one_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs::write(&path, "first-s3cret\n").unwrap();
    let token = Arc::new(Token::load(&path).unwrap());
    assert!(!format!("{token:?}").contains("s3cret"));
    for wrong in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer "),
        Some("Bearer first"),
        Some("Basic first-s3cret"),
        Some("first-s3cret"),
    ] {
        assert_eq!(status(&token, wrong).await, 401, "{wrong:?}");
    }
    assert_eq!(status(&token, Some("Bearer first-s3cret")).await, 200);
    assert_eq!(status(&token, Some("bearer first-s3cret")).await, 200);
    fs::write(&path, "second").unwrap();
    assert_eq!(status(&token, Some("Bearer first-s3cret")).await, 401);
    assert_eq!(status(&token, Some("Bearer second")).await, 200);
    // A broken update opens the port to nobody.
    fs::write(&path, "\n").unwrap();
    assert_eq!(status(&token, Some("Bearer ")).await, 401);
    fs::remove_file(&path).unwrap();
    assert_eq!(status(&token, Some("Bearer second")).await, 200);
}

#[test]
fn a_file_without_a_token_is_an_error_that_names_it() {
    let error = Token::load(Path::new("/nowhere")).unwrap_err().to_string();
    assert_eq!(error, "cannot read /nowhere, given as secretsWebhook.cache.invalidationTokenFile");
    let error = Token::load(Path::new("/dev/null")).unwrap_err().to_string();
    assert_eq!(error, "/dev/null, given as secretsWebhook.cache.invalidationTokenFile, holds no token");
}
