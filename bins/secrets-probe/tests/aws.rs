//! The SDK's real chain of credentials, in a process of its own, against the emulator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use common::{Run, probe_with};
use expect_test::{Expect, expect};
use fsw_aws_emulator::{Effect, Emulator, Fault};

const ID: &str = "u__org__o__domain__d__project__p__key__k";

async fn emulator() -> Emulator {
    let emulator = Emulator::start("us-west-2").await;
    emulator.put(ID, "s3cret").await;
    emulator
}

/// Fetches the secret; not on the test's own thread, which serves the emulator.
async fn fetch(variables: &[(&str, &str)], timeout: &str) -> Run {
    let variables: Vec<(String, String)> = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let timeout = format!("webhook.webhookTimeout={timeout}");
    tokio::task::spawn_blocking(move || {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let args = ["fetch", "--org", "o", "--domain", "d", "--project", "p", "--key", "k", "--set", &timeout];
        probe_with(&variables, &args, b"")
    })
    .await
    .unwrap()
}

#[track_caller]
fn found(run: &Run) {
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("found: version ") && run.stdout.contains("6 bytes"), "{}", run.stdout);
    assert!(!run.stdout.contains("s3cret"));
}

const REGION: (&str, &str) = ("AWS_REGION", "us-west-2");
const NO_INSTANCE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

#[tokio::test]
async fn static_keys() {
    let emulator = emulator().await;
    let url = emulator.url();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAADMIN"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_ENDPOINT_URL", &url), REGION];
    found(&fetch(&keys, "10").await);
}

#[tokio::test]
async fn a_web_identity_as_irsa_gives_it() {
    let emulator = emulator().await;
    let may = emulator.web_identity_role("may", "arn:aws:secretsmanager:us-west-2:*:secret:u__org__o__*").await;
    let may_not = emulator.web_identity_role("may-not", "arn:aws:secretsmanager:us-west-2:*:secret:other-*").await;
    emulator.enforce();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6bjp4In0.").unwrap();
    let (url, path) = (emulator.url(), token.path().to_string_lossy().into_owned());
    let identity = |role: &str| {
        vec![
            ("AWS_ROLE_ARN", role.to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", path.clone()),
            ("AWS_ENDPOINT_URL", url.clone()),
            (REGION.0, REGION.1.to_owned()),
            (NO_INSTANCE.0, NO_INSTANCE.1.to_owned()),
        ]
    };
    let run = async |role: &str| {
        let identity = identity(role);
        fetch(&identity.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>(), "10").await
    };
    found(&run(&may).await);
    let refused = run(&may_not).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("arn:aws:sts::123456789012:assumed-role/may-not/"), "{}", refused.stderr);
    assert!(
        refused
            .stderr
            .contains("may not secretsmanager:GetSecretValue; allow it on arn:aws:secretsmanager:us-west-2:*:secret:"),
        "{}",
        refused.stderr
    );
}

async fn unavailable(variables: &[(&str, &str)], expected: Expect) {
    let run = fetch(variables, "1").await;
    assert_eq!(run.code, Some(1));
    // How often it was asked depends on chance.
    let said =
        run.stderr.trim_end().split("; asked ").next().unwrap().split(" (NoCredentials)").next().unwrap().to_owned();
    expected.assert_eq(&said);
}

#[tokio::test]
async fn no_credentials_are_explained() {
    let emulator = emulator().await;
    let url = emulator.url();
    let endpoint = ("AWS_ENDPOINT_URL", url.as_str());
    unavailable(&[endpoint, REGION, NO_INSTANCE], expect!["warning: s0: Embedded: AWS Secrets Manager in us-west-2 is unavailable for u__org__o__domain__d__project__p__key__k: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity"]).await;
    let identity = [
        endpoint,
        REGION,
        NO_INSTANCE,
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere"),
    ];
    unavailable(&identity, expect!["warning: s0: Embedded: AWS Secrets Manager in us-west-2 is unavailable for u__org__o__domain__d__project__p__key__k: no AWS credentials; give the service account a role by IRSA or EKS Pod Identity"]).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "token").unwrap();
    let path = token.path().to_string_lossy();
    emulator.fault(Fault {
        service: "sts",
        effect: Effect::Error(403, "AccessDenied", "Not authorized".to_owned()),
        probability: 1.0,
    });
    let identity = [
        endpoint,
        REGION,
        NO_INSTANCE,
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &path),
    ];
    unavailable(&identity, expect!["warning: s0: Embedded: AWS Secrets Manager in us-west-2 is unavailable for u__org__o__domain__d__project__p__key__k: the token service refused (AccessDenied); check the trust policy of the role that the service account names"]).await;
}

#[tokio::test]
async fn no_region_is_said_before_anything_is_asked() {
    let run = fetch(&[NO_INSTANCE], "10").await;
    assert_eq!(run.code, Some(1));
    expect![[r#"
        error: no AWS region is known; set webhook.embeddedSecretManagerConfig.awsConfig.region, or AWS_REGION in the environment
    "#]]
    .assert_eq(&run.stderr);
}

#[tokio::test]
async fn pod_identity() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let emulator = emulator().await;
    let agent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let agent_url = format!("http://{}/v1/credentials", agent.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let (mut stream, _) = agent.accept().await.unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        let body =
            r#"{"AccessKeyId":"AKIAADMIN","SecretAccessKey":"x","Token":"t","Expiration":"2099-01-01T00:00:00Z"}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).to_lowercase()
    });
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "pod-token").unwrap();
    let (url, path) = (emulator.url(), token.path().to_string_lossy().into_owned());
    let identity = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent_url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path.as_str()),
        ("AWS_ENDPOINT_URL", url.as_str()),
        REGION,
        NO_INSTANCE,
    ];
    found(&fetch(&identity, "10").await);
    assert!(asked.await.unwrap().contains("authorization: pod-token"));
}
