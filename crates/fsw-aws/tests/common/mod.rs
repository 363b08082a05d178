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
use aws_credential_types::provider::SharedCredentialsProvider;
use fsw_aws::{AwsSource, Metrics, Settings};
use fsw_naming::{IdForm, Key, Scope, candidates};
use fsw_source::{Answer, SecretId, SecretSource, SourceError, Version};
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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
    let credentials = SharedCredentialsProvider::new(Credentials::new(key, secret, None, None, "test"));
    AwsSource::connect_with(credentials, settings, Metrics::register(&mut Registry::default())).await.unwrap()
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

/// Answers every connection with these bytes once a request has come, then closes it; without bytes it stays silent.
pub async fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            match answer {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => silent.push(stream),
            }
        }
    });
    url
}
