//! What is said when there are no credentials. The chain from a pod's environment is tested where there is a process to
//! give one: `bins/secrets-probe/tests/aws.rs`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use common::{ask, id, nobody, provided, settings, words};
use expect_test::{Expect, expect};
use fsw_aws::{Settings, is_outage};
use fsw_aws_emulator::{Effect, Emulator, Fault};
use fsw_source::{SecretSource, Version};

/// Fails, or hangs where there is no error.
#[derive(Debug)]
struct Broken(Option<fn() -> CredentialsError>);

impl ProvideCredentials for Broken {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match self.0 {
            Some(error) => future::ProvideCredentials::ready(Err(error())),
            None => future::ProvideCredentials::new(std::future::pending()),
        }
    }
}

async fn check(error: fn() -> CredentialsError, expected: Expect) {
    let source = provided(&settings(&nobody().await), Broken(Some(error))).await;
    let answer = source.get(&id(), &Version::Current).await;
    expected.assert_eq(&words(&answer));
    assert!(!format!("{answer:?}").contains("s3cret"));
    let failure = answer.unwrap_err().failure().clone();
    assert_eq!(is_outage(&failure), failure.code == "CredentialsUnavailable");
}

#[tokio::test]
async fn a_provider_that_fails_is_explained_without_its_words() {
    check(CredentialsError::not_loaded_no_source, expect!["unavailable: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity (NoCredentials)"]).await;
    check(|| CredentialsError::not_loaded("s3cret"), expect!["unavailable: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity (NoCredentials)"]).await;
    check(|| CredentialsError::invalid_configuration("s3cret"), expect!["unavailable: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity (NoCredentials)"]).await;
    check(|| CredentialsError::provider_error("s3cret"), expect!["unavailable: the token service gave no credentials; check the service account's token, its role and the role's trust policy (NoCredentials)"]).await;
    check(|| CredentialsError::provider_error(std::io::Error::other("s3cret")), expect!["unavailable: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity (NoCredentials)"]).await;
    check(|| CredentialsError::unhandled("s3cret"), expect!["unavailable: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity (NoCredentials)"]).await;
    check(|| CredentialsError::provider_timed_out(Duration::from_secs(5)), expect!["unavailable: the AWS credentials cannot be fetched; check the way to the token service (STS, or the Pod Identity agent of the node) (CredentialsUnavailable)"]).await;
}

#[tokio::test]
async fn a_provider_that_hangs_is_bounded_by_the_attempt() {
    let settings = Settings { attempt_timeout: Duration::from_millis(50), ..settings(&nobody().await) };
    let answer = ask(&provided(&settings, Broken(None)).await, &Version::Current).await;
    expect!["unavailable: no answer in time; if this goes on, check the way to AWS (VPC endpoint, proxy, network policy) (Timeout)"]
        .assert_eq(&answer);
}

/// Asks with a role that a token service at this address gives.
async fn with_role(emulator: &Emulator, token_service: &str) -> String {
    emulator.put(id().as_str(), "s3cret").await;
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .endpoint_url(token_service)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(Credentials::new("AKIAADMIN", "secret", None, None, "test"))
        .load()
        .await;
    let role = AssumeRoleProvider::builder("arn:aws:iam::123456789012:role/webhook")
        .session_name("test")
        .configure(&config)
        .build_from_provider(Credentials::new("AKIAADMIN", "secret", None, None, "test"))
        .await;
    ask(&provided(&settings(&emulator.url()), role).await, &Version::Current).await
}

/// A role that trusts service accounts only, as one for IRSA does.
#[tokio::test]
async fn a_trust_policy_that_refuses_is_named() {
    let emulator = Emulator::start("us-west-2").await;
    emulator.web_identity_role("webhook", "*").await;
    expect!["unavailable: the token service refused (AccessDenied); check the trust policy of the role that the service account names (NoCredentials)"].assert_eq(&with_role(&emulator, &emulator.url()).await);
}

async fn refused(status: u16, code: &'static str, expected: Expect) {
    let emulator = Emulator::start("us-west-2").await;
    let effect = Effect::Error(status, code, "s3cret".to_owned());
    emulator.fault(Fault { service: "sts", effect, probability: 1.0 });
    expected.assert_eq(&with_role(&emulator, &emulator.url()).await);
}

#[tokio::test]
async fn what_the_token_service_says_decides_the_advice() {
    refused(403, "AccessDenied", expect!["unavailable: the token service refused (AccessDenied); check the trust policy of the role that the service account names (NoCredentials)"]).await;
    refused(400, "ExpiredTokenException", expect!["unavailable: the token service gave no credentials; check the service account's token, its role and the role's trust policy (NoCredentials)"]).await;
    refused(400, "InvalidIdentityToken", expect!["unavailable: the token service refused (InvalidIdentityToken); if this goes on, check the service account's token and role (NoCredentials)"]).await;
    refused(400, "Throttling", expect!["unavailable: the token service refused (Throttling); if this goes on, ask AWS to raise the quota (CredentialsUnavailable)"]).await;
    refused(500, "InternalFailure", expect!["unavailable: the token service refused (InternalFailure); if this goes on, check the service account's token and role (CredentialsUnavailable)"]).await;
}

#[tokio::test]
async fn a_token_service_that_cannot_be_reached_is_no_fault_of_the_role() {
    let emulator = Emulator::start("us-west-2").await;
    expect!["unavailable: the AWS credentials cannot be fetched; check the way to the token service (STS, or the Pod Identity agent of the node) (CredentialsUnavailable)"].assert_eq(&with_role(&emulator, &nobody().await).await);
}
