//! The emulator as a process: it is ready when it says so, and ends when told.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aws-emulator"))
            .args(["--listen", "127.0.0.1:0", "--region", "eu-west-1"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("ready at http://").unwrap_or_else(|| panic!("{line:?}"));
        Self { address: address.to_owned(), child }
    }

    /// The status and body of GetSecretValue, asked by this access key.
    fn get(&self, id: &str, access_key: &str) -> String {
        let body = format!("{{\"SecretId\":\"{id}\"}}");
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\
             Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: secretsmanager.GetSecretValue\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={access_key}/20260101/eu-west-1/secretsmanager/aws4_request, \
             SignedHeaders=host, Signature=0\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn secrets(yaml: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    file
}

#[test]
fn it_is_ready_with_its_secrets_and_ends_when_told() {
    let file = secrets("plain: one\nmapped: {string: two}\nbytes: {binary: AAH+/w==}\n");
    let mut process =
        Process::start(&["--account", "111122223333", "--enforce", "--secrets", &file.path().to_string_lossy()]);
    for (id, words) in [("plain", "\"one\""), ("mapped", "\"two\""), ("bytes", "AAH+/w=="), ("absent", "NotFound")] {
        let answer = process.get(id, "AKIAADMIN");
        assert!(answer.contains(words), "{answer}");
    }
    assert!(process.get("plain", "AKIAADMIN").contains("arn:aws:secretsmanager:eu-west-1:111122223333:secret:plain-"));
    assert!(Command::new("kill").arg(process.child.id().to_string()).status().unwrap().success());
    assert_eq!(process.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_broken_file_is_named_without_its_values() {
    for (yaml, words) in [
        ("- s3cret", "is not a map from secret id to value"),
        ("a: 's3cret", "is not a map from secret id to value"),
        ("a: 5432", "secret \"a\" is no text"),
        ("a: {string: s3cret, binary: s3cret}", "secret \"a\" is no text"),
    ] {
        let file = secrets(yaml);
        let output = Command::new(env!("CARGO_BIN_EXE_aws-emulator"))
            .args(["--listen", "127.0.0.1:0", "--secrets"])
            .arg(file.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(said.contains(words) && !said.contains("s3cret"), "{said}");
    }
}
