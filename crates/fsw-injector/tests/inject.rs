//! What comes out of a pod, case by case.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{embedded, named, one_container, pod, request, run, settings, sidecar, sidecar_of, store, store_of};
use expect_test::{Expect, expect};
use fsw_injector::{Class, InitContainerPosition, Injected, Manager, Settings};
use fsw_request::{Mount, SecretRequest};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:secretsmanager:us-west-2:123456789012:secret";

fn both() -> Settings {
    settings(vec![embedded(), sidecar()])
}

/// What the process in a container sees: variables, then mounts.
fn seen(injected: &Injected, container: &Value) -> String {
    let mut lines: Vec<_> =
        fsw_testkit::environment(container).iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mounts = container["volumeMounts"].as_array().into_iter().flatten();
    lines.extend(mounts.map(|mount| {
        let access = if mount["readOnly"] == true { "ro" } else { "rw" };
        format!("{} {} {access}", mount["mountPath"].as_str().unwrap(), mount["name"].as_str().unwrap())
    }));
    lines.extend(injected.warnings.iter().map(|warning| format!("! {warning}")));
    lines.join("\n")
}

async fn check(requests: &[SecretRequest], secrets: &[(&str, &str)], expected: Expect) {
    let injected = run(&pod(requests, one_container()), &both(), &store(secrets)).await.unwrap();
    let container = named(&injected.pod.pod()["spec"]["containers"], "main");
    expected.assert_eq(&seen(&injected, container));
}

async fn refused(requests: &[SecretRequest], spec: Value, secrets: &[(&str, &str)], class: Class, expected: Expect) {
    let refusal = run(&pod(requests, spec), &both(), &store(secrets)).await.unwrap_err();
    expected.assert_eq(&refusal.message);
    assert_eq!(refusal.class, class);
}

#[tokio::test]
async fn a_secret_is_in_the_variables_that_flyte_and_flytekit_name() {
    check(
        &[request("user-info", "my-key", Mount::EnvVar, "")],
        &[("my-key", "v")],
        expect![[r#"
        _UNION_MY-KEY=v
        FLYTE_SECRETS_ENV_PREFIX=_UNION_
        _UNION_USER-INFO_MY-KEY=v
        _UNION_MY_KEY=v
        _UNION_USER_INFO_MY_KEY=v"#]],
    )
    .await;
}

#[tokio::test]
async fn values_are_exact() {
    let value = "$(HOME) $$ $( ü\n\t\"'\\";
    let injected = run(&pod(&[request("", "k", Mount::Any, "V")], one_container()), &both(), &store(&[("k", value)]))
        .await
        .unwrap();
    let container = &injected.pod.pod()["spec"]["containers"][0];
    assert!(fsw_testkit::environment(container).contains(&("V".to_owned(), value.to_owned())));
    check(
        &[request("", "k", Mount::Any, "V")],
        &[("k", "")],
        expect![[r#"
        V=
        FLYTE_SECRETS_ENV_PREFIX=_UNION_
        _UNION_K="#]],
    )
    .await;
}

#[tokio::test]
async fn a_file_is_mounted_and_its_path_is_in_the_variable() {
    check(
        &[request("tls", "client.pem", Mount::File, "CLIENT_PEM")],
        &[("client.pem", "v")],
        expect![[r#"
        CLIENT_PEM=/etc/flyte/secrets/client.pem
        FLYTE_SECRETS_DEFAULT_DIR=/etc/flyte/secrets
        FLYTE_SECRETS_FILE_PREFIX=
        /etc/flyte/secrets embedded-secret-vol ro"#]],
    )
    .await;
}

#[tokio::test]
async fn files_of_both_managers_share_one_volume() {
    let requests = [request(ARN, "A-AbCdEf", Mount::File, "A"), request("", "b", Mount::File, "B")];
    let spec =
        json!({"containers": [{"name": "main"}], "initContainers": [{"name": "mesh", "restartPolicy": "Always"}]});
    let managers = settings(vec![sidecar(), embedded()]);
    let injected = run(&pod(&requests, spec), &managers, &store(&[("b", "v")])).await.unwrap();
    let spec = &injected.pod.pod()["spec"];
    assert_eq!(spec["volumes"], json!([{"name": "aws-secret-vol", "emptyDir": {"medium": "Memory"}}]));
    let order: Vec<_> =
        spec["initContainers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(order, ["init-embedded-secret", "mesh", "aws-pull-secret-0"]);
    let paths = |list: &str, name: &str| seen(&injected, named(&spec[list], name));
    expect![[r#"
        FLYTE_SECRETS_DEFAULT_DIR=/etc/flyte/secrets
        FLYTE_SECRETS_FILE_PREFIX=
        SECRET_ARN=arn:aws:secretsmanager:us-west-2:123456789012:secret:A-AbCdEf
        SECRET_FILENAME=/arn:aws:secretsmanager:us-west-2:123456789012:secret/a-abcdef
        /tmp aws-secret-vol rw
        ! the pod has no AWS identity of its own (IRSA or Pod Identity) yet; unless a later webhook adds one, its secrets are pulled with the node's role, so annotate its service account"#]]
    .assert_eq(&paths("initContainers", "aws-pull-secret-0"));
    assert!(paths("initContainers", "mesh").contains("/etc/flyte/secrets aws-secret-vol ro"));
    assert!(paths("initContainers", "init-embedded-secret").contains("/etc/flyte/secrets aws-secret-vol rw"));
    assert_eq!(
        injected.pod.pod()["metadata"]["annotations"]["secrets-webhook.flyte.org/injected"],
        r#"[{"request":"s0","manager":"AWS","id":"arn:aws:secretsmanager:us-west-2:123456789012:secret:A-AbCdEf"},{"request":"s1","manager":"Embedded","id":"u__org__o__domain__d__project__p__key__b","version":"file"}]"#
    );
}

#[tokio::test]
async fn a_puller_sees_no_secret() {
    let requests = [
        request(ARN, "a", Mount::File, "SSL_CERT_FILE"),
        request("", "key", Mount::EnvVar, "AWS_ACCESS_KEY_ID"),
        request("", "orders", Mount::EnvVar, "FSW_SECRETS"),
    ];
    let managers = settings(vec![sidecar(), embedded()]);
    let store = store(&[("key", "AKIDEXAMPLE"), ("orders", "[]")]);
    let injected = run(&pod(&requests, one_container()), &managers, &store).await.unwrap();
    let puller = named(&injected.pod.pod()["spec"]["initContainers"], "aws-pull-secret-0");
    let names: Vec<_> = fsw_testkit::environment(puller).into_iter().map(|(name, _)| name).collect();
    let expected = [
        "FLYTE_SECRETS_ENV_PREFIX",
        "FLYTE_SECRETS_DEFAULT_DIR",
        "FLYTE_SECRETS_FILE_PREFIX",
        "SECRET_ARN",
        "SECRET_FILENAME",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_puller_keeps_its_region_when_the_task_gets_another_one_as_a_secret() {
    let requests = [request(ARN, "a", Mount::File, ""), request("", "region", Mount::EnvVar, "AWS_REGION")];
    let spec = json!({"containers": [{"name": "main", "env": [{"name": "AWS_REGION", "value": "us-west-2"}]}]});
    let managers = settings(vec![sidecar(), embedded()]);
    let injected = run(&pod(&requests, spec), &managers, &store(&[("region", "eu-west-1")])).await.unwrap();
    let puller = named(&injected.pod.pod()["spec"]["initContainers"], "aws-pull-secret-0");
    let region = ("AWS_REGION".to_owned(), "us-west-2".to_owned());
    assert!(fsw_testkit::environment(puller).contains(&region));
}

#[tokio::test]
async fn where_a_further_path_is_another_ones_folder_the_folder_gives_way() {
    let requests = [request("db", "DB", Mount::File, "")];
    let injected = run(&pod(&requests, one_container()), &both(), &store(&[("DB", "v")])).await.unwrap();
    let writer = named(&injected.pod.pod()["spec"]["initContainers"], "init-embedded-secret");
    let told = fsw_testkit::environment(writer);
    assert!(told.contains(&("FSW_PATHS_0".to_owned(), "DB\ndb/DB\ndb/db".to_owned())), "{told:?}");
    expect![[r#"file /etc/flyte/secrets/db is left out as a further name, since it has to be a folder, for [group:"db" key:"DB" mount_requirement:FILE]"#]].assert_eq(&injected.warnings.join("\n"));
}

#[tokio::test]
async fn many_names_for_one_large_secret_cost_little() {
    let value = "v".repeat(64 * 1024);
    let requests: Vec<_> = (0..256)
        .map(|_| SecretRequest { group_version: "AWSCURRENT".into(), ..request("a-b", "c-d", Mount::EnvVar, "v-w") })
        .collect();
    let injected = run(&pod(&requests, one_container()), &both(), &store(&[("c-d", &value)])).await.unwrap();
    assert_eq!(injected.warnings, Vec::<String>::new());
}

#[tokio::test]
async fn the_position_of_init_containers_can_be_set() {
    let requests = [request(ARN, "a", Mount::File, ""), request(ARN, "b", Mount::File, "")];
    let spec = json!({"containers": [{"name": "main"}], "initContainers": [{"name": "own"}]});
    for (position, expected) in [
        (InitContainerPosition::First, ["aws-pull-secret-0", "aws-pull-secret-1", "own"]),
        (InitContainerPosition::Last, ["own", "aws-pull-secret-0", "aws-pull-secret-1"]),
    ] {
        let settings = Settings { init_container_position: Some(position), ..settings(vec![sidecar()]) };
        let injected = run(&pod(&requests, spec.clone()), &settings, &store(&[])).await.unwrap();
        let list = injected.pod.pod()["spec"]["initContainers"].as_array().unwrap();
        assert_eq!(list.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_request_that_is_made_twice_is_served_once() {
    let twice = [
        request(ARN, "a", Mount::File, "A"),
        request(ARN, "a", Mount::File, "A"),
        request("g", "b", Mount::File, ""),
        request("h", "b", Mount::File, ""),
    ];
    let injected = run(&pod(&twice, one_container()), &settings(vec![sidecar()]), &store(&[])).await;
    assert!(injected.is_err(), "b is no ARN");
    let injected = run(&pod(&twice[..2], one_container()), &settings(vec![sidecar()]), &store(&[])).await.unwrap();
    assert_eq!(injected.pod.pod()["spec"]["initContainers"].as_array().unwrap().len(), 1);
    let injected = run(&pod(&twice[2..], one_container()), &both(), &store(&[("b", "v")])).await.unwrap();
    let writer = named(&injected.pod.pod()["spec"]["initContainers"], "init-embedded-secret");
    assert!(fsw_testkit::environment(writer).iter().any(|(name, value)| name == "FSW_PATHS_0" && value == "b\ng/b"));
}

#[tokio::test]
async fn pullers_get_the_identity_of_the_task() {
    let pod = fsw_testkit::recording("k8s-irsa").pod();
    let mut pod = pod;
    let annotations = pod["metadata"]["annotations"].as_object_mut().unwrap();
    annotations.retain(|name, _| !name.starts_with("flyte.secrets/"));
    annotations.insert("flyte.secrets/s0".into(), fsw_request::encode(&request(ARN, "a", Mount::File, "")).into());
    let injected = run(&pod, &settings(vec![sidecar()]), &store(&[])).await.unwrap();
    let puller = named(&injected.pod.pod()["spec"]["initContainers"], "aws-pull-secret-0");
    expect![[r#"
        FLYTE_SECRETS_DEFAULT_DIR=/etc/flyte/secrets
        FLYTE_SECRETS_FILE_PREFIX=
        AWS_ROLE_ARN=arn:aws:iam::123456789012:role/flyte-task
        AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token
        AWS_REGION=us-west-2
        AWS_DEFAULT_REGION=us-west-2
        AWS_STS_REGIONAL_ENDPOINTS=regional
        SECRET_ARN=arn:aws:secretsmanager:us-west-2:123456789012:secret:a
        SECRET_FILENAME=/arn:aws:secretsmanager:us-west-2:123456789012:secret/a
        /tmp aws-secret-vol rw
        /var/run/secrets/eks.amazonaws.com/serviceaccount aws-iam-token ro"#]]
    .assert_eq(&seen(&injected, puller));
}

#[tokio::test]
async fn all_or_nothing() {
    let requests =
        [request("", "there", Mount::Any, ""), request("", "gone", Mount::Any, ""), request("g", "x", Mount::File, "")];
    refused(&requests, one_container(), &[("there", "v")], Class::NotFound, expect![[r#"none of the secret managers injected secret [key:"gone"]: Embedded: not found in file secrets.yaml; create the secret under one of these ids, or correct the key or the pod's labels: u__org__o__domain__d__project__p__key__gone (project), u__org__o__domain__d__key__gone (domain), u__org__o__domain__d__project____key__gone (domain), u__org__o__key__gone (organization), u__org__o__domain____project____key__gone (organization); AWS: the request has no group; the sidecar manager takes the ARN of the secret from group and key; nor secrets [group:"g" key:"x" mount_requirement:FILE] (not-found)"#]]).await;
}

#[tokio::test]
async fn collisions_name_both_requests() {
    let same_variable = [request("", "a", Mount::EnvVar, "V"), request("", "b", Mount::EnvVar, "V")];
    refused(&same_variable, one_container(), &[("a", "1"), ("b", "2")], Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"b" mount_requirement:ENV_VAR env_var:"V"]: variable V would also hold another secret, [key:"a" mount_requirement:ENV_VAR env_var:"V"]; give one of them another env_var or key"#]]).await;
    // The same value under one name is no collision.
    check(
        &same_variable,
        &[("a", "1"), ("b", "1")],
        expect![[r#"
        V=1
        FLYTE_SECRETS_ENV_PREFIX=_UNION_
        _UNION_A=1
        _UNION_B=1"#]],
    )
    .await;
    let same_path = [request("", "a", Mount::File, "V"), request("", "b", Mount::File, "V")];
    refused(&same_path, one_container(), &[("a", "1"), ("b", "2")], Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"b" mount_requirement:FILE env_var:"V"]: variable V would also hold another secret, [key:"a" mount_requirement:FILE env_var:"V"]; give one of them another env_var or key"#]]).await;
}

#[tokio::test]
async fn a_further_name_gives_way_and_is_mentioned() {
    let requests = [request("", "a_b", Mount::EnvVar, ""), request("a", "b", Mount::EnvVar, "")];
    check(&requests, &[("a_b", "1"), ("b", "2")], expect![[r#"
        _UNION_A_B=1
        _UNION_B=2
        FLYTE_SECRETS_ENV_PREFIX=_UNION_
        ! variable _UNION_A_B is left out as a further name, since [key:"a_b" mount_requirement:ENV_VAR] and [group:"a" key:"b" mount_requirement:ENV_VAR] would both be in it"#]]).await;
    let requests = [request("", "Key", Mount::File, ""), request("", "key", Mount::File, "")];
    check(&requests, &[("Key", "1"), ("key", "2")], expect![[r#"
        FLYTE_SECRETS_DEFAULT_DIR=/etc/flyte/secrets
        FLYTE_SECRETS_FILE_PREFIX=
        /etc/flyte/secrets embedded-secret-vol ro
        ! file /etc/flyte/secrets/key is left out as a further name, since [key:"Key" mount_requirement:FILE] and [key:"key" mount_requirement:FILE] would both be in it"#]]).await;
}

#[tokio::test]
async fn places_that_the_pod_uses_itself_are_not_taken_over() {
    let file = [request("", "k", Mount::File, "")];
    let secrets = [("k", "v")];
    let mounted =
        |path: &str| json!({"containers": [{"name": "main", "volumeMounts": [{"name": "own", "mountPath": path}]}]});
    refused(&file, mounted("/etc/flyte/secrets"), &secrets, Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"k" mount_requirement:FILE]: container "main" mounts volume "own" at "/etc/flyte/secrets", where secret files go; mount it elsewhere"#]]).await;
    refused(&file, mounted("/etc//flyte/./x/../secrets/sub/"), &secrets, Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"k" mount_requirement:FILE]: container "main" mounts volume "own" at "/etc//flyte/./x/../secrets/sub/", where secret files go; mount it elsewhere"#]]).await;
    for path in ["/etc/flyte", "/etc/flyte/secrets2", "/"] {
        assert!(run(&pod(&file, mounted(path)), &both(), &store(&secrets)).await.is_ok(), "{path}");
    }
    let volume =
        json!({"containers": [{"name": "main"}], "volumes": [{"name": "embedded-secret-vol", "emptyDir": {}}]});
    refused(&file, volume, &secrets, Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"k" mount_requirement:FILE]: volume "embedded-secret-vol" of the pod has the name of the volume to inject; rename it"#]]).await;
    let container = json!({"containers": [{"name": "init-embedded-secret"}]});
    refused(&file, container, &secrets, Class::Invalid, expect![[r#"none of the secret managers injected secret [key:"k" mount_requirement:FILE]: container "init-embedded-secret" of the pod has the name of a container to inject; rename it"#]]).await;
    let container = json!({"containers": [{"name": "main"}], "initContainers": [{"name": "aws-pull-secret-0"}]});
    refused(&[request(ARN, "a", Mount::File, "")], container, &[], Class::Invalid, expect![[r#"none of the secret managers injected secret [group:"arn:aws:secretsmanager:us-west-2:123456789012:secret" key:"a" mount_requirement:FILE]: container "aws-pull-secret-0" of the pod has the name of a container to inject; rename it"#]]).await;
}

#[tokio::test]
async fn excluded_containers_are_left_alone() {
    let spec = json!({"containers": [{"name": "main"}, {"name": "istio-proxy", "volumeMounts": [{"name": "own", "mountPath": "/etc/flyte/secrets"}]}]});
    let settings = Settings { exclude_containers: vec!["istio-proxy".into()], ..both() };
    let requests = [request("", "k", Mount::File, ""), request("", "e", Mount::EnvVar, "")];
    let injected = run(&pod(&requests, spec.clone()), &settings, &store(&[("k", "1"), ("e", "2")])).await.unwrap();
    assert_eq!(injected.pod.pod()["spec"]["containers"][1], spec["containers"][1]);
    assert!(injected.pod.pod()["spec"]["containers"][0]["env"].is_array());
}

#[tokio::test]
async fn values_that_no_variable_can_hold_are_refused_without_showing_them() {
    let store_with = |value: Value| store_of(&json!({"u__org__o__domain__d__project__p__key__k": value}));
    let ask = [request("", "k", Mount::EnvVar, "")];
    for (value, message) in [
        (
            json!({"binary": "/w=="}),
            "none of the secret managers injected secret [key:\"k\" mount_requirement:ENV_VAR]: secret u__org__o__domain__d__project__p__key__k: the value is not UTF-8 text and cannot be an environment variable; request it with mount_requirement FILE",
        ),
        (
            json!("s3cret\0"),
            "none of the secret managers injected secret [key:\"k\" mount_requirement:ENV_VAR]: secret u__org__o__domain__d__project__p__key__k: the value holds a NUL byte and cannot be an environment variable; request it with mount_requirement FILE",
        ),
        (
            json!("s".repeat(131_072)),
            "none of the secret managers injected secret [key:\"k\" mount_requirement:ENV_VAR]: secret u__org__o__domain__d__project__p__key__k: the value has 131072 bytes; an environment variable with the name _UNION_K can have 131062, so request it with mount_requirement FILE",
        ),
    ] {
        let refusal = run(&pod(&ask, one_container()), &both(), &store_with(value)).await.unwrap_err();
        assert_eq!((refusal.message.as_str(), refusal.class), (message, Class::Invalid));
    }
    let ok = run(&pod(&ask, one_container()), &both(), &store_with(json!("s".repeat(131_062)))).await;
    assert!(ok.is_ok());
}

#[tokio::test]
async fn further_names_are_left_out_before_a_pod_grows_too_large() {
    let containers: Vec<_> = (0..5).map(|n| json!({"name": format!("c{n}")})).collect();
    let value = "x".repeat(65_536);
    let few = pod(&[request("g", "k-k", Mount::EnvVar, "V")], json!({"containers": containers}));
    let injected = run(&few, &both(), &store(&[("k-k", &value)])).await.unwrap();
    assert_eq!(
        injected.warnings,
        ["the pod would be too large with further names: _UNION_K-K, _UNION_G_K-K, _UNION_K_K, _UNION_G_K_K left out"]
    );
    let containers: Vec<_> = (0..17).map(|n| json!({"name": format!("c{n}")})).collect();
    let many = pod(&[request("g", "k-k", Mount::EnvVar, "V")], json!({"containers": containers}));
    let refusal = run(&many, &both(), &store(&[("k-k", &value)])).await.unwrap_err();
    assert_eq!(refusal.class, Class::Invalid);
    assert!(refusal.message.contains("with its secrets; at most 1048576 fit"), "{}", refusal.message);
}

#[tokio::test]
async fn a_rotated_secret_is_updated_in_a_copied_pod() {
    let requests = [request("g", "f", Mount::File, "F"), request("", "e", Mount::EnvVar, "")];
    let old = run(&pod(&requests, one_container()), &both(), &store(&[("f", "old"), ("e", "old")])).await.unwrap();
    let new = run(old.pod.pod(), &both(), &store(&[("f", "new"), ("e", "new")])).await.unwrap();
    let fresh = run(&pod(&requests, one_container()), &both(), &store(&[("f", "new"), ("e", "new")])).await.unwrap();
    assert_eq!(new.pod.pod(), fresh.pod.pod());
}

#[tokio::test]
async fn what_a_webhook_behind_us_adds_survives_a_second_call() {
    let requests = [request("g", "f", Mount::File, "F"), request("", "e", Mount::EnvVar, "")];
    let secrets = store(&[("f", "1"), ("e", "2")]);
    let mut pod = run(&pod(&requests, one_container()), &both(), &secrets).await.unwrap().pod.pod().clone();
    for list in ["containers", "initContainers"] {
        let container = &mut pod["spec"][list][0];
        container["terminationMessagePath"] = "/dev/termination-log".into();
        container["imagePullPolicy"] = "Always".into();
        container["env"].as_array_mut().unwrap().insert(0, json!({"name": "AWS_ROLE_ARN", "value": "r"}));
        container["volumeMounts"].as_array_mut().unwrap().push(json!({"name": "token", "mountPath": "/token"}));
    }
    let again = run(&pod, &both(), &secrets).await.unwrap();
    assert!(again.pod.patch().is_empty());
}

#[tokio::test]
async fn near_problems_are_warnings() {
    let mut versioned = request("", "k/k", Mount::EnvVar, "");
    versioned.group_version = "v2".into();
    let mut pod =
        pod(&[versioned], json!({"containers": [{"name": "main", "env": [{"name": "_UNION_K_K", "value": "own"}]}]}));
    pod["metadata"]["annotations"]["flyte.secrets/extra"] = "x".into();
    let injected = run(&pod, &both(), &store(&[("k/k", "v")])).await.unwrap();
    expect![[r#"
        annotation flyte.secrets/extra is no secret request (those are flyte.secrets/s0, s1, …) and left alone
        group_version:"v2" key:"k/k" mount_requirement:ENV_VAR: group_version is ignored, since it is neither a version id (a UUID) nor a staging label that begins with AWS
        group_version:"v2" key:"k/k" mount_requirement:ENV_VAR: Kubernetes before 1.32 refuses a variable named "_UNION_K/K", so the secret is in _UNION_K_K
        variable _UNION_K_K of container "main" is replaced by a secret"#]]
    .assert_eq(&injected.warnings.join("\n"));
}

#[tokio::test]
async fn a_missing_label_is_named_and_an_organization_can_be_filled_in() {
    let mut pod = pod(&[request("", "k", Mount::Any, "")], one_container());
    pod["metadata"]["labels"].as_object_mut().unwrap().remove("organization");
    let embedded_only = settings(vec![embedded()]);
    let refusal = run(&pod, &embedded_only, &store(&[("k", "v")])).await.unwrap_err();
    assert_eq!(
        refusal.message,
        "none of the secret managers injected secret [key:\"k\"]: Embedded: label \"organization\" is missing or empty; Flyte sets it on task pods from v2 on, and for Flyte v1 the webhook's setting secretsWebhook.defaultOrganization fills it in"
    );
    let filled = Settings { default_organization: Some("o".into()), ..embedded_only };
    assert!(run(&pod, &filled, &store(&[("k", "v")])).await.is_ok());
}

#[tokio::test]
async fn a_pod_without_requests_is_not_changed() {
    let injected = run(&pod(&[], one_container()), &both(), &store(&[])).await.unwrap();
    assert!(injected.pod.patch().is_empty());
}

#[tokio::test]
async fn the_projects_own_puller_gets_all_secrets_in_one_container() {
    let mut old = request(&format!("{ARN}:Db-AbCdEf:user"), "DB_User", Mount::File, "USER");
    old.group_version = "AWSPREVIOUS".into();
    let requests =
        [request(ARN, "Plain-AbCdEf", Mount::Any, ""), old, request(ARN, "json-AbCdEf:a.b:", Mount::File, "")];
    let manager = settings(vec![sidecar_of(fsw_sidecar::Contract::Fsw)]);
    let spec = json!({"containers": [{"name": "main"}], "securityContext": {"fsGroup": 2000}});
    let injected = run(&pod(&requests, spec), &manager, &store(&[])).await.unwrap();
    let init_containers = injected.pod.pod()["spec"]["initContainers"].as_array().unwrap();
    assert_eq!(init_containers.len(), 1);
    assert_eq!(init_containers[0]["name"], "aws-pull-secrets");
    let environment = fsw_testkit::environment(&init_containers[0]);
    let told = |name: &str| environment.iter().find(|(other, _)| other == name).unwrap().1.clone();
    assert_eq!(told("FSW_MODE"), "0440");
    let orders: Vec<fsw_sidecar::PullOrder> = serde_json::from_str(&told("FSW_SECRETS")).unwrap();
    let lines: Vec<_> = orders.iter().map(|order| format!("{} {}", order.secret, order.paths.join(" "))).collect();
    expect![[r#"
        arn:aws:secretsmanager:us-west-2:123456789012:secret:Plain-AbCdEf arn:aws:secretsmanager:us-west-2:123456789012:secret/plain-abcdef arn:aws:secretsmanager:us-west-2:123456789012:secret/Plain-AbCdEf
        arn:aws:secretsmanager:us-west-2:123456789012:secret:Db-AbCdEf:user:AWSPREVIOUS arn:aws:secretsmanager:us-west-2:123456789012:secret:db-abcdef:user/db_user arn:aws:secretsmanager:us-west-2:123456789012:secret:Db-AbCdEf:user/DB_User arn:aws:secretsmanager:us-west-2:123456789012:secret:Db-AbCdEf:user/db_user arn:aws:secretsmanager:us-west-2:123456789012:secret:db-abcdef:user/awsprevious/db_user
        arn:aws:secretsmanager:us-west-2:123456789012:secret:json-AbCdEf:a.b arn:aws:secretsmanager:us-west-2:123456789012:secret/json-abcdef:a.b: arn:aws:secretsmanager:us-west-2:123456789012:secret/json-AbCdEf:a.b:"#]].assert_eq(&lines.join("\n"));
}

#[tokio::test]
async fn any_text_is_a_staging_label_to_the_puller_where_that_is_set() {
    let mut request = request(ARN, "db-AbCdEf", Mount::File, "");
    request.group_version = "blue".into();
    for any_text_is_stage in [false, true] {
        let mut manager = sidecar_of(fsw_sidecar::Contract::Fsw);
        if let Manager::Sidecar(sidecar) = &mut manager {
            sidecar.any_text_is_stage = any_text_is_stage;
        }
        let injected =
            run(&pod(&[request.clone()], one_container()), &settings(vec![manager]), &store(&[])).await.unwrap();
        let puller = named(&injected.pod.pod()["spec"]["initContainers"], "aws-pull-secrets").to_string();
        assert_eq!(puller.contains("db-AbCdEf::blue"), any_text_is_stage, "{puller}");
        assert_eq!(injected.warnings.iter().any(|text| text.contains("is ignored")), !any_text_is_stage);
    }
}

#[tokio::test]
async fn two_versions_of_one_secret_are_refused() {
    let mut both = request(&format!("{ARN}:Db-AbCdEf:user:AWSCURRENT2"), "k", Mount::File, "");
    both.group_version = "AWSPREVIOUS".into();
    let manager = settings(vec![sidecar_of(fsw_sidecar::Contract::Fsw)]);
    let refusal = run(&pod(&[both], one_container()), &manager, &store(&[])).await.unwrap_err();
    assert!(
        refusal
            .message
            .contains("the ARN names the version AWSCURRENT2, and group_version AWSPREVIOUS; leave one of them out"),
        "{}",
        refusal.message
    );
}

#[tokio::test]
async fn an_identity_that_comes_after_us_is_not_mounted_twice() {
    for contract in [fsw_sidecar::Contract::Aws, fsw_sidecar::Contract::Fsw] {
        let manager = settings(vec![sidecar_of(contract)]);
        let requests = [request(ARN, "a", Mount::File, ""), request(ARN, "b", Mount::File, "")];
        let mut pod = run(&pod(&requests, one_container()), &manager, &store(&[])).await.unwrap().pod.pod().clone();
        // What the EKS webhook does to every container that it sees, ours among them.
        for list in ["containers", "initContainers"] {
            for container in pod["spec"][list].as_array_mut().unwrap() {
                let env = container["env"].as_array_mut().unwrap();
                env.push(json!({"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::1:role/r"}));
                env.push(json!({"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"}));
                let mount = json!({"name": "aws-iam-token", "mountPath": "/var/run/secrets/eks.amazonaws.com/serviceaccount", "readOnly": true});
                container["volumeMounts"].as_array_mut().unwrap().push(mount);
            }
        }
        let again = run(&pod, &manager, &store(&[])).await.unwrap();
        assert!(again.pod.patch().is_empty(), "{contract:?}");
        assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    }
}

#[tokio::test]
async fn a_variable_of_the_task_does_not_change_what_our_containers_are_told() {
    let requests = [
        request(ARN, "real", Mount::File, "SECRET_ARN"),
        request("", "f", Mount::File, ""),
        request("", "e", Mount::EnvVar, "FSW_CONTENT_0"),
    ];
    let injected = run(
        &pod(&requests, one_container()),
        &settings(vec![sidecar(), embedded()]),
        &store(&[("f", "v"), ("e", "x")]),
    )
    .await
    .unwrap();
    let init_containers = &injected.pod.pod()["spec"]["initContainers"];
    let told = |container: &str, name: &str| {
        fsw_testkit::environment(named(init_containers, container))
            .into_iter()
            .find(|(other, _)| other == name)
            .unwrap()
            .1
    };
    assert_eq!(told("aws-pull-secret-0", "SECRET_ARN"), format!("{ARN}:real"));
    assert_eq!(told("init-embedded-secret", "FSW_CONTENT_0"), "dg==");
    let main = named(&injected.pod.pod()["spec"]["containers"], "main");
    assert!(fsw_testkit::environment(main).contains(&("FSW_CONTENT_0".to_owned(), "x".to_owned())));
}

#[tokio::test]
async fn a_variable_for_a_path_that_kubernetes_refuses_gives_way_to_its_twin() {
    let injected =
        run(&pod(&[request("", "k", Mount::File, "my/path x")], one_container()), &both(), &store(&[("k", "v")]))
            .await
            .unwrap();
    assert!(injected.pod.pod()["spec"]["containers"][0]["env"][0]["name"] == "my_path_x");
    assert_eq!(injected.warnings.len(), 1);
}

/// Never answers; a pod that is refused for sure must not ask it.
struct Silent;

impl fsw_source::SecretSource for Silent {
    fn get<'a>(
        &'a self,
        _: &'a fsw_source::SecretId,
        _: &'a fsw_source::Version,
    ) -> futures_util::future::BoxFuture<'a, Result<fsw_source::Answer, fsw_source::SourceError>> {
        Box::pin(futures_util::future::pending())
    }

    fn place(&self) -> &str {
        "silence"
    }
}

#[tokio::test]
async fn a_pod_that_is_refused_for_sure_asks_nobody() {
    let hopeless = pod(&[request("", "k", Mount::Any, ""), request("", "", Mount::Any, "")], one_container());
    let refusal = fsw_injector::inject(hopeless, &settings(vec![embedded()]), &Silent).await.unwrap_err();
    assert_eq!(
        refusal.message,
        "none of the secret managers injected secret []: Embedded: the request has no key; a secret is named by its key"
    );
    let many: Vec<_> = (0..257).map(|_| request("", "k", Mount::Any, "")).collect();
    let refusal = fsw_injector::inject(pod(&many, one_container()), &both(), &Silent).await.unwrap_err();
    assert_eq!(
        refusal.message,
        "none of the secret managers injected secret []: the pod asks for 257 secrets; at most 256 are served"
    );
}

#[tokio::test]
async fn a_pod_of_many_containers_is_refused_before_it_is_built() {
    let containers: Vec<_> = (0..4000).map(|n| json!({"name": format!("c{n}")})).collect();
    let many = pod(&[request("", "k", Mount::EnvVar, "V")], json!({"containers": containers}));
    let refusal = run(&many, &both(), &store(&[("k", &"x".repeat(65_536))])).await.unwrap_err();
    assert!(refusal.message.contains("at most 1048576 fit"), "{}", refusal.message);
}

#[tokio::test]
async fn of_many_failed_requests_the_first_is_whole_and_the_others_are_named() {
    let requests: Vec<_> = (0..12).map(|n| request("", &format!("absent-{n}"), Mount::Any, "")).collect();
    let refusal = run(&pod(&requests, one_container()), &settings(vec![embedded()]), &store(&[])).await.unwrap_err();
    expect![[r#"none of the secret managers injected secret [key:"absent-0"]: Embedded: not found in file secrets.yaml; create the secret under one of these ids, or correct the key or the pod's labels: u__org__o__domain__d__project__p__key__absent-0 (project), u__org__o__domain__d__key__absent-0 (domain), u__org__o__domain__d__project____key__absent-0 (domain), u__org__o__key__absent-0 (organization), u__org__o__domain____project____key__absent-0 (organization); nor secrets [key:"absent-1"] (not-found), [key:"absent-2"] (not-found), [key:"absent-3"] (not-found), [key:"absent-4"] (not-found), [key:"absent-5"] (not-found), [key:"absent-6"] (not-found), [key:"absent-7"] (not-found), [key:"absent-8"] (not-found), [key:"absent-9"] (not-found), [key:"absent-10"] (not-found), [key:"absent-11"] (not-found)"#]].assert_eq(&refusal.message);
    assert!(refusal.message.len() <= 1024 && refusal.full.len() > 1024);
    let long = request(&"g".repeat(3000), "k", Mount::Unknown(7), "");
    let refusal = run(&pod(&[long], one_container()), &both(), &store(&[])).await.unwrap_err();
    assert!(refusal.message.contains("mount_requirement 7 is not one of"), "{}", refusal.message);
}
