#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use expect_test::expect;
use kube::{Client, Config};

use super::*;

fn cluster() -> Cluster {
    let client = Client::try_from(Config::new("https://localhost:1".parse().unwrap())).unwrap();
    Cluster { client, namespace: "flyte".to_owned(), replica: "one".to_owned() }
}

fn registration() -> Registration {
    Registration {
        service: "flyte-pod-webhook".to_owned(),
        port: 443,
        timeout: Duration::from_secs(30),
        namespace_selector: Some(json!({ "matchLabels": { "team": "a" } })),
        owner: None,
        adopt: false,
        started_at: 1000,
    }
}

fn shared(text: &str) -> Bundle {
    Bundle::Shared(text.to_owned())
}

fn live(written_at: u64, change: impl FnOnce(&mut Value)) -> Registered {
    let mut live = Registration { started_at: written_at, ..registration() }.desired(&cluster(), "CA", None);
    live["webhooks"][0]["matchPolicy"] = json!("Equivalent");
    change(&mut live);
    Registered::Ours(Box::new(serde_json::from_value(live).unwrap()))
}

#[tokio::test]
async fn only_what_the_contract_names_is_applied() {
    let desired = serde_json::to_string_pretty(&registration().desired(&cluster(), "CA", None)).unwrap();
    expect![[r#"
        {
          "apiVersion": "admissionregistration.k8s.io/v1",
          "kind": "MutatingWebhookConfiguration",
          "metadata": {
            "name": "flyte-pod-webhook",
            "labels": {
              "app.kubernetes.io/managed-by": "flyte-secrets-webhook"
            },
            "annotations": {
              "secrets-webhook.flyte.org/owner": "flyte/flyte-pod-webhook",
              "secrets-webhook.flyte.org/replica-started-at": "1000"
            }
          },
          "webhooks": [
            {
              "name": "flyte-pod-webhook.flyte.org",
              "clientConfig": {
                "service": {
                  "namespace": "flyte",
                  "name": "flyte-pod-webhook",
                  "path": "/mutate--v1-pod",
                  "port": 443
                },
                "caBundle": "Q0E="
              },
              "rules": [
                {
                  "apiGroups": [
                    ""
                  ],
                  "apiVersions": [
                    "v1"
                  ],
                  "operations": [
                    "CREATE"
                  ],
                  "resources": [
                    "pods"
                  ],
                  "scope": "Namespaced"
                }
              ],
              "objectSelector": {
                "matchLabels": {
                  "inject-flyte-secrets": "true"
                }
              },
              "namespaceSelector": {
                "matchLabels": {
                  "team": "a"
                },
                "matchExpressions": [
                  {
                    "key": "kubernetes.io/metadata.name",
                    "operator": "NotIn",
                    "values": [
                      "kube-system",
                      "flyte"
                    ]
                  }
                ]
              },
              "failurePolicy": "Fail",
              "sideEffects": "None",
              "admissionReviewVersions": [
                "v1"
              ],
              "timeoutSeconds": 30,
              "reinvocationPolicy": "IfNeeded"
            }
          ]
        }"#]]
    .assert_eq(&desired);
}

#[tokio::test]
async fn what_is_right_is_left_alone() {
    let (registration, cluster) = (registration(), cluster());
    assert_eq!(registration.wanted(&cluster, &live(1000, |_| {}), &shared("CA")), None);
    let labelled = live(1000, |live| live["metadata"]["labels"]["x"] = json!("y"));
    assert_eq!(registration.wanted(&cluster, &labelled, &shared("CA")), None);
    assert!(registration.wanted(&cluster, &live(900, |_| {}), &shared("CA")).is_some(), "an older replica wrote it");
}

#[tokio::test]
async fn what_someone_changed_is_put_right() {
    let (registration, cluster) = (registration(), cluster());
    let changed = live(1000, |live| live["webhooks"][0]["failurePolicy"] = json!("Ignore"));
    let wanted = registration.wanted(&cluster, &changed, &shared("CA")).unwrap();
    assert_eq!(wanted["webhooks"][0]["failurePolicy"], "Fail");
    let gone = live(1000, |live| live["webhooks"] = json!([]));
    assert!(registration.wanted(&cluster, &gone, &shared("CA")).is_some());
    assert!(registration.wanted(&cluster, &Registered::Nothing, &shared("CA")).is_some());
}

#[tokio::test]
async fn a_webhook_of_someone_else_in_the_configuration_does_not_matter() {
    let beside = live(1000, |live| {
        let mut other = live["webhooks"][0].clone();
        other["name"] = json!("other.example.org");
        live["webhooks"].as_array_mut().unwrap().insert(0, other);
    });
    assert_eq!(registration().wanted(&cluster(), &beside, &shared("CA")), None);
}

#[tokio::test]
async fn of_a_younger_replicas_configuration_only_the_authorities_are_put_right() {
    let (registration, cluster) = (registration(), cluster());
    let younger = live(2000, |live| live["webhooks"][0]["timeoutSeconds"] = json!(10));
    assert_eq!(registration.wanted(&cluster, &younger, &shared("CA")), None);
    let wanted = registration.wanted(&cluster, &younger, &shared("new CA")).unwrap();
    assert_eq!(wanted["webhooks"][0]["timeoutSeconds"], 10);
    assert_eq!(wanted["metadata"]["annotations"][WRITTEN_BY], "2000");
    assert_eq!(wanted["webhooks"][0]["clientConfig"]["caBundle"], json!(k8s_openapi::ByteString(b"new CA".to_vec())));
}

#[tokio::test]
async fn what_an_older_replica_serves_with_is_added_to_what_the_youngest_registered() {
    let (registration, cluster) = (registration(), cluster());
    let [first, second] = ["one", "two"]
        .map(|text| format!("{0} CERTIFICATE-----\n{text}\n{1} CERTIFICATE-----\n", "-----BEGIN", "-----END"));
    let younger = live(2000, |live| {
        live["webhooks"][0]["clientConfig"]["caBundle"] = json!(k8s_openapi::ByteString(first.clone().into_bytes()));
    });
    assert_eq!(registration.wanted(&cluster, &younger, &Bundle::Own(first.clone())), None);
    let wanted = registration.wanted(&cluster, &younger, &Bundle::Own(second.clone())).unwrap();
    let both = json!(k8s_openapi::ByteString((first.clone() + &second).into_bytes()));
    assert_eq!(wanted["webhooks"][0]["clientConfig"]["caBundle"], both);
    // Whether or not the last line of a file ends.
    let cut = live(2000, |live| {
        let bundle = first.trim_end().as_bytes().to_vec();
        live["webhooks"][0]["clientConfig"]["caBundle"] = json!(k8s_openapi::ByteString(bundle));
    });
    let wanted = registration.wanted(&cluster, &cut, &Bundle::Own(second.clone())).unwrap();
    assert_eq!(wanted["webhooks"][0]["clientConfig"]["caBundle"], both);
    // What all share is what counts, and nothing besides.
    let wanted = registration.wanted(&cluster, &younger, &shared(&second)).unwrap();
    let second = json!(k8s_openapi::ByteString(second.into_bytes()));
    assert_eq!(wanted["webhooks"][0]["clientConfig"]["caBundle"], second);
}

#[tokio::test]
async fn who_leads_pods_elsewhere_is_overruled_whatever_mark_is_left_there() {
    let (registration, cluster) = (registration(), cluster());
    let elsewhere = live(2000, |live| live["webhooks"][0]["clientConfig"]["service"]["namespace"] = json!("other"));
    assert!(!elsewhere.leads_to("flyte-pod-webhook", &cluster));
    let wanted = registration.wanted(&cluster, &elsewhere, &shared("CA")).unwrap();
    assert_eq!(wanted["webhooks"][0]["clientConfig"]["service"]["namespace"], "flyte");
    let anothers = live(2000, |live| live["metadata"]["annotations"][OWNER] = json!("other/flyte-pod-webhook"));
    assert!(anothers.leads_to("flyte-pod-webhook", &cluster));
    let wanted = registration.wanted(&cluster, &anothers, &shared("CA")).unwrap();
    assert_eq!(wanted["metadata"]["annotations"][OWNER], "flyte/flyte-pod-webhook");
}

#[tokio::test]
async fn an_empty_selector_that_the_api_server_leaves_out_is_no_difference() {
    let selector =
        json!({ "matchLabels": {}, "matchExpressions": [{ "key": "team", "operator": "Exists", "values": [] }] });
    let registration = Registration { namespace_selector: Some(selector), ..registration() };
    let mut live = registration.desired(&cluster(), "CA", None);
    live["webhooks"][0]["namespaceSelector"].as_object_mut().unwrap().remove("matchLabels");
    live["webhooks"][0]["namespaceSelector"]["matchExpressions"][0].as_object_mut().unwrap().remove("values");
    let live = Registered::Ours(Box::new(serde_json::from_value(live).unwrap()));
    assert_eq!(registration.wanted(&cluster(), &live, &shared("CA")), None);
}
