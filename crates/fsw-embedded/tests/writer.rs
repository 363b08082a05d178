//! The writer's script, run for real under busybox's shell with nothing but busybox's commands.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output};

use fsw_embedded::writer::{self, File, SCRIPT};
use fsw_naming::embedded_files;
use fsw_pod::{PodEditor, variable};
use fsw_source::SecretValue;
use serde_json::{Map, Value, json};

fn file(group: &str, key: &str, content: &[u8]) -> File {
    let (path, aliases, _) = embedded_files(group, "", key).unwrap();
    let content = SecretValue::Binary(content.to_vec().into()).into();
    File { content, paths: [vec![path], aliases].concat() }
}

fn container(files: &[File], security_context: Value) -> Value {
    let pod = json!({"metadata": {}, "spec": {"securityContext": security_context, "containers": [{"name": "c"}]}});
    let settings = writer::Settings {
        image: "busybox".into(),
        resources: json!({}),
        container_name: "init-embedded-secret".into(),
        security_overrides: Map::new(),
    };
    writer::container(files, writer::VOLUME, &[], &PodEditor::new(pod).unwrap(), &settings)
}

/// Runs the container's command as the kubelet would, with the volume at `volume`.
fn run(container: &Value, folder: &Path, extra: &[(&str, &str)]) -> Output {
    let volume = folder.join("volume");
    fs::create_dir_all(&volume).unwrap();
    let command: Vec<_> = container["command"].as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
    assert_eq!(command, ["sh", "-c", SCRIPT]);
    let bin = fsw_testkit::busybox(folder);
    Command::new(bin.join("sh"))
        .args(&command[1..])
        .env_clear()
        .env("PATH", &bin)
        .envs(fsw_testkit::environment(container))
        .env("FLYTE_SECRETS_DEFAULT_DIR", &volume)
        .envs(extra.iter().copied())
        .current_dir("/")
        .output()
        .unwrap()
}

#[track_caller]
fn writes(files: &[File]) -> (tempfile::TempDir, BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let container = container(files, json!({}));
    // Twice: the kubelet runs an init container again when the pod's sandbox is made anew.
    for _ in 0..2 {
        let output = run(&container, folder.path(), &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
    }
    let tree = fsw_testkit::files(&folder.path().join("volume"));
    (folder, tree)
}

#[test]
fn bytes_are_exact() {
    let all: Vec<u8> = (0..=255).collect();
    let contents: [&[u8]; 5] = [&all, b"", b"no newline", b"newlines\n\n\n", b"\0\0"];
    let files: Vec<_> = contents.iter().enumerate().map(|(n, content)| file("", &format!("k{n}"), content)).collect();
    let (_folder, tree) = writes(&files);
    for (n, content) in contents.iter().enumerate() {
        assert_eq!(tree[&format!("k{n}")], *content, "k{n}");
    }
    assert_eq!(tree.len(), contents.len());
}

#[test]
fn two_secrets_of_the_largest_size_work() {
    let large: Vec<u8> = (0..65536_u32).map(|n| (n % 251) as u8).collect();
    let (_folder, tree) = writes(&[file("", "a", &large), file("", "b", &large)]);
    assert!(tree["a"] == large && tree["b"] == large);
}

#[test]
fn names_are_data() {
    let groups = [
        "a b",
        "$(touch pwned)",
        "`touch pwned`",
        "'; touch pwned; '",
        "\"; touch pwned #",
        "*",
        "?",
        "[a-z]",
        "$PATH",
        "$(PATH)",
        "$$",
        "\\",
        "~",
        "#",
        "a&b|c;d",
        "ü",
        "!x",
        "{a,b}",
        "=",
        "--help",
    ];
    for group in groups {
        let (folder, tree) = writes(&[file(group, "Key", b"v")]);
        let mut expected: Vec<_> = embedded_files(group, "", "Key")
            .map(|(path, aliases, _)| [vec![path], aliases].concat())
            .unwrap()
            .iter()
            .map(|path| path.relative().to_owned())
            .collect();
        expected.sort();
        assert_eq!(tree.keys().cloned().collect::<Vec<_>>(), expected, "{group}");
        assert!(!Path::new("/pwned").exists() && !folder.path().join("volume/pwned").exists());
    }
}

#[test]
fn further_paths_are_links_to_one_file() {
    let (folder, tree) = writes(&[file("Team-A", "DB_Password", b"v")]);
    assert_eq!(tree.len(), 5);
    let inodes: Vec<_> =
        tree.keys().map(|path| fs::metadata(folder.path().join("volume").join(path)).unwrap().ino()).collect();
    assert!(inodes.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_file_has_as_few_readers_as_the_pod_lets_us_know() {
    for (context, mode) in [(json!({}), 0o444), (json!({"fsGroup": 1}), 0o440), (json!({"runAsUser": 1000}), 0o400)] {
        let folder = tempfile::tempdir().unwrap();
        assert!(run(&container(&[file("g", "k", b"v")], context), folder.path(), &[]).status.success());
        let permissions = |path: &str| fs::metadata(folder.path().join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((permissions("volume/k"), permissions("volume/g")), (mode, 0o755));
    }
}

#[track_caller]
fn fails(container: &Value, folder: &Path, extra: &[(&str, &str)], message: &str) {
    let output = run(container, folder, extra);
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains(message), "{stderr}");
    assert!(!stderr.contains("czNjcmV0") && !stderr.contains("s3cret"), "{stderr}");
}

#[test]
fn any_fault_fails_the_pod_and_says_why() {
    let container = container(&[file("", "k", b"s3cret")], json!({}));
    let folder = tempfile::tempdir().unwrap();
    fails(&container, folder.path(), &[("FSW_CONTENT_0", "!")], "secret files: file 0");
    fails(&container, folder.path(), &[("FSW_CONTENT_0", "czNjcmV0aA==")], "secret files: file 0 is incomplete");
    fails(&container, folder.path(), &[("FSW_FILES", "2")], "FSW_SIZE_1");
    fails(&container, folder.path(), &[("FSW_FILES", "x")], "secret files: only 0 of");
    fails(&container, folder.path(), &[("FSW_MODE", "9")], "secret files: file 0 cannot be given the mode 9");
    fails(&container, folder.path(), &[("FSW_PATHS_0", "")], "secret files: file 0 has no path");
    fails(&container, folder.path(), &[("FLYTE_SECRETS_DEFAULT_DIR", "/nowhere")], "cannot enter /nowhere");
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("volume/k/d")).unwrap();
    fails(&container, folder.path(), &[], "secret files: ./k is a directory");
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_kubelet_gives_back_every_value(value in "(\\$|\\(|\\)|[A-C]|\\PC){0,20}", earlier in "\\PC{0,5}") {
            let container = json!({"env": [variable("A", &earlier), variable("VALUE", &value)]});
            let environment = fsw_testkit::environment(&container);
            prop_assert_eq!(&environment[1].1, &value);
        }
    }
}
