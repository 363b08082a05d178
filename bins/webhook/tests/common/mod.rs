//! The webhook as a process, for tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of it, and may panic"
)]

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use fsw_testkit::https::Client;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// A running webhook; killed when dropped.
pub struct Webhook {
    child: Child,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub invalidation: SocketAddr,
    pub authority: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    _folder: TempDir,
}

/// A port nobody has at the moment.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook"));
    command.env_clear();
    command
}

impl Webhook {
    /// Starts it on these secrets (id to entry of a secrets file) and waits until it listens.
    pub fn start(secrets: &Map<String, Value>, settings: &[&str]) -> Self {
        Self::start_at(free_port(), "listening", secrets, settings)
    }

    /// The same on a given port, until it has said a word.
    pub fn start_at(port: u16, word: &'static str, secrets: &Map<String, Value>, settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets_file = folder.path().join("secrets.yaml");
        std::fs::write(&secrets_file, Value::Object(secrets.clone()).to_string()).unwrap();
        let authority = folder.path().join("ca.crt");
        let (admin_port, invalidation_port) = (free_port(), free_port());
        let mut child = command()
            .args(["run", "--self-signed", "--ca-out"])
            .arg(&authority)
            .arg("--secrets-file")
            .arg(&secrets_file)
            .arg(format!("--webhook.listenPort={port}"))
            .arg(format!("--set=secretsWebhook.adminPort={admin_port}"))
            .arg(format!("--webhook.cacheInvalidationPort={invalidation_port}"))
            .args(["--set=secretsWebhook.listenAddress=127.0.0.1", "--set=secretsWebhook.drain.delay=0s"])
            .args(settings.iter().map(|setting| format!("--set={setting}")))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (log, reader) = follow(&mut child, word);
        let authority = std::fs::read_to_string(authority).unwrap();
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let (address, admin, invalidation) = (at(port), at(admin_port), at(invalidation_port));
        Self { child, address, admin, invalidation, authority, log, reader: Some(reader), _folder: folder }
    }

    pub async fn http1(&self) -> Client {
        Client::http1(self.address, &self.authority).await.unwrap()
    }

    pub async fn http2(&self) -> Client {
        Client::http2(self.address, &self.authority).await.unwrap()
    }

    /// Sends a signal by its number.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end; gives the exit code and everything it logged.
    pub fn join(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.log.lock().unwrap().clone())
    }

    /// Ends it; gives everything it logged.
    pub fn stop(self) -> String {
        self.signal("TERM");
        let (code, log) = self.join();
        assert_eq!(code, Some(0), "{log}");
        log
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Collects standard error, and returns once a line holds `word`.
fn follow(child: &mut Child, word: &'static str) -> (Arc<Mutex<String>>, JoinHandle<()>) {
    let log = Arc::new(Mutex::new(String::new()));
    let (found, wait) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let collected = Arc::clone(&log);
    let reader = std::thread::spawn(move || {
        for line in stderr.lines() {
            let line = line.unwrap();
            let is_it = line.contains(word);
            collected.lock().unwrap().push_str(&(line + "\n"));
            if is_it {
                let _ = found.send(());
            }
        }
    });
    assert!(wait.recv().is_ok(), "the webhook ended early: {}", log.lock().unwrap());
    (log, reader)
}

/// A project secret for every request of a pod (organization `flyte` where the pod has none): id, value.
pub fn secrets_of(pod: &Value) -> Vec<(String, String)> {
    let label = |name: &str| pod["metadata"]["labels"][name].as_str().unwrap_or("flyte").to_owned();
    let scope =
        format!("u__org__{}__domain__{}__project__{}", label("organization"), label("domain"), label("project"));
    let requests = requests_of(pod).into_iter();
    requests.map(|(_, key)| (format!("{scope}__key__{key}"), format!("s3cret of {key} $(HOME)"))).collect()
}

/// The readable requests of a pod: short name, key.
pub fn requests_of(pod: &Value) -> Vec<(String, String)> {
    let annotations = pod["metadata"]["annotations"].as_object().into_iter().flatten();
    annotations
        .filter_map(|(name, value)| Some((name.strip_prefix("flyte.secrets/")?, value.as_str()?)))
        .filter_map(|(name, value)| Some((name.to_owned(), fsw_request::decode(value).ok()?)))
        .map(|(name, request)| (name, String::from_utf8(request.key).unwrap()))
        .collect()
}
