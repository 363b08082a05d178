//! The init container as a process: against the emulator with IAM enforced and each fault, as another user, on a full volume.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use fsw_aws_emulator::{Effect, Emulator, Fault};
use serde_json::{Value, json};
use tempfile::TempDir;

/// An emulator and a volume.
struct Lab {
    emulator: Emulator,
    volume: TempDir,
}

const REGION: &str = "us-west-2";

fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:123456789012:secret:{name}")
}

impl Lab {
    async fn new() -> Self {
        Self { emulator: Emulator::start(REGION).await, volume: tempfile::tempdir().unwrap() }
    }

    /// Runs a pull on the volume with static keys and these variables; not on the thread that serves the emulator.
    async fn pull(&self, variables: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secrets-fetch"));
        command
            .env_clear()
            .env("AWS_ENDPOINT_URL", self.emulator.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAADMIN")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("FSW_DIRECTORY", self.volume.path())
            .env("FSW_TIMEOUT", "30")
            .envs(variables.iter().copied());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    async fn orders(&self, orders: &Value, variables: &[(&str, &str)]) -> Output {
        let orders = orders.to_string();
        self.pull(&[&[("FSW_SECRETS", orders.as_str())], variables].concat()).await
    }

    /// Every file of the volume with its content.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fsw_testkit::files(self.volume.path())
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn ok(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    assert_eq!((stderr(output).as_str(), output.stdout.len()), ("", 0));
}

/// One line, no value, no file.
#[track_caller]
fn fails(lab: &Lab, output: &Output, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    assert!(said.starts_with("secrets-fetch: ") && said.lines().count() == 1 && !said.contains("s3cret"), "{said}");
    assert_eq!(lab.files(), BTreeMap::new());
}

#[tokio::test]
async fn it_takes_the_place_of_awss_image() {
    let lab = Lab::new().await;
    lab.emulator.put("db", "s3cret\n").await;
    ok(&lab.pull(&[("SECRET_ARN", &lab.emulator.arn("db").await), ("SECRET_FILENAME", "/group/key")]).await);
    assert_eq!(lab.files(), BTreeMap::from([("group/key".to_owned(), b"s3cret\n".to_vec())]));
    let mode = |path: &str| fs::metadata(lab.volume.path().join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("group/key"), mode("group")), (0o444, 0o755));
}

#[tokio::test]
async fn many_secrets_in_one_container_exact_linked_and_again() {
    let lab = Lab::new().await;
    lab.emulator.put_binary("bytes", "AAH+/w==").await;
    let old = lab.emulator.put("json", r#"{"user": "u", "a.b": "dotted", "n": {"p": 5432}}"#).await;
    lab.emulator.put("json", r#"{"user": "new"}"#).await;
    let (bytes, json) = (lab.emulator.arn("bytes").await, lab.emulator.arn("json").await);
    let orders = json!([
        {"secret": bytes, "paths": ["Team-A/Bytes", "team-a/bytes"]},
        {"secret": format!("{json}:user"), "paths": ["user"]},
        {"secret": format!("{json}:user:AWSPREVIOUS"), "paths": ["old-user"]},
        {"secret": format!("{json}:a.b::{old}"), "paths": ["dotted"]},
        {"secret": format!("{json}:n.p::{old}"), "paths": ["-rf $(x) ü"]},
    ]);
    for _ in 0..2 {
        ok(&lab.orders(&orders, &[("FSW_MODE", "0440")]).await);
    }
    let expected: [(&str, &[u8]); 6] = [
        ("-rf $(x) ü", b"5432"),
        ("Team-A/Bytes", &[0, 1, 0xfe, 0xff]),
        ("dotted", b"dotted"),
        ("old-user", b"u"),
        ("team-a/bytes", &[0, 1, 0xfe, 0xff]),
        ("user", b"new"),
    ];
    assert_eq!(lab.files(), expected.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect());
    let inode = |path: &str| fs::metadata(lab.volume.path().join(path)).unwrap().ino();
    assert_eq!(inode("Team-A/Bytes"), inode("team-a/bytes"));
    assert_eq!(fs::metadata(lab.volume.path().join("user")).unwrap().permissions().mode() & 0o7777, 0o440);
}

#[tokio::test]
async fn iam_decides_by_the_identity_of_the_pod() {
    let lab = Lab::new().await;
    lab.emulator.put("mine", "s3cret").await;
    let may = lab.emulator.web_identity_role("may", &format!("{}-*", arn("mine"))).await;
    let may_not = lab.emulator.web_identity_role("may-not", &format!("{}-*", arn("other"))).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    fs::write(token.path(), "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.").unwrap();
    let path = token.path().to_string_lossy();
    let identity = |role| {
        [
            ("AWS_ROLE_ARN", role),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", &*path),
            ("AWS_ACCESS_KEY_ID", ""),
            ("AWS_SECRET_ACCESS_KEY", ""),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    };
    let secret = lab.emulator.arn("mine").await;
    lab.emulator.enforce();
    let orders = json!([{"secret": secret, "paths": ["k"]}]);
    let denied = lab.orders(&orders, &identity(&may_not)).await;
    let role = format!("asked as IRSA role {may_not}");
    fails(
        &lab,
        &denied,
        &[&secret, "assumed-role/may-not/", "may not secretsmanager:GetSecretValue; allow it on", &role],
    );
    ok(&lab.orders(&orders, &identity(&may)).await);
    assert_eq!(lab.files().len(), 1);
}

#[tokio::test]
async fn one_secret_that_is_not_there_writes_none() {
    let lab = Lab::new().await;
    lab.emulator.put("there", "{\"user\": \"s3cret\"}").await;
    lab.emulator.put("gone", "s3cret").await;
    let (there, gone) = (lab.emulator.arn("there").await, lab.emulator.arn("gone").await);
    lab.emulator.delete("gone").await;
    let orders = json!([
        {"secret": there, "paths": ["a"]},
        {"secret": arn("absent"), "paths": ["b"]},
        {"secret": gone, "paths": ["c"]},
        {"secret": format!("{there}:pass"), "paths": ["d"]},
    ]);
    let words = [
        "secret:absent: not found in AWS Secrets Manager in us-west-2",
        "marked for deletion",
        "the value has no key \"pass\"; it has user",
        "asked as static keys",
    ];
    fails(&lab, &lab.orders(&orders, &[]).await, &words);
}

#[tokio::test]
async fn faults_are_outlasted_or_named() {
    let lab = Lab::new().await;
    lab.emulator.put("k", "s3cret").await;
    let orders = json!([{"secret": lab.emulator.arn("k").await, "paths": ["k"]}]);
    let fault = |status, code| {
        let effect = Effect::Error(status, code, "s3cret".to_owned());
        lab.emulator.fault(Fault { service: "secretsmanager", effect, probability: 1.0 });
    };
    for (status, code, words) in [
        (400, "ThrottlingException", "AWS throttles"),
        (500, "InternalServiceError", "AWS has a fault"),
        (400, "ExpiredTokenException", "AWS does not accept the credentials"),
        (400, "DecryptionFailure", "allow kms:Decrypt"),
        (400, "AccessDeniedException", "may not secretsmanager:GetSecretValue"),
        (400, "ValidationException", "AWS does not accept the call"),
    ] {
        fault(status, code);
        fails(&lab, &lab.orders(&orders, &[("FSW_TIMEOUT", "1")]).await, &[&arn("k"), words, code]);
        lab.emulator.clear_faults();
    }
    fault(503, "ServiceUnavailable");
    let relent = async {
        while lab.emulator.faults_met() < 2 {
            tokio::task::yield_now().await;
        }
        lab.emulator.clear_faults();
    };
    let (output, ()) = tokio::join!(lab.orders(&orders, &[]), relent);
    ok(&output);
}

#[tokio::test]
async fn a_token_that_comes_late_is_waited_for() {
    let lab = Lab::new().await;
    lab.emulator.put("k", "s3cret").await;
    let role = lab.emulator.web_identity_role("may", &format!("{}-*", arn("k"))).await;
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let path = token.to_string_lossy().into_owned();
    let orders = json!([{"secret": lab.emulator.arn("k").await, "paths": ["k"]}]);
    let identity = [
        ("AWS_ROLE_ARN", role.as_str()),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &path),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let never = lab.orders(&orders, &[&identity[..], &[("FSW_TIMEOUT", "1")]].concat()).await;
    fails(&lab, &never, &["no AWS credentials", "NoCredentials"]);
    // Written while the process may already be waiting for it.
    let (output, ()) = tokio::join!(lab.orders(&orders, &identity), async { fs::write(&token, "a.b.c").unwrap() });
    ok(&output);
}

#[tokio::test]
async fn twenty_secrets_in_one_container() {
    let lab = Lab::new().await;
    let mut orders = Vec::new();
    for n in 0..20 {
        lab.emulator.put(&format!("k{n}"), &format!("s3cret {n}")).await;
        let secret = lab.emulator.arn(&format!("k{n}")).await;
        orders.push(json!({"secret": secret, "paths": [format!("k{n}")]}));
    }
    ok(&lab.orders(&orders.into(), &[]).await);
    assert_eq!(lab.files()["k19"], b"s3cret 19");
    assert_eq!(lab.files().len(), 20);
}

#[tokio::test]
async fn input_that_makes_no_sense_ends_with_64() {
    let lab = Lab::new().await;
    for (variables, words) in [
        (&[][..], "nothing to fetch: set FSW_SECRETS, or SECRET_ARN and SECRET_FILENAME"),
        (&[("FSW_SECRETS", "{")], "FSW_SECRETS is not a JSON list"),
        (&[("FSW_SECRETS", r#"[{"secret": "x", "paths": ["a"]}]"#)], "\"x\" is no reference to a secret"),
        (&[("SECRET_ARN", &arn("k")), ("SECRET_FILENAME", "/../../etc/passwd")], "has the segment \"..\""),
        (&[("SECRET_ARN", &arn("k")), ("SECRET_FILENAME", "k"), ("FSW_MODE", "0999")], "FSW_MODE is \"0999\""),
        (&[("SECRET_ARN", &arn("k")), ("SECRET_FILENAME", "k"), ("FSW_TIMEOUT", "soon")], "FSW_TIMEOUT is \"soon\""),
    ] {
        let output = lab.pull(variables).await;
        assert_eq!(output.status.code(), Some(64), "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[tokio::test]
async fn a_sigterm_in_the_middle_leaves_nothing() {
    let volume = tempfile::tempdir().unwrap();
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_secrets-fetch"))
        .env_clear()
        .env("AWS_ENDPOINT_URL", format!("http://{}", silent.local_addr().unwrap()))
        .env("AWS_ACCESS_KEY_ID", "AKIAADMIN")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("FSW_DIRECTORY", volume.path())
        .env("SECRET_ARN", arn("k"))
        .env("SECRET_FILENAME", "k")
        .spawn()
        .unwrap();
    // Connected: it waits for an answer that does not come.
    let _connection = silent.accept().await.unwrap();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert_eq!((status.code(), fs::read_dir(volume.path()).unwrap().count()), (Some(143), 0));
}

/// Needs root, as CI is, for another user and a volume of its own.
#[tokio::test]
async fn another_user_on_a_small_volume() {
    let lab = Lab::new().await;
    lab.emulator.put("small", "s3cret").await;
    lab.emulator.put("large", &"s3cret".repeat(10_000)).await;
    let mounted = lab.volume.path().join("mounted");
    fs::create_dir(&mounted).unwrap();
    let binary = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let program = binary.path().join("secrets-fetch");
    fs::copy(env!("CARGO_BIN_EXE_secrets-fetch"), &program).unwrap();
    let run = async |secret: String| {
        // A mount namespace of its own, gone with the process: a read-only root, and a volume whose group passes itself on,
        // as with an fsGroup. No capability is left.
        let script = r#"
            mount -t tmpfs none /dev && touch /dev/termination-log && chmod 666 /dev/termination-log
            mount -o remount,bind,ro /
            mount -t tmpfs -o size=16k,mode=2770,gid=4242 none "$FSW_DIRECTORY"
            setpriv --reuid 7777 --regid 4242 --clear-groups --no-new-privs --bounding-set=-all "$@"
            code=$?
            cd "$FSW_DIRECTORY" && find . -type f -exec stat -c '%n %a %u %g' {} +
            sed 's/^/log: /' /dev/termination-log
            exit $code
        "#;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", script, "sh"])
            .arg(&program)
            .env("AWS_ENDPOINT_URL", lab.emulator.url())
            .env("AWS_ACCESS_KEY_ID", "AKIAADMIN")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("FSW_DIRECTORY", &mounted)
            .env("SECRET_ARN", secret)
            .env("SECRET_FILENAME", "k")
            .current_dir("/");
        command.process_group(0);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let small = run(lab.emulator.arn("small").await).await;
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert_eq!((small.status.code(), said(&small).as_str()), (Some(0), "./k 440 7777 4242"), "{}", stderr(&small));
    let large = run(lab.emulator.arn("large").await).await;
    let line = stderr(&large);
    assert_eq!((large.status.code(), said(&large)), (Some(1), format!("log: {}", line.trim())));
    assert!(line.contains("cannot write") && line.contains("the volume is full"), "{line}");
}
