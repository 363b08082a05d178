//! What is counted.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use common::{ask, id, settings};
use expect_test::expect;
use fsw_aws::{AwsSource, Metrics};
use fsw_aws_emulator::{Effect, Emulator, Fault};
use fsw_source::Version;
use futures_util::FutureExt;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

/// All lines but those that say how long something took.
fn counts(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).unwrap();
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_seconds_sum") && !line.contains("_bucket"))
        .collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[tokio::test]
async fn every_outcome_has_its_count_and_abandoned_calls_are_not_in_flight() {
    let emulator = Emulator::start("us-west-2").await;
    let mut registry = Registry::default();
    let credentials = SharedCredentialsProvider::new(Credentials::new("AKIAADMIN", "secret", None, None, "test"));
    let metrics = Metrics::register(&mut registry);
    let source = AwsSource::connect_with(credentials, &settings(&emulator.url()), metrics).await.unwrap();
    let ask = async || ask(&source, &Version::Current).await;
    ask().await;
    emulator.put(id().as_str(), "s3cret").await;
    ask().await;
    ask().await;
    for (status, code) in [
        (400, "AccessDeniedException"),
        (400, "ThrottlingException"),
        (500, "InternalServiceError"),
        (400, "ValidationException"),
    ] {
        emulator.fault(Fault {
            service: "secretsmanager",
            effect: Effect::Error(status, code, String::new()),
            probability: 1.0,
        });
        ask().await;
        emulator.clear_faults();
    }
    emulator.delete(id().as_str()).await;
    ask().await;
    // Polled once, then dropped.
    assert_eq!(ask().now_or_never(), None);
    expect![[r#"
        aws_call_duration_seconds_count 8
        aws_calls_in_flight 0
        aws_calls_total{outcome="deleted"} 1
        aws_calls_total{outcome="denied"} 1
        aws_calls_total{outcome="found"} 2
        aws_calls_total{outcome="not-found"} 1
        aws_calls_total{outcome="throttled"} 1
        aws_calls_total{outcome="unavailable"} 1
        aws_calls_total{outcome="unusable"} 1"#]]
    .assert_eq(&counts(&registry));
}
