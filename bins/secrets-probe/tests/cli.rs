//! What each subcommand prints and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use common::{Run, probe, probe_with, recording};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

#[track_caller]
fn check(run: &Run, code: i32, stdout: &Expect, stderr: &Expect) {
    stdout.assert_eq(&run.stdout);
    stderr.assert_eq(&run.stderr);
    assert_eq!(run.code, Some(code));
}

const NAMES: [&str; 8] =
    ["--org", "flyte", "--domain", "development", "--project", "flytesnacks", "--key", "my_api_key"];

/// A file of secrets for the recorded pods.
fn secrets() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let secrets = json!({
        "u__org__flyte__domain__development__project__flytesnacks__key__my_api_key": "s3cret one",
        "u__org__flyte__domain__development__key__user_secret": "s3cret $(two)",
        "u__org__flyte__key__DB_Password": "s3cret three",
        "u__org__flyte__domain____project____key__client.pem": {"binary": "AAH/"},
        "u__org__flyte__domain__development__project____key__plain-any": "s3cret five",
    });
    std::fs::write(file.path(), secrets.to_string()).unwrap();
    file
}

#[test]
fn ids_are_in_look_up_order() {
    let run = probe(&[&["ids"][..], &NAMES].concat());
    check(
        &run,
        0,
        &expect![[r#"
        u__org__flyte__domain__development__project__flytesnacks__key__my_api_key
        u__org__flyte__domain__development__key__my_api_key
        u__org__flyte__domain__development__project____key__my_api_key
        u__org__flyte__key__my_api_key
        u__org__flyte__domain____project____key__my_api_key
    "#]],
        &expect![""],
    );
    let run = probe(&[&["ids", "--set", "secretsWebhook.secretNames=[padded]"][..], &NAMES].concat());
    assert_eq!(run.stdout.lines().count(), 3);
    let run = probe(&["ids", "--pod", &recording("v2-env-key-only"), "--json"]);
    assert!(run.stdout.starts_with(r#"{"request":"s0","scope":"project","id":"u__org__flyte__domain__development__project__flytesnacks__key__my_api_key"}"#), "{}", run.stdout);
}

#[test]
fn what_cannot_be_looked_up_is_explained() {
    let run = probe(&["ids", "--org", "o", "--domain", "d", "--project", "p__key__a", "--key", "b"]);
    check(
        &run,
        1,
        &expect![""],
        &expect![[r#"
        error: request s0: label project "p__key__a" makes the secret id "u__org__o__domain__d__project__p__key__a__key__b" ambiguous: it could be read as another scope and key; do without "__" there
    "#]],
    );
    let run = probe(&["ids", "--pod", &recording("v1-env-key-only")]);
    check(
        &run,
        1,
        &expect![""],
        &expect![[r#"
        error: label "organization" is missing or empty; Flyte sets it on task pods from v2 on, and for Flyte v1 the webhook's setting secretsWebhook.defaultOrganization fills it in
    "#]],
    );
}

#[test]
fn usage_errors_end_with_64() {
    for args in [
        &["ids", "--org", "o"][..],
        &["nonsense"],
        &["decode"],
        &["fetch", "--pod", "x", "--key", "k"],
        &["plan", "--pod", "x", "--config", "/nowhere.yaml"],
        &["ids", "--set", "webhook.listenPort=x", "--domain", "d", "--project", "p", "--key", "k"],
    ] {
        assert_eq!(probe(args).code, Some(64), "{args:?}");
    }
    assert_eq!(probe(&["--help"]).code, Some(0));
    let run = probe(&["plan", "--pod", "/nowhere.yaml"]);
    check(
        &run,
        1,
        &expect![""],
        &expect![[r#"
        error: cannot read /nowhere.yaml: No such file or directory (os error 2)
    "#]],
    );
}

#[test]
fn annotations_are_decoded_and_encoded() {
    let run = probe(&["encode", "--key", "my_api_key", "--group", "g", "--mount", "env-var", "--env-var", "V"]);
    let value = run.stdout.trim_end().to_owned();
    let run = probe(&["decode", &value, "n0", "eafa"]);
    check(
        &run,
        1,
        &expect![[r#"
            {"annotation":null,"group":"g","group_version":"","key":"my_api_key","mount_requirement":"ENV_VAR","env_var":"V"}
            {"annotation":null,"group":"","group_version":"","key":"","mount_requirement":"ANY","env_var":""}
        "#]],
        &expect![[r#"
        error: "n0": not base32: '0' at position 1; Flyte writes only a to z and 1 to 6, without padding (make one with `secrets-probe encode`)
    "#]],
    );
    let run = probe(&["decode", "--pod", &recording("v1-twelve-secrets")]);
    let keys: Vec<_> =
        run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["key"].clone()).collect();
    assert_eq!(keys, (0..12).map(|n| json!(format!("key_{n:02}"))).collect::<Vec<_>>());
}

#[test]
fn a_plan_shows_every_name_and_what_would_be_refused() {
    let run = probe(&[
        "plan",
        "--pod",
        &recording("v2-file-group-key"),
        "--set",
        "webhook.secretManagerTypes=[AWS,Embedded]",
    ]);
    check(
        &run,
        0,
        &expect![[r#"
        s0  group:"Team-A" key:"DB_Password" mount_requirement:FILE
          AWS       refused       group and key make "Team-A:DB_Password", which is not the ARN of a secret; expected group arn:<partition>:secretsmanager:<region>:<account>:secret and key <name>, or the whole ARN as group
          Embedded  project       u__org__flyte__domain__development__project__flytesnacks__key__DB_Password
                    domain        u__org__flyte__domain__development__key__DB_Password
                    domain        u__org__flyte__domain__development__project____key__DB_Password
                    organization  u__org__flyte__key__DB_Password
                    organization  u__org__flyte__domain____project____key__DB_Password
                    version       AWSCURRENT
                    file          /etc/flyte/secrets/DB_Password
                    file          /etc/flyte/secrets/db_password
                    file          /etc/flyte/secrets/Team-A/DB_Password
                    file          /etc/flyte/secrets/Team-A/db_password
                    file          /etc/flyte/secrets/team-a/db_password
    "#]],
        &expect![""],
    );
    let pod = r#"
metadata:
  labels: {organization: o, domain: d, project: p}
  annotations: {flyte.secrets/s0: A0, flyte.secrets/s1: B1}
spec: {containers: [{name: main}]}
"#;
    let value = |key: &str| probe(&["encode", "--key", key, "--env-var", "SAME"]).stdout.trim_end().to_owned();
    let pod = pod.replace("A0", &value("a")).replace("B1", &value("b"));
    let run = probe_with(&[], &["plan", "--pod", "-", "--json"], pod.as_bytes());
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout.lines().count(), 2);
    expect![[r#"
        warning: the pod would be refused: none of the secret managers injected secret [key:"b" env_var:"SAME"]: variable SAME would also hold another secret, [key:"a" env_var:"SAME"]; give one of them another env_var or key
    "#]]
    .assert_eq(&run.stderr);
}

#[test]
fn a_fetch_shows_every_id_and_no_value() {
    let secrets = secrets();
    let file = secrets.path().to_string_lossy();
    let mut run = probe(&[
        "fetch",
        "--org",
        "flyte",
        "--domain",
        "development",
        "--project",
        "flytesnacks",
        "--key",
        "user_secret",
        "--secrets-file",
        &file,
    ]);
    let said = std::mem::take(&mut run.stderr);
    assert_eq!(said, format!("warning: secrets are read from {file}, not from AWS\n"));
    check(
        &run,
        0,
        &expect![[r#"
            s0  key:"user_secret"
              project  u__org__flyte__domain__development__project__flytesnacks__key__user_secret  not found
              domain   u__org__flyte__domain__development__key__user_secret                        found: version file, 13 bytes, sha256 c426ce6e…
        "#]],
        &expect![""],
    );
    let run = probe(&[
        "fetch",
        "--org",
        "flyte",
        "--domain",
        "development",
        "--project",
        "flytesnacks",
        "--key",
        "gone",
        "--secrets-file",
        &file,
        "--json",
    ]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(1), 5));
}

#[test]
fn an_injected_pod_is_masked_unless_it_is_to_be_revealed() {
    let secrets = secrets();
    let file = secrets.path().to_string_lossy();
    let pod = recording("v2-five-secrets");
    let run = probe(&["inject", "--pod", &pod, "--secrets-file", &file]);
    assert_eq!(run.code, Some(1), "token is nowhere");
    assert!(run.stderr.contains("refused (not-found)") && run.stderr.contains("key__token"), "{}", run.stderr);

    let pod = recording("v1-five-secrets");
    for output in ["yaml", "json", "patch", "diff"] {
        let args = [
            "inject",
            "--pod",
            &pod,
            "--secrets-file",
            &file,
            "--secretsWebhook.defaultOrganization=flyte",
            "-o",
            output,
        ];
        let masked = probe(&args);
        assert_eq!(masked.code, Some(0), "{}", masked.stderr);
        assert!(masked.stdout.contains("[masked: 10 bytes, sha256 "), "{output}: {}", masked.stdout);
        assert!(!masked.stdout.contains("s3cret") && !masked.stdout.contains("czNjcmV0"), "{output}");
        let revealed = probe(&[&args[..], &["--reveal"]].concat());
        assert!(revealed.stdout.contains("s3cret $$(two)") && revealed.stdout.contains("czNjcmV0IHRocmVl"), "{output}");
    }
}

#[test]
fn a_pod_that_has_secrets_already_is_masked_too() {
    let secrets = secrets();
    let file = secrets.path().to_string_lossy();
    let inject = |pod: &str, further: &[&str]| {
        let settings = ["--secrets-file", &file, "--secretsWebhook.defaultOrganization=flyte"];
        probe(&[&["inject", "--pod", pod][..], &settings, further].concat())
    };
    let injected = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(injected.path(), inject(&recording("v1-five-secrets"), &["--reveal"]).stdout).unwrap();
    let injected = injected.path().to_string_lossy();
    assert!(inject(&injected, &["--reveal"]).stdout.contains("s3cret $$(two)"));
    for output in ["yaml", "json", "patch", "diff"] {
        let run = inject(&injected, &["-o", output, "--secretsWebhook.envVarAliases=false"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stderr.contains("the values of all its variables are masked"), "{}", run.stderr);
        assert!(!run.stdout.contains("s3cret") && !run.stdout.contains("czNjcmV0"), "{output}: {}", run.stdout);
    }
}

#[test]
fn a_review_is_answered_as_the_webhook_answers_it() {
    let secrets = secrets();
    let file = secrets.path().to_string_lossy();
    let args = ["review", "--secrets-file", &file, "--set", "secretsWebhook.defaultOrganization=flyte"];
    let body = fsw_testkit::recording("v1-five-secrets").body;
    let run = probe_with(&[], &args, &body);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &answer["response"]["allowed"]), (Some(0), &json!(true)));
    assert!(run.stdout.ends_with("}}"), "no byte more than the webhook's answer");
    let run = probe_with(&[], &["review", "--secrets-file", &file], &body);
    let answer: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.code, &answer["response"]["status"]["code"]), (Some(0), &json!(400)));
    let run = probe_with(&[], &args, b"{}");
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
}
