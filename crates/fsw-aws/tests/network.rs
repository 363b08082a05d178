//! Faults of the network and of servers that are no AWS, which no emulator shows: a socket that does as it is told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use common::{answer, ask, id, nobody, server, settings, source, source_with, stalled_server, words};
use expect_test::{Expect, expect};
use fsw_aws::{AwsSource, Metrics, is_outage};
use fsw_source::{SecretSource, Version};
use prometheus_client::registry::Registry;

async fn check(answer: impl Into<String>, expected: &Expect) {
    let source = source(&server(answer).await).await;
    let result = source.get(&id(), &Version::Current).await;
    expected.assert_eq(&words(&result));
    assert!(!format!("{result:?}").contains("s3cret"));
}

#[tokio::test]
async fn broken_answers() {
    let closed = expect!["unavailable: the connection was closed before AWS answered (ConnectionClosed)"];
    check("", &closed).await;
    check("s3cret\r\n\r\n", &closed).await;
    let truncated = expect!["unavailable: the answer of AWS broke off (TruncatedResponse)"];
    check("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"SecretString\":\"s3cret", &truncated).await;
    check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n{\"SecretString\":\"s3cret", &truncated).await;
    let unreadable = expect!["unavailable: the answer of AWS cannot be read (UnreadableResponse)"];
    check(answer(200, "{\"SecretString\":s3cret"), &unreadable).await;
    check(answer(200, "<html>s3cret"), &unreadable).await;
}

#[tokio::test]
async fn odd_values() {
    check(answer(200, "{\"SecretString\":\"\"}"), &expect![[r#"found """#]]).await;
    check(answer(200, "{\"SecretBinary\":\"AA==\",\"SecretString\":\"text\"}"), &expect![[r#"found "text""#]]).await;
    check(answer(200, "{}"), &expect!["unusable: the secret has neither a string nor a binary (NoValue)"]).await;
}

#[tokio::test]
async fn answers_without_a_code_go_by_their_status() {
    for status in [500, 502, 503, 504] {
        let source = source(&server(answer(status, "")).await).await;
        let expected = format!("unavailable: AWS has a fault ({status})");
        assert_eq!(ask(&source, &Version::Current).await, expected);
    }
    let throttled =
        expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (429)"];
    check(answer(429, ""), &throttled).await;
    check(
        answer(403, "<html>s3cret"),
        &expect!["unavailable: the answer is not from AWS; check the way to it (proxy, endpoint URL) (403)"],
    )
    .await;
    // What stands between us and AWS can say anything; what does not look like a code is not repeated.
    let odd_code = "{\"__type\":\"my s3cret pw\"}";
    check(
        answer(400, odd_code),
        &expect!["unavailable: the answer is not from AWS; check the way to it (proxy, endpoint URL) (400)"],
    )
    .await;
    check(answer(500, odd_code), &expect!["unavailable: AWS has a fault (500)"]).await;
}

#[tokio::test]
async fn a_secret_without_a_version_of_that_label_is_no_absent_secret() {
    let message = "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS";
    let body = format!("{{\"__type\":\"ResourceNotFoundException\",\"message\":\"{message}\"}}");
    let source = source(&server(answer(400, &body)).await).await;
    let previous = Version::Stage("AWSPREVIOUS".to_owned());
    expect!["unusable: none of its versions has the staging label that group_version asks for; correct it, or give a version that label (ResourceNotFoundException)"]
        .assert_eq(&ask(&source, &previous).await);
    // A version id names one secret's version, and every secret should have a current one.
    for version in [Version::Id("8c0a3b0e-0000-4000-8000-000000000000".to_owned()), Version::Current] {
        assert_eq!(ask(&source, &version).await, "NotFound");
    }
}

#[tokio::test]
async fn an_outage_is_told_from_what_only_stands_in_the_way() {
    for (answer, expected) in [
        (answer(503, ""), true),
        (answer(500, "{\"__type\":\"AnyFault\"}"), true),
        (answer(429, ""), true),
        (answer(400, "{\"__type\":\"ThrottlingException\"}"), true),
        (String::new(), true),
        (answer(403, ""), false),
        (answer(200, "<html>"), false),
        (answer(400, "{\"__type\":\"ExpiredTokenException\"}"), false),
        (answer(400, "{\"__type\":\"AccessDeniedException\"}"), false),
    ] {
        let error = source(&server(answer.clone()).await).await.get(&id(), &Version::Current).await.unwrap_err();
        assert_eq!(is_outage(error.failure()), expected, "{answer}: {error}");
    }
    let error = source(&nobody().await).await.get(&id(), &Version::Current).await.unwrap_err();
    assert!(is_outage(error.failure()), "{error}");
}

#[tokio::test]
async fn the_request_id_is_kept_for_support() {
    for (status, body, code) in
        [(400, "{\"__type\":\"DecryptionFailure\"}", "DecryptionFailure"), (200, "{}", "NoValue")]
    {
        let answer = answer(status, body).replace("\r\n\r\n", "\r\nx-amzn-RequestId: 1b9d\r\n\r\n");
        let error = source(&server(answer).await).await.get(&id(), &Version::Current).await.unwrap_err();
        let failure = error.failure();
        assert_eq!((failure.code.as_str(), failure.request_id.as_deref()), (code, Some("1b9d")));
    }
}

async fn stalled(beginning: &str) {
    let url = stalled_server(beginning).await;
    let settings = fsw_aws::Settings { attempt_timeout: Duration::from_millis(50), ..settings(&url) };
    let source = source_with(&settings, "AKIAADMIN", "secret").await;
    expect!["unavailable: no answer in time; if this goes on, check the way to AWS (VPC endpoint, proxy, network policy) (Timeout)"]
        .assert_eq(&ask(&source, &Version::Current).await);
}

#[tokio::test]
async fn a_server_that_does_not_finish_is_a_timeout() {
    stalled("").await;
    stalled("HTTP/1.1 200 OK\r\n").await;
    stalled("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n").await;
    stalled("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"SecretString\":\"s3cret").await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_fault_of_the_network() {
    let expected = expect![
        "unavailable: AWS cannot be reached; check DNS and the way to AWS (VPC endpoint, proxy, network policy) (Network)"
    ];
    expected.assert_eq(&ask(&source(&nobody().await).await, &Version::Current).await);
    // A plain server where TLS is expected.
    let plain = server("HTTP/1.1 400 No\r\n\r\n").await.replace("http://", "https://");
    expected.assert_eq(&ask(&source(&plain).await, &Version::Current).await);
}

#[tokio::test]
async fn a_region_that_cannot_be_one_is_said_at_the_start() {
    let settings = fsw_aws::Settings { region: Some("us west 2".to_owned()), ..settings(&nobody().await) };
    let provider = SharedCredentialsProvider::new(Credentials::new("AKIAADMIN", "secret", None, None, "test"));
    let metrics = Metrics::register(&mut Registry::default());
    let error = AwsSource::connect_with(provider, &settings, metrics).await.unwrap_err();
    expect![[r#""us west 2" cannot be an AWS region; expected a name such as us-west-2"#]]
        .assert_eq(&error.to_string());
}
