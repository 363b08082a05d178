//! The process: what it says to bad requests and bad configuration, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use common::{Webhook, command, secrets_of};
use fsw_testkit::https::connect_tls;
use http::Request;
use http_body_util::Full;
use serde_json::{Map, Value};

fn webhook() -> Webhook {
    Webhook::start(&Map::new(), &["secretsWebhook.maxBody=100Ki"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_requests_get_the_http_status_that_says_so() {
    let webhook = webhook();
    let mut client = webhook.http1().await;
    let mut check = async |method: &str, path: &str, kind: &str, body: &str, status: u16, message: &str| {
        let request =
            Request::builder().method(method).uri(path).header("host", "localhost").header("content-type", kind);
        let response = client.send(request.body(Full::new(body.to_owned().into())).unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, format!("{message}\n").as_bytes()));
    };
    let (path, json) = ("/mutate--v1-pod", "application/json");
    check("POST", "/", json, "", 404, "there is only /mutate--v1-pod").await;
    check("GET", path, json, "", 405, "send an AdmissionReview by POST").await;
    check("POST", path, "text/plain", "", 415, "send an AdmissionReview as application/json").await;
    check("POST", path, json, "garbage", 400, "the body is not an AdmissionReview: it is not JSON (line 1, column 1)")
        .await;
    check("POST", path, json, "{}", 400, "the body is  ; expected admission.k8s.io/v1 AdmissionReview").await;
    let no_uid = r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":""}}"#;
    check("POST", path, json, no_uid, 400, "the AdmissionReview has no request with a uid, so it cannot be answered")
        .await;
    let large = "x".repeat(102_401);
    check("POST", path, "Application/JSON; charset=utf-8", &large, 413, "a review may have 102400 bytes").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_unknown_length_is_refused_beyond_the_limit() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let webhook = webhook();
    let mut stream = connect_tls(webhook.address, &webhook.authority, b"http/1.1").await.unwrap();
    let head = "POST /mutate--v1-pod HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 60_000, "x".repeat(60_000));
    stream.write_all(chunk.as_bytes()).await.unwrap();
    stream.write_all(chunk.as_bytes()).await.unwrap();
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

fn admin(webhook: &Webhook, path: &str) -> String {
    plain(webhook.admin, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
}

fn plain(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn invalidate(webhook: &Webhook, headers: &str, body: &str) -> String {
    let length = body.len();
    let head = format!("POST /invalidate-secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}");
    plain(webhook.invalidation, &format!("{head}Content-Length: {length}\r\n\r\n{body}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_read_once_until_it_is_cleared() {
    let recording = fsw_testkit::recording("v2-env-key-only");
    let (id, _) = secrets_of(&recording.pod()).remove(0);
    let key = id.rsplit_once("__key__").unwrap().1.to_owned();
    let secrets: Map<String, Value> = [(id, "s3cret".into())].into_iter().collect();
    let webhook = Webhook::start(&secrets, &[]);
    let mut client = webhook.http2().await;
    for _ in 0..3 {
        client.post("/mutate--v1-pod", recording.body.clone()).await.unwrap();
    }
    let metrics = admin(&webhook, "/metrics");
    assert!(!metrics.contains("cache_hits_total 0") && !metrics.contains("cache_misses_total 0"), "{metrics}");
    let entries = metrics.lines().find_map(|line| line.strip_prefix("flyte_secrets_webhook_cache_entries ")).unwrap();
    let body = format!("{{\"name\":\"{key}\"}}");
    let answer = invalidate(&webhook, "", &body);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(&format!("{{\"cleared\":{entries}}}\n")),
        "{answer}"
    );
    let answer = invalidate(&webhook, "", &body);
    assert!(answer.ends_with("{\"cleared\":0}\n"), "{answer}");
    let answer = invalidate(&webhook, "", "{\"org\":\"o\",\"domain\":\"d\",\"name\":\"a b\"}");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("a b"), "{answer}");
    let log = webhook.stop();
    assert!(log.contains("anybody who reaches this port") && log.contains("cache invalidated"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_port_has_health_and_metrics() {
    let webhook = webhook();
    let recording = fsw_testkit::recording("k8s-no-annotations");
    webhook.http2().await.post("/mutate--v1-pod", recording.body).await.unwrap();
    assert!(admin(&webhook, "/livez").starts_with("HTTP/1.1 200"));
    assert!(admin(&webhook, "/readyz").starts_with("HTTP/1.1 200"));
    let metrics = admin(&webhook, "/metrics");
    assert!(metrics.contains("flyte_secrets_webhook_reviews_total{outcome=\"unchanged\"} 1"), "{metrics}");
    assert!(metrics.contains("\nflyte_secrets_webhook_cluster_in_order 1\n"), "{metrics}");
    assert!(metrics.contains("\nflyte_secrets_webhook_certificate_expiry_timestamp_seconds 1"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
}

#[test]
fn a_term_signal_ends_it_well_and_a_second_one_at_once() {
    let log = webhook().stop();
    assert!(log.contains("draining") && log.contains("\"message\":\"stopped\""), "{log}");

    let webhook = Webhook::start(&Map::new(), &["secretsWebhook.drain.delay=1h"]);
    webhook.signal("TERM");
    // Not ready from the moment on that it is noticed; live all the time.
    while admin(&webhook, "/readyz").starts_with("HTTP/1.1 200") {
        std::thread::yield_now();
    }
    assert!(admin(&webhook, "/livez").starts_with("HTTP/1.1 200"));
    webhook.signal("INT");
    let (code, log) = webhook.join();
    assert_eq!(code, Some(0));
    assert!(log.contains("stopped at once"), "{log}");
}

#[track_caller]
fn ends(args: &[&str], code: i32, stderr: &str) {
    let output = command().args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(stderr), "{said}");
}

#[test]
fn bad_usage_and_configuration_end_with_64_before_a_port_is_bound() {
    ends(&[], 64, "Usage");
    ends(&["run", "--nonsense"], 64, "--nonsense");
    ends(&["init-certs"], 1, "this is no pod of a cluster");
    ends(&["run", "--ca-out", "x"], 64, "--self-signed");
    ends(&["run", "--config", "/nowhere.yaml"], 64, "/nowhere.yaml");
    ends(&["run", "--set", "webhook.secretManagerTypes=[Vault]"], 64, "Vault");
    ends(
        &["check-config", "--strict", "--set", "secretsWebhook.defaultOrganisation=x"],
        64,
        "secretsWebhook.defaultOrganization",
    );
    ends(&["run", "--secrets-file", "/nowhere.yaml"], 1, "cannot read the secrets file /nowhere.yaml");
    ends(&["run", "--secrets-file", "/dev/null"], 1, "webhook.certDir");
    ends(&["--help"], 0, "");
}

#[test]
fn check_config_prints_what_the_configuration_amounts_to() {
    let output = command()
        .args(["check-config", "--webhook.listenPort", "8443"])
        .env("FSW_WEBHOOK__SERVICE_NAME", "x")
        .output()
        .unwrap();
    let yaml = String::from_utf8(output.stdout).unwrap();
    assert!(yaml.contains("listenPort: 8443") && yaml.contains("serviceName: x"), "{yaml}");
    assert!(output.status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_process_that_serves_is_killed_the_one_that_stands_by_serves() {
    let folder = tempfile::tempdir().unwrap();
    let lock = format!("secretsWebhook.standbyLock={}", folder.path().join("serving").display());
    let port = common::free_port();
    let serving = Webhook::start_at(port, "listening", &Map::new(), &[&lock]);
    let standing_by = Webhook::start_at(port, "standing by", &Map::new(), &[&lock]);
    assert!(serving.http1().await.post("/mutate--v1-pod", "").await.is_ok());
    serving.signal("KILL");
    // Its certificate is another one, so that nobody else can be meant.
    let mut client = loop {
        match fsw_testkit::https::Client::http1(standing_by.address, &standing_by.authority).await {
            Ok(client) => break client,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert!(client.post("/mutate--v1-pod", "").await.is_ok());
    drop(client);
    assert!(standing_by.stop().contains("listening"));
}

#[test]
fn a_process_that_stands_by_ends_when_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let lock = format!("secretsWebhook.standbyLock={}", folder.path().join("serving").display());
    let port = common::free_port();
    let _serving = Webhook::start_at(port, "listening", &Map::new(), &[&lock]);
    let log = Webhook::start_at(port, "standing by", &Map::new(), &[&lock]).stop();
    assert!(!log.contains("listening"), "{log}");
}
