//! Laws that hold for every pod and every set of requests: the patch leads to the pod, the same pod gives the same patch,
//! a second injection changes nothing, and nothing that the pod had is lost.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{embedded, pod, run, settings, sidecar, store_of};
use fsw_request::{Mount, SecretRequest};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const KEYS: [&str; 6] = ["a", "A", "a_b", "b", "db/pass", "my-key"];

fn any_request() -> impl Strategy<Value = SecretRequest> {
    let key = prop_oneof![8 => proptest::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    let arn = Just("arn:aws:secretsmanager:us-west-2:1:secret".to_owned());
    let group = prop_oneof![4 => Just(String::new()), 4 => "[aAg]", 2 => arn, 1 => "\\PC{0,8}"];
    let version = prop_oneof![6 => Just(String::new()), 1 => "(AWSCURRENT|v1|\\PC{0,3})"];
    let env_var = prop_oneof![4 => Just(String::new()), 3 => "[A-C]", 1 => "(_UNION_A|PATH|1X|a-b|\\PC{0,4})"];
    (group, version, key, -1..4_i32, env_var).prop_map(|(group, version, key, mount, env_var)| SecretRequest {
        group: group.into(),
        group_version: version.into(),
        key: key.into(),
        mount: Mount::from_number(mount),
        env_var: env_var.into(),
    })
}

fn any_container() -> impl Strategy<Value = Value> {
    let name = "(A|B|_UNION_A|X|FLYTE_SECRETS_ENV_PREFIX)";
    let env = proptest::collection::vec((name, "[a$()]{0,4}"), 0..5);
    let name = prop_oneof![6 => "[c-f]", 1 => "(init-embedded-secret|aws-pull-secret-0)"];
    let mount = prop_oneof![4 => Just(None), 1 => "(/x|/etc/flyte|/etc/flyte/secrets|/tmp)".prop_map(Some)];
    (name, env, mount, any::<bool>(), any::<Option<u8>>()).prop_map(|(name, env, mount, extra, user)| {
        let env: Vec<_> = env.iter().map(|(name, value)| json!({"name": name, "value": value, "x": extra})).collect();
        let mut container = json!({"name": name, "x": {"y": [extra]}});
        if !env.is_empty() || extra {
            container["env"] = env.into();
        }
        if let Some(path) = mount {
            container["volumeMounts"] = json!([{"name": "own", "mountPath": path}]);
        }
        if let Some(user) = user {
            container["securityContext"] = json!({"runAsUser": user});
        }
        container
    })
}

/// Every key that may be asked for, with a value of its own; some of them cannot be variables.
fn secrets() -> Value {
    let mut secrets = Map::new();
    for (n, key) in KEYS.iter().enumerate() {
        let value = if n == 3 { json!({"binary": "/wA="}) } else { json!(format!("$(v){n}")) };
        secrets.insert(format!("u__org__o__domain__d__project__p__key__{key}"), value);
    }
    secrets.into()
}

/// Everything that was there is there, in its order, but for variables of a name that a secret took.
fn lossless(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            before.iter().all(|(field, before)| after.get(field).is_some_and(|after| lossless(before, after)))
        }
        (Value::Array(before), Value::Array(after)) => {
            let taken = |item: &Value| item["x"].is_boolean() && !after.contains(item);
            let mut rest = after.iter();
            before.iter().filter(|item| !taken(item)).all(|item| rest.any(|other| lossless(item, other)))
        }
        (before, after) => before == after,
    }
}

proptest! {
    #[test]
    fn the_laws_hold(
        requests in proptest::collection::vec(any_request(), 0..5),
        containers in proptest::collection::vec(any_container(), 1..4),
        init_containers in proptest::collection::vec(any_container(), 0..3),
        sidecar_first: bool,
        aliases: bool,
    ) {
        let mut embedded = embedded();
        if let fsw_injector::Manager::Embedded(settings) = &mut embedded {
            settings.variable_aliases = aliases;
        }
        let managers = if sidecar_first { vec![sidecar(), embedded] } else { vec![embedded, sidecar()] };
        let pod = pod(&requests, json!({"containers": containers, "initContainers": init_containers, "x": null}));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Ok(injected) = runtime.block_on(run(&pod, &settings(managers), &store_of(&secrets()))) {
            prop_assert!(lossless(&pod, injected.pod.pod()), "{} became {}", pod, injected.pod.pod());
            prop_assert_eq!(injected.served.len(), requests.len());
        }
    }

    #[test]
    fn a_refusal_is_one_short_line(
        requests in proptest::collection::vec(any_request(), 1..12),
    ) {
        let pod = pod(&requests, json!({"containers": [{"name": "c"}]}));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Err(refusal) = runtime.block_on(run(&pod, &settings(vec![embedded()]), &store_of(&secrets()))) {
            prop_assert!(refusal.message.len() <= 1024);
            prop_assert!(!refusal.message.chars().any(char::is_control));
            prop_assert!(refusal.message.starts_with("none of the secret managers injected secret ["));
            prop_assert!(!refusal.full.contains("$(v)"));
        }
    }
}
