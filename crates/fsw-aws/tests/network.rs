//! Faults of the network and of servers that are no AWS, which no emulator shows: a socket that does as it is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{ask, id, server, settings, source, source_with, words};
use expect_test::{Expect, expect};
use fsw_source::{SecretSource, Version};
use tokio::net::TcpListener;

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
