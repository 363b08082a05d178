//! The main job on real input: the webhook as a process, reviews of real Flyte pods, and what their tasks will see.

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use data_encoding::BASE64;
use fsw_testkit::https::Client;
use fsw_testkit::{Recording, apply, environment, recording, written};
use serde_json::{Value, json};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use fsw_testkit::say::{BAD, GOOD, QUIET, STRONG, say};

/// A recorded review and what must come of it.
struct Scene {
    recording: &'static str,
    story: &'static str,
    expected: Expected,
}

enum Expected {
    /// Variables of the task's container, and files, with their content.
    Sees { variables: &'static [(&'static str, &'static str)], files: &'static [(&'static str, &'static str)] },
    /// A secret that an init container pulls, and where to.
    Pulls(&'static str, &'static str),
    /// A code, and words of the message.
    Refused(u64, &'static str),
}

/// Made-up secrets, as they would lie in AWS: in the scopes and forms that Flyte knows.
fn store() -> Value {
    json!({
        "u__org__flyte__domain__development__project__flytesnacks__key__my_api_key": "project $(secret)",
        "u__org__flyte__domain__development__key__user_secret": "domain secret",
        "u__org__flyte__key__DB_Password": "organization secret",
        "u__org__flyte__domain__development__project__flytesnacks__key__client.pem": "a certificate",
        "u__org__flyte__domain____project____key__plain-any": "organization secret, padded id",
    })
}

const SCENES: &[Scene] = &[
    Scene {
        recording: "v2-env-key-only",
        story: "Flyte v2, one variable: the name that the SDK asks for, and flytekit's",
        expected: Expected::Sees {
            variables: &[("MY_API_KEY", "project $(secret)"), ("_UNION_MY_API_KEY", "project $(secret)")],
            files: &[],
        },
    },
    Scene {
        recording: "v1-five-secrets",
        story: "Flyte v1, five secrets out of three scopes, as variables and files",
        expected: Expected::Sees {
            variables: &[
                ("_UNION_MY_API_KEY", "project $(secret)"),
                ("_UNION_USER_SECRET", "domain secret"),
                ("_UNION_PLAIN-ANY", "organization secret, padded id"),
                ("CLIENT_PEM", "/etc/flyte/secrets/client.pem"),
            ],
            files: &[
                ("DB_Password", "organization secret"),
                ("team-a/db_password", "organization secret"),
                ("client.pem", "a certificate"),
            ],
        },
    },
    Scene {
        recording: "v1-raw-container-copilot",
        story: "a ContainerTask with Flyte's copilot as a native sidecar",
        expected: Expected::Sees {
            variables: &[("_UNION_USER_SECRET", "domain secret")],
            files: &[("my_api_key", "project $(secret)")],
        },
    },
    Scene {
        recording: "v2-aws-arn-group",
        story: "a secret by its ARN: the pod pulls it itself (sidecar manager)",
        expected: Expected::Pulls(
            "arn:aws:secretsmanager:us-west-2:123456789012:secret:my-secret-AbCdEf",
            "/etc/flyte/secrets/arn:aws:secretsmanager:us-west-2:123456789012:secret/my-secret-abcdef",
        ),
    },
    Scene {
        recording: "v1-twelve-secrets",
        story: "secrets that are nowhere: refused, with the ids that were tried",
        expected: Expected::Refused(
            400,
            "u__org__flyte__domain__development__project__flytesnacks__key__key_00 (project)",
        ),
    },
    Scene {
        recording: "k8s-bad-annotation",
        story: "an annotation that is no request: refused, with its name",
        expected: Expected::Refused(400, "annotation flyte.secrets/s0"),
    },
];

/// A line of the log is shown so far, in characters.
const LONGEST_LINE: usize = 500;

pub(crate) fn demo(is_release: bool) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    shell.change_dir(root);
    say(QUIET, "building the webhook");
    let release = is_release.then_some("--release");
    cmd!(shell, "cargo build --quiet --locked --package webhook {release...}").quiet().run()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let good = runtime.block_on(play(is_release))?;
    if good == SCENES.len() {
        say(GOOD, format_args!("{good} of {} pods came out as they should", SCENES.len()));
        Ok(())
    } else {
        bail!("{good} of {} pods came out as they should", SCENES.len())
    }
}

/// Plays all scenes on one webhook; gives how many went well.
async fn play(is_release: bool) -> anyhow::Result<usize> {
    let start = Instant::now();
    let mut webhook = Webhook::start(is_release)?;
    let mut client = Client::http2(webhook.address, &webhook.authority).await?;
    client.post("/mutate--v1-pod?timeout=10s", recording("k8s-no-annotations").body).await?;
    let first_answer = start.elapsed().as_millis();
    webhook.log_line("\"message\":\"review\"")?;
    say(QUIET, format_args!("first answer {first_answer} ms after the start; {}", webhook.memory()));
    let mut good = 0;
    for scene in SCENES {
        say(STRONG, format_args!("\n{}  {}", scene.recording, scene.story));
        let recording = recording(scene.recording);
        let answer = client.post("/mutate--v1-pod?timeout=10s", recording.body.clone()).await?;
        let answer: Value = serde_json::from_slice(answer.body())?;
        match check(&recording, &answer["response"], &scene.expected) {
            Ok(lines) => {
                good += 1;
                lines.iter().for_each(|line| say(GOOD, format_args!("  {line}")));
            }
            Err(error) => say(BAD, format_args!("  {error:#}")),
        }
        let line = webhook.log_line("\"message\":\"review\"")?;
        let (shown, cut) = line.char_indices().nth(LONGEST_LINE).map_or((&*line, ""), |(end, _)| (&line[..end], " …"));
        say(QUIET, format_args!("  log: {shown}{cut}"));
    }
    drop(client);
    webhook.stop()?;
    Ok(good)
}

/// What the task will see, if it is what it should see.
fn check(recording: &Recording, response: &Value, expected: &Expected) -> anyhow::Result<Vec<String>> {
    ensure!(response["uid"] == recording.json()["request"]["uid"], "the answer has another uid");
    if let Expected::Refused(code, words) = expected {
        let message = response["status"]["message"].as_str().unwrap_or_default();
        ensure!(
            response["allowed"] == false && response["status"]["code"] == *code,
            "not refused with {code}: {response}"
        );
        ensure!(message.contains(words), "the message does not say {words:?}: {message}");
        return Ok(vec![format!("refused ({code}): {message}")]);
    }
    ensure!(response["allowed"] == true, "refused: {}", response["status"]["message"]);
    let patch = BASE64.decode(response["patch"].as_str().context("there is no patch")?.as_bytes())?;
    let pod = apply(&recording.pod(), &patch);
    let found = environment(&pod["spec"]["containers"][0]);
    let mut lines = Vec::new();
    match expected {
        Expected::Sees { variables, files } => {
            for (name, value) in *variables {
                let is_there = found.iter().any(|(other, found)| other == name && found == value);
                ensure!(is_there, "variable {name} is not {value:?}");
                lines.push(format!("variable {name} = {value:?}"));
            }
            let written = written(&pod);
            for (path, content) in *files {
                let is_there = written.iter().any(|(other, found)| other == path && found == content);
                ensure!(is_there, "file {path} is not {content:?}");
                lines.push(format!("file /etc/flyte/secrets/{path} = {content:?}"));
            }
        }
        Expected::Pulls(arn, path) => {
            let puller = &pod["spec"]["initContainers"][0];
            let variables = environment(puller);
            let is = |name: &str, value: &str| variables.iter().any(|(other, found)| other == name && found == value);
            ensure!(is("SECRET_ARN", arn), "SECRET_ARN is not {arn}");
            let name = path.strip_prefix("/etc/flyte/secrets").context("not a secret's path")?;
            ensure!(is("SECRET_FILENAME", name), "SECRET_FILENAME is not {name}");
            lines.push(format!("init container {} pulls {arn}", puller["name"]));
            lines.push(format!("file {path}"));
        }
        Expected::Refused(..) => {}
    }
    Ok(lines)
}

/// The webhook as a process; killed when dropped.
struct Webhook {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: SocketAddr,
    authority: String,
    _folder: TempDir,
}

impl Webhook {
    /// Starts it on the made-up secrets, and waits until it listens.
    fn start(is_release: bool) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (secrets, authority) = (folder.path().join("secrets.yaml"), folder.path().join("ca.crt"));
        std::fs::write(&secrets, store().to_string())?;
        let (port, admin_port) = (free_port()?, free_port()?);
        // Built beside this program, which is a debug build.
        let here = std::env::current_exe()?;
        let profile = if is_release { "../release/webhook" } else { "webhook" };
        let binary = here.with_file_name(profile);
        let mut child = Command::new(binary)
            .args(["run", "--self-signed", "--ca-out"])
            .arg(&authority)
            .arg("--secrets-file")
            .arg(&secrets)
            .arg(format!("--webhook.listenPort={port}"))
            .arg(format!("--secretsWebhook.adminPort={admin_port}"))
            .arg("--webhook.cacheInvalidationPort=0")
            .args(["--webhook.secretManagerTypes=[Embedded,AWS]", "--secretsWebhook.defaultOrganization=flyte"])
            .args(["--secretsWebhook.listenAddress=127.0.0.1", "--secretsWebhook.drain.delay=0s"])
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the webhook")?;
        let log = BufReader::new(child.stderr.take().context("no log")?).lines();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut webhook = Self { child, log, address, authority: String::new(), _folder: folder };
        say(QUIET, format_args!("log: {}", webhook.log_line("SECRETS ARE READ FROM A FILE")?));
        say(QUIET, format_args!("log: {}", webhook.log_line("listening")?));
        webhook.authority = std::fs::read_to_string(authority)?;
        Ok(webhook)
    }

    /// How much memory it has, where the system tells.
    fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        resident.map_or_else(String::new, |resident| format!("resident memory {}", resident.trim()))
    }

    /// The next line of the log that holds these words.
    fn log_line(&mut self, words: &str) -> anyhow::Result<String> {
        for line in self.log.by_ref() {
            let line = line?;
            if line.contains(words) {
                return Ok(line);
            }
        }
        bail!("the webhook ended early")
    }

    /// Ends it as Kubernetes would.
    fn stop(&mut self) -> anyhow::Result<()> {
        let status = Command::new("kill").arg(self.child.id().to_string()).status()?;
        ensure!(status.success(), "cannot end the webhook");
        let line = self.log_line("\"message\":\"stopped\"")?;
        say(QUIET, format_args!("\nlog: {line}"));
        ensure!(self.child.wait()?.success(), "the webhook ended badly");
        Ok(())
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port nobody has at the moment.
fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
