//! Pods come out with at least what Flyte's own webhook put into them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{embedded, run, settings, sidecar, store_of};
use fsw_injector::{ManagerPlan, plan};
use fsw_pod::PodEditor;
use fsw_testkit::{PodVector, pod_vectors};
use serde_json::{Value, json};

#[tokio::test]
async fn flytes_mutations() {
    for vector in pod_vectors() {
        let managers = vector.secret_manager_types.iter().map(|name| match name.as_str() {
            "AWS" => sidecar(),
            "Embedded" => embedded(),
            other => unreachable!("{other}"),
        });
        let settings = settings(managers.collect());
        let store = store_of(vector.backend.as_ref().unwrap_or(&json!({})));
        check_look_ups(&vector, &settings);
        match (run(&vector.pod(), &settings, &store).await, &vector.pod_out) {
            (Ok(injected), Some(expected)) => {
                at_least(&vector.name, injected.pod.pod(), &meant(&vector.name, expected));
            }
            (Err(refusal), None) => {
                // Flyte's words up to the colon, then ours.
                let message = vector.steps.iter().find_map(|step| step.message.as_ref()).unwrap();
                let searched_for = message.split(": failed to inject").next().unwrap();
                assert!(refusal.message.starts_with(searched_for), "{}: {}", vector.name, refusal.message);
            }
            (result, _) => unreachable!("{}: {result:?}", vector.name),
        }
    }
}

/// Flyte's ids are among ours, in Flyte's order.
fn check_look_ups(vector: &PodVector, settings: &fsw_injector::Settings) {
    let pod = PodEditor::new(vector.pod()).unwrap();
    let plan = plan(&pod, settings).unwrap();
    let ids: Vec<String> = plan
        .requests
        .iter()
        .flat_map(|request| &request.managers)
        .filter_map(|manager| match manager {
            Ok(ManagerPlan::Embedded(plan)) => Some(&plan.scopes),
            _ => None,
        })
        .flatten()
        .flat_map(|scope| &scope.ids)
        .map(ToString::to_string)
        .collect();
    let mut rest = ids.iter();
    for id in vector.lookups_in_order.iter().flatten() {
        assert!(rest.any(|ours| ours == id), "{}: {id} is not asked for in Flyte's order", vector.name);
    }
}

/// What the contract changes on purpose.
fn meant(name: &str, expected: &Value) -> Value {
    let mut expected = expected.clone();
    if name == "aws_file_full_arn_group_seed_example" {
        // A group that is a whole ARN is the ARN; Flyte appends the key to it.
        let env = &mut expected["spec"]["initContainers"][0]["env"];
        let arn = env.as_array_mut().unwrap().iter_mut().find(|variable| variable["name"] == "SECRET_ARN").unwrap();
        arn["value"] = "arn:aws:secretsmanager:us-west-2:123456789012:secret:my-secret".into();
    }
    if name == "emb_file_two_env_vars_bug" {
        // Flyte loses the second path, and leaves a variable that its own convention names.
        for list in ["initContainers", "containers"] {
            for container in expected["spec"][list].as_array_mut().unwrap() {
                container["env"]
                    .as_array_mut()
                    .unwrap()
                    .push(json!({"name": "B_PATH", "value": "/etc/flyte/secrets/b"}));
            }
        }
    }
    expected
}

/// Containers, volumes, variables and mounts by name; the rest of an object by field.
fn at_least(name: &str, found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (field, expected) in expected {
                // The writer's script and its input are ours.
                let is_ours = field == "command" || (field == "resources" && *expected == json!({}));
                if !is_ours {
                    at_least(&format!("{name}.{field}"), found.get(field).unwrap_or(&Value::Null), expected);
                }
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            for item in expected.iter().filter(|item| item["name"] != "SECRETS") {
                let same = |other: &&Value| other["name"] == item["name"] && other["mountPath"] == item["mountPath"];
                let found = found.iter().find(same);
                at_least(&format!("{name}[{}]", item["name"]), found.unwrap_or(&Value::Null), item);
            }
        }
        (found, expected) => assert_eq!(found, expected, "{name}"),
    }
}
