//! A source on an emulator, for tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of it, and may panic"
)]

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use fsw_aws::{AwsSource, Metrics, Settings};
use fsw_naming::{IdForm, Key, Scope, candidates};
use fsw_source::{Answer, SecretId, SecretSource, SourceError, Version};
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The id of the one secret that the tests ask for.
pub fn id() -> SecretId {
    let scope = Scope::new("o", "d", "p").unwrap();
    candidates(&scope, &Key::parse(b"k").unwrap(), &[IdForm::Documented]).unwrap()[0].ids[0].clone()
}

pub fn settings(url: &str) -> Settings {
    Settings {
        region: Some("us-west-2".to_owned()),
        endpoint_url: Some(url.to_owned()),
        attempt_timeout: Duration::from_secs(30),
        connect_timeout: Duration::from_secs(30),
    }
}

pub async fn source(url: &str) -> AwsSource {
    source_with(&settings(url), "AKIAADMIN", "secret").await
}

pub async fn source_with(settings: &Settings, key: &str, secret: &str) -> AwsSource {
    provided(settings, Credentials::new(key, secret, None, None, "test")).await
}

/// A source whose credentials come from this provider.
pub async fn provided(settings: &Settings, provider: impl ProvideCredentials + 'static) -> AwsSource {
    let provider = SharedCredentialsProvider::new(provider);
    AwsSource::connect_with(provider, settings, Metrics::register(&mut Registry::default())).await.unwrap()
}

/// What came back, in words: kind, value or code, explanation.
pub fn words(answer: &Result<Answer, SourceError>) -> String {
    match answer {
        Ok(Answer::Found(secret)) => format!("found {:?}", String::from_utf8_lossy(secret.value.bytes())),
        Ok(other) => format!("{other:?}"),
        Err(SourceError::Denied(failure)) => format!("denied: {failure}"),
        Err(SourceError::Unavailable(failure)) => format!("unavailable: {failure}"),
        Err(SourceError::Unusable(failure)) => format!("unusable: {failure}"),
    }
}

pub async fn ask(source: &AwsSource, version: &Version) -> String {
    words(&source.get(&id(), version).await)
}

/// A whole answer.
pub fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Answers every connection with these bytes once a request has come, then closes it.
pub async fn server(answer: impl Into<String>) -> String {
    serve(answer.into(), drop).await
}

/// Begins the answer to every request with these bytes and never ends it.
pub async fn stalled_server(beginning: &str) -> String {
    let mut open = Vec::new();
    serve(beginning.to_owned(), move |stream| open.push(stream)).await
}

/// The address of a port that nobody listens on.
pub async fn nobody() -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(answer: String, mut then: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            then(stream);
        }
    });
    url
}
