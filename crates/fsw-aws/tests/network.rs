//! Faults of the network and of servers that are no AWS, which no emulator shows: a socket that does as it is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{ask, id, settings, source, source_with, words};
use expect_test::{Expect, expect};
use fsw_source::{SecretSource, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tracing_subscriber::fmt::MakeWriter;

/// Answers every connection with these bytes once a request has come, then closes it; without bytes it stays silent.
async fn server(answer: Option<&'static str>) -> String {
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

async fn check(answer: &'static str, expected: Expect) {
    let source = source(&server(Some(answer)).await).await;
    let result = source.get(&id(), &Version::Current).await;
    expected.assert_eq(&words(&result));
    assert!(!format!("{result:?}").contains("s3cret"));
}

#[tokio::test]
async fn broken_answers() {
    check("", expect!["unavailable: the connection was closed before AWS answered (ConnectionClosed)"]).await;
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"SecretString\":\"s3cret",
        expect!["unavailable: the answer of AWS cannot be read (UnreadableResponse)"],
    )
    .await;
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"SecretString\":s3cret  ",
        expect!["unavailable: the answer of AWS cannot be read (UnreadableResponse)"],
    )
    .await;
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        expect!["unusable: the secret has neither a string nor a binary (NoValue)"],
    )
    .await;
    check("HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"SecretString\":\"\"}", expect![[r#"found """#]]).await;
    check("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", expect!["unavailable: AWS has a fault (503)"]).await;
    check(
        "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n",
        expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (429)"],
    )
    .await;
    check(
        "HTTP/1.1 403 No\r\nContent-Length: 12\r\n\r\n<html>s3cret",
        expect!["unusable: AWS does not accept the call (403)"],
    )
    .await;
    check("s3cret\r\n\r\n", expect!["unavailable: the connection was closed before AWS answered (ConnectionClosed)"])
        .await;
}

#[tokio::test]
async fn silence_and_absence() {
    let settings = fsw_aws::Settings { attempt_timeout: Duration::from_millis(50), ..settings(&server(None).await) };
    let silent = source_with(&settings, "AKIAADMIN", "secret").await;
    assert!(ask(&silent, &Version::Current).await.ends_with("(Timeout)"));
    // A port that nobody listens on.
    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let absent = source(&format!("http://127.0.0.1:{port}")).await;
    assert!(ask(&absent, &Version::Current).await.ends_with("(Network)"));
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What the webhook lets itself be talked into: every level of our own crates, and of all others as far as `debug`.
#[tokio::test]
async fn no_log_line_holds_a_value() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("trace"))
        .with_writer(captured.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"SecretString\":\"s3cret\"}";
    let garbage = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"SecretString\":s3cret  ";
    for answer in [good, garbage] {
        let source = source(&server(Some(answer)).await).await;
        ask(&source, &Version::Current).await;
    }
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("GetSecretValue") && log.contains("UnreadableResponse"), "{log}");
    let leaks: Vec<_> = log.lines().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
