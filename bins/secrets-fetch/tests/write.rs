//! The writer: the same input as the busybox script, and the same files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use fsw_embedded::writer::{self, File};
use fsw_naming::embedded_files;
use fsw_pod::PodEditor;
use fsw_source::SecretValue;
use serde_json::{Map, Value, json};

fn container() -> Value {
    let file = |group: &str, key: &str, content: &[u8]| {
        let (path, aliases, _) = embedded_files(group, "", key).unwrap();
        File { content: SecretValue::Binary(content.to_vec().into()).into(), paths: [vec![path], aliases].concat() }
    };
    let large: Vec<u8> = (0..65536_u32).map(|n| (n % 251) as u8).collect();
    let files = [file("Team-A $(x)", "DB_Password", b"s3cret\n"), file("", "empty", b""), file("", "large", &large)];
    let pod = PodEditor::new(json!({"metadata": {}, "spec": {"containers": [{"name": "c"}]}})).unwrap();
    let settings = writer::Settings {
        image: "image".into(),
        resources: json!({}),
        container_name: "init-embedded-secret".into(),
        security_overrides: Map::new(),
    };
    writer::container(&files, writer::VOLUME, &[], &pod, &settings)
}

/// Every path with its content and permission bits.
fn tree(folder: &std::path::Path) -> Vec<(String, Vec<u8>, u32)> {
    use std::os::unix::fs::PermissionsExt;
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            let content = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
            found.push((path.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), content, mode));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn either_image_writes_the_same_files() {
    let container = container();
    let command: Vec<_> = container["command"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
    let bin = tempfile::tempdir().unwrap();
    let ours = bin.path().join("sh");
    symlink(env!("CARGO_BIN_EXE_secrets-fetch"), &ours).unwrap();
    let busybox = fsw_testkit::busybox(bin.path());
    let run = |shell: &std::path::Path| {
        let volume = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let output = Command::new(shell)
                .args(&command[1..])
                .env_clear()
                .env("PATH", &busybox)
                .envs(fsw_testkit::environment(&container))
                .env("FLYTE_SECRETS_DEFAULT_DIR", volume.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        tree(volume.path())
    };
    let written = run(&ours);
    assert_eq!(written, run(&busybox.join("sh")));
    assert_eq!(written.len(), 9);
}

#[test]
fn bad_input_is_named_without_its_content() {
    let base = [("FSW_FILES", "1"), ("FSW_PATHS_0", "k"), ("FSW_SIZE_0", "6"), ("FSW_CONTENT_0", "czNjcmV0")];
    for (name, value, code, message) in [
        ("FSW_FILES", "2", 64, "the variable FSW_SIZE_1 is missing"),
        ("FSW_FILES", "x", 64, "the variable FSW_FILES is no number"),
        ("FSW_CONTENT_0", "s3cret!", 64, "the variable FSW_CONTENT_0 is not base64"),
        ("FSW_SIZE_0", "7", 64, "the variable FSW_CONTENT_0 is incomplete"),
        ("FSW_PATHS_0", "../k", 64, "the file path \"../k\" has the segment"),
        ("FSW_PATHS_0", "", 64, "the variable FSW_PATHS_0 names no path"),
        ("FLYTE_SECRETS_DEFAULT_DIR", "/dev/null/x", 1, "a file is where a folder should be"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_secrets-fetch"))
            .arg("write")
            .env_clear()
            .envs(base)
            .env("FLYTE_SECRETS_DEFAULT_DIR", std::env::temp_dir().join("fsw-never"))
            .env(name, value)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(message) && !said.contains("s3cret"), "{said}");
    }
}
