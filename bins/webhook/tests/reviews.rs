//! Every recorded review of a real API server goes through the real server, over HTTPS.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use common::{Webhook, secrets_of};
use data_encoding::BASE64;
use fsw_testkit::https::Client;
use fsw_testkit::{apply, environment, recordings, written};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value, json};

fn all_secrets() -> Map<String, Value> {
    recordings()
        .iter()
        .flat_map(|recording| secrets_of(&recording.pod()))
        .map(|(id, value)| (id, value.into()))
        .collect()
}

async fn ask(client: &mut Client, body: Vec<u8>) -> Value {
    let response = client.post("/mutate--v1-pod?timeout=10s", body).await.unwrap();
    assert_eq!(response.status(), 200);
    serde_json::from_slice::<Value>(response.body()).unwrap()["response"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_pod_gets_its_secrets() {
    let webhook =
        Webhook::start(&all_secrets(), &["secretsWebhook.defaultOrganization=flyte", "secretsWebhook.log.level=debug"]);
    let mut clients = [webhook.http1().await, webhook.http2().await];
    for (n, recording) in recordings().iter().enumerate() {
        let name = &recording.name;
        let client = &mut clients[n % 2];
        let response = ask(client, recording.body.clone()).await;
        assert_eq!(response["uid"], recording.json()["request"]["uid"], "{name}");
        if name == "k8s-bad-annotation" {
            assert_eq!((&response["allowed"], &response["status"]["code"]), (&json!(false), &json!(400)));
            continue;
        }
        assert_eq!(response["allowed"], true, "{name}: {}", response["status"]);
        if name == "k8s-no-annotations" {
            assert!(response.get("patch").is_none(), "{name}");
            continue;
        }
        let before = recording.pod();
        let after = apply(&before, &BASE64.decode(response["patch"].as_str().unwrap().as_bytes()).unwrap());
        serde_json::from_value::<Pod>(after.clone()).unwrap();

        let (variables, files) = (environment(&after["spec"]["containers"][0]), written(&after));
        for (_, value) in secrets_of(&before) {
            let is_there = |list: &[(String, String)]| list.iter().any(|(_, found)| *found == value);
            assert!(is_there(&variables) || is_there(&files), "{name}: {value} is nowhere");
        }
        assert_lossless(name, &before, &after);

        let mut again = recording.json();
        again["request"]["object"] = after;
        let response = ask(client, again.to_string().into_bytes()).await;
        assert_eq!(response.get("patch"), None, "{name}: a second review changes the pod");
    }
    drop(clients);
    let log = webhook.stop();
    assert!(log.contains("\"outcome\":\"injected\"") && log.contains("afivesecrets-n0-0"));
    assert!(!log.contains("s3cret"), "a value is in the log");
    assert!(!log.contains(&BASE64.encode(b"s3cret of ")[..12]), "an encoded value is in the log");
}

/// Everything that the pod had is still there, in its order.
fn assert_lossless(name: &str, before: &Value, after: &Value) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            for (field, before) in before {
                assert_lossless(&format!("{name}.{field}"), before, after.get(field).unwrap_or(&Value::Null));
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            let mut rest = after.iter();
            for item in before {
                // Named things are followed by name, since injected ones stand between them.
                let found =
                    rest.find(|other| *other == item || (item["name"].is_string() && other["name"] == item["name"]));
                assert_lossless(&format!("{name}[{}]", item["name"]), item, found.unwrap_or(&Value::Null));
            }
        }
        (before, after) => assert_eq!(before, after, "{name}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sidecar_requests_of_real_pods_are_pulled_in_the_pod() {
    let webhook = Webhook::start(&Map::new(), &["webhook.secretManagerTypes=[AWS]"]);
    let mut client = webhook.http2().await;
    for name in ["v1-aws-arn-group", "v2-aws-arn-group"] {
        let recording = fsw_testkit::recording(name);
        let response = ask(&mut client, recording.body.clone()).await;
        let after = apply(&recording.pod(), &BASE64.decode(response["patch"].as_str().unwrap().as_bytes()).unwrap());
        let puller = &after["spec"]["initContainers"][0];
        let arn = (
            "SECRET_ARN".to_owned(),
            "arn:aws:secretsmanager:us-west-2:123456789012:secret:my-secret-AbCdEf".to_owned(),
        );
        assert!(environment(puller).contains(&arn), "{name}");
        assert_eq!(response["warnings"].as_array().unwrap().len(), 1, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_even_the_most_talkative_log_holds_a_value() {
    let settings = [
        "secretsWebhook.defaultOrganization=flyte",
        "secretsWebhook.log.level=trace",
        "secretsWebhook.log.format=text",
    ];
    let webhook = Webhook::start(&all_secrets(), &settings);
    let response = ask(&mut webhook.http2().await, fsw_testkit::recording("v1-five-secrets").body).await;
    assert_eq!(response["allowed"], true);
    let log = webhook.stop();
    assert!(log.contains("TRACE") && !log.contains("s3cret"));
    for shift in ["", "x", "xx"] {
        // Base64 of a text depends on where in a group of three bytes it begins.
        let encoded = BASE64.encode(format!("{shift}s3cret of ").as_bytes());
        assert!(!log.contains(&encoded[4..12]), "an encoded value is in the log");
    }
}
