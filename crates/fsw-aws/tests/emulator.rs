//! Over the wire against the emulator: every answer and every class of error that it can be made to show.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ask, id, settings, source, source_with};
use expect_test::{Expect, expect};
use fsw_aws_emulator::{Effect, Emulator, Fault};
use fsw_source::{Patient, SecretSource, Version, WaitingRoom};
use tokio::time::Instant;

async fn emulator() -> Emulator {
    Emulator::start("us-west-2").await
}

#[tokio::test]
async fn texts_binaries_and_versions() {
    let emulator = emulator().await;
    let source = source(&emulator.url()).await;
    assert_eq!(source.place(), "AWS Secrets Manager in us-west-2");
    assert_eq!(ask(&source, &Version::Current).await, "NotFound");
    let first = emulator.put(id().as_str(), "first $(x)\nü").await;
    assert_eq!(ask(&source, &Version::Current).await, "found \"first $(x)\\nü\"");
    emulator.put(id().as_str(), "second").await;
    assert_eq!(ask(&source, &Version::Current).await, "found \"second\"");
    assert_eq!(ask(&source, &Version::Stage("AWSPREVIOUS".into())).await, "found \"first $(x)\\nü\"");
    assert_eq!(ask(&source, &Version::Id(first)).await, "found \"first $(x)\\nü\"");
    let unknown = Version::Id("11111111-2222-3333-4444-555555555555".into());
    assert_eq!(ask(&source, &unknown).await, "NotFound");
    assert_eq!(ask(&source, &Version::Stage("AWSNOPE".into())).await, "NotFound");
    emulator.put_staged(id().as_str(), "staged", "blue").await;
    assert_eq!(ask(&source, &Version::Stage("blue".into())).await, "found \"staged\"");
    assert_eq!(ask(&source, &Version::Current).await, "found \"second\"");
    emulator.put_binary(id().as_str(), "AAH+/w==").await;
    let fsw_source::Answer::Found(secret) = source.get(&id(), &Version::Current).await.unwrap() else { panic!("gone") };
    assert_eq!(secret.value.bytes(), [0, 1, 0xfe, 0xff]);
    emulator.delete(id().as_str()).await;
    assert_eq!(ask(&source, &Version::Current).await, "MarkedForDeletion");
}

#[tokio::test]
async fn iam_decides() {
    let emulator = emulator().await;
    emulator.put(id().as_str(), "s3cret").await;
    let (mine, mine_secret) =
        emulator.user("may", &format!("arn:aws:secretsmanager:us-west-2:*:secret:{}-*", id())).await;
    let (other, other_secret) = emulator.user("may-not", "arn:aws:secretsmanager:us-west-2:*:secret:other-*").await;
    emulator.enforce();
    let settings = settings(&emulator.url());
    let allowed = source_with(&settings, &mine, &mine_secret).await;
    assert_eq!(ask(&allowed, &Version::Current).await, "found \"s3cret\"");
    let denied = source_with(&settings, &other, &other_secret).await;
    expect!["denied: arn:aws:iam::123456789012:user/may-not may not secretsmanager:GetSecretValue; allow it on arn:aws:secretsmanager:us-west-2:*:secret:u__org__o__domain__d__project__p__key__k-?????? (AccessDenied)"]
        .assert_eq(&ask(&denied, &Version::Current).await);
}

async fn fault(status: u16, code: &'static str, message: &str, expected: Expect) {
    let emulator = emulator().await;
    emulator.put(id().as_str(), "s3cret").await;
    let effect = Effect::Error(status, code, message.to_owned());
    emulator.fault(Fault { service: "secretsmanager", effect, probability: 1.0 });
    let source = source(&emulator.url()).await;
    let answer = source.get(&id(), &Version::Current).await;
    expected.assert_eq(&common::words(&answer));
    assert!(!format!("{answer:?} {}", common::words(&answer)).contains("s3cret"));
}

#[tokio::test]
async fn every_code_of_aws_has_its_class_and_its_advice() {
    fault(400, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/webhook/x is not authorized to perform: secretsmanager:GetSecretValue on resource: s3cret", expect!["denied: arn:aws:sts::1:assumed-role/webhook/x may not secretsmanager:GetSecretValue; allow it on arn:aws:secretsmanager:us-west-2:*:secret:u__org__o__domain__d__project__p__key__k-?????? (AccessDeniedException)"]).await;
    fault(
        400,
        "AccessDeniedException",
        "Access to KMS is not allowed",
        expect![
            "denied: the role may not decrypt the secret; allow kms:Decrypt on its KMS key (AccessDeniedException)"
        ],
    )
    .await;
    fault(400, "DecryptionFailure", "s3cret", expect!["denied: the secret cannot be decrypted; allow kms:Decrypt on its key, and check that the key is enabled (DecryptionFailure)"]).await;
    fault(400, "ThrottlingException", "Rate exceeded s3cret", expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (ThrottlingException)"]).await;
    fault(
        400,
        "Throttling",
        "s3cret",
        expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (Throttling)"],
    )
    .await;
    fault(429, "TooManyRequestsException", "s3cret", expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (TooManyRequestsException)"]).await;
    fault(400, "RequestLimitExceeded", "s3cret", expect!["unavailable: AWS throttles the calls of this account; if this goes on, raise its quota (RequestLimitExceeded)"]).await;
    fault(500, "InternalServiceError", "s3cret", expect!["unavailable: AWS has a fault (InternalServiceError)"]).await;
    fault(503, "ServiceUnavailable", "s3cret", expect!["unavailable: AWS has a fault (ServiceUnavailable)"]).await;
    fault(502, "Odd", "s3cret", expect!["unavailable: AWS has a fault (Odd)"]).await;
    fault(400, "ExpiredTokenException", "s3cret", expect!["unavailable: AWS does not accept the credentials; check the role, its token and the clock (ExpiredTokenException)"]).await;
    fault(400, "UnrecognizedClientException", "s3cret", expect!["unavailable: AWS does not accept the credentials; check the role, its token and the clock (UnrecognizedClientException)"]).await;
    fault(403, "InvalidSignatureException", "s3cret", expect!["unavailable: AWS does not accept the credentials; check the role, its token and the clock (InvalidSignatureException)"]).await;
    fault(
        400,
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        expect!["MarkedForDeletion"],
    )
    .await;
    fault(
        400,
        "InvalidRequestException",
        "s3cret",
        expect!["unusable: AWS does not accept the call (InvalidRequestException)"],
    )
    .await;
    fault(
        400,
        "InvalidParameterException",
        "s3cret",
        expect!["unusable: AWS does not accept the call (InvalidParameterException)"],
    )
    .await;
    fault(
        400,
        "ValidationException",
        "s3cret",
        expect!["unusable: AWS does not accept the call (ValidationException)"],
    )
    .await;
    fault(400, "ResourceNotFoundException", "s3cret", expect!["NotFound"]).await;
}

#[tokio::test]
async fn a_refusal_repeats_arns_and_actions_only() {
    // A secret may be called after KMS, which does not make it a matter of KMS.
    fault(400, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/webhook/x is not authorized to perform: secretsmanager:GetSecretValue on resource: u__org__KMS__key__k", expect!["denied: arn:aws:sts::1:assumed-role/webhook/x may not secretsmanager:GetSecretValue; allow it on arn:aws:secretsmanager:us-west-2:*:secret:u__org__o__domain__d__project__p__key__k-?????? (AccessDeniedException)"]).await;
    fault(400, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/webhook/x is not authorized to perform: kms:Decrypt on this resource because no resource-based policy allows the kms:Decrypt action", expect!["denied: arn:aws:sts::1:assumed-role/webhook/x may not decrypt the secret; allow kms:Decrypt on its KMS key (AccessDeniedException)"]).await;
    fault(400, "AccessDeniedException", "User: s3cret is not authorized to perform: s3cret:s3cret", expect!["denied: the role may not secretsmanager:GetSecretValue; allow it on arn:aws:secretsmanager:us-west-2:*:secret:u__org__o__domain__d__project__p__key__k-?????? (AccessDeniedException)"]).await;
}

/// The rarer spellings of what the test above has.
#[tokio::test]
async fn further_codes_fall_into_their_class() {
    for (status, code, words) in [
        (400, "LimitExceeded", "unavailable: AWS throttles"),
        (400, "LimitExceededException", "unavailable: AWS throttles"),
        (400, "ThrottledException", "unavailable: AWS throttles"),
        (503, "SlowDown", "unavailable: AWS throttles"),
        (403, "ExpiredToken", "unavailable: AWS does not accept the credentials"),
        (403, "InvalidClientTokenId", "unavailable: AWS does not accept the credentials"),
        (403, "IncompleteSignature", "unavailable: AWS does not accept the credentials"),
        (403, "SignatureDoesNotMatch", "unavailable: AWS does not accept the credentials"),
        (400, "SerializationException", "unusable: AWS does not accept the call"),
        (418, "NewInTwentyThirty", "unusable: AWS does not accept the call"),
        (500, "NewInTwentyThirty", "unavailable: AWS has a fault"),
    ] {
        let emulator = emulator().await;
        let effect = Effect::Error(status, code, "s3cret".to_owned());
        emulator.fault(Fault { service: "secretsmanager", effect, probability: 1.0 });
        let answer = ask(&source(&emulator.url()).await, &Version::Current).await;
        assert!(answer.starts_with(words) && answer.ends_with(&format!("({code})")), "{code}: {answer}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_a_time_out() {
    let emulator = emulator().await;
    emulator.put(id().as_str(), "s3cret").await;
    emulator.fault(Fault { service: "secretsmanager", effect: Effect::Latency(60_000), probability: 1.0 });
    let settings = fsw_aws::Settings { attempt_timeout: Duration::from_millis(50), ..settings(&emulator.url()) };
    let source = source_with(&settings, "AKIAADMIN", "secret").await;
    expect!["unavailable: no answer in time; if this goes on, check the way to AWS (VPC endpoint, proxy, network policy) (Timeout)"]
        .assert_eq(&ask(&source, &Version::Current).await);
}

#[tokio::test]
async fn patience_outlasts_a_throttled_account() {
    let emulator = emulator().await;
    emulator.put(id().as_str(), "s3cret").await;
    let effect = Effect::Error(400, "ThrottlingException", "Rate exceeded".to_owned());
    emulator.fault(Fault { service: "secretsmanager", effect, probability: 1.0 });
    let deadline = Instant::now() + Duration::from_secs(60);
    let patient = Patient::new(Arc::new(source(&emulator.url()).await), deadline, WaitingRoom::new(1));
    let relent = async {
        while emulator.faults_met() < 2 {
            tokio::task::yield_now().await;
        }
        emulator.clear_faults();
    };
    let (id, current) = (id(), Version::Current);
    let (answer, ()) = tokio::join!(patient.get(&id, &current), relent);
    assert_eq!(common::words(&answer), "found \"s3cret\"");
}
