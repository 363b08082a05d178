//! Test data and helpers of the whole workspace: recorded AdmissionReviews, vectors measured on Flyte's own webhook.
//!
//! Development only: a broken file here is a broken test, so these functions panic.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

pub mod https;
pub mod say;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A recorded request of a real API server.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The file's name without `.json`.
    pub name: String,
    /// The body as it was sent.
    pub body: Vec<u8>,
}

impl Recording {
    /// The body, parsed.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The pod in the request.
    pub fn pod(&self) -> Value {
        self.json()["request"]["object"].take()
    }
}

/// All recorded AdmissionReviews, by name.
pub fn recordings() -> Vec<Recording> {
    let mut recordings: Vec<_> = std::fs::read_dir(folder("reviews"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| Recording {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            body: std::fs::read(&path).unwrap(),
        })
        .collect();
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    recordings
}

/// One recorded AdmissionReview.
pub fn recording(name: &str) -> Recording {
    let path = folder("reviews").join(format!("{name}.json"));
    Recording { name: name.to_owned(), body: std::fs::read(path).unwrap() }
}

/// What Flyte's own libraries decide about annotation values.
#[derive(Debug, Deserialize)]
pub struct AnnotationVectors {
    /// Base32 values.
    pub base32_decode: Vec<Base32Vector>,
    /// Protobuf texts.
    pub textproto: Vec<TextVector>,
}

/// One base32 value.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base32Vector {
    /// The annotation's value.
    pub r#in: String,
    /// Whether Flyte accepts it.
    pub ok: bool,
    /// The decoded bytes in base64.
    #[serde(rename = "outB64")]
    pub out_base64: String,
}

/// One protobuf text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextVector {
    /// The text, lossy where it is not UTF-8.
    pub text: String,
    /// The annotation's value.
    pub annotation_value: String,
    /// Whether Flyte accepts it.
    pub ok: bool,
    /// The fields that Flyte reads.
    pub group: String,
    /// See `group`.
    pub group_version: String,
    /// See `group`; base64.
    #[serde(rename = "keyB64")]
    pub key_base64: String,
    /// See `group`.
    pub mount_requirement: i32,
    /// See `group`.
    pub env_var: String,
}

/// The vectors of annotation values.
pub fn annotation_vectors() -> AnnotationVectors {
    read("conformance/annotations.json")
}

/// A whole mutation as Flyte's own webhook did it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodVector {
    /// What it shows.
    pub name: String,
    /// The configured managers.
    pub secret_manager_types: Vec<String>,
    /// The configured prefix.
    pub secret_env_var_prefix: String,
    /// What AWS holds: id to `{"string": …}` or `{"binary": base64}`.
    #[serde(default)]
    pub backend: Option<Value>,
    /// The ids that Flyte looked up.
    #[serde(default)]
    pub lookups_in_order: Option<Vec<String>>,
    /// The pod without its requests.
    pub pod_in: Value,
    /// The requests, in order.
    pub steps: Vec<PodVectorStep>,
    /// The pod as Flyte made it; none when refused.
    pub pod_out: Option<Value>,
}

/// One request of a [`PodVector`].
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodVectorStep {
    /// The value of the annotation.
    pub annotation_value: String,
    /// Whether Flyte's webhook took it.
    pub allowed: bool,
    /// Flyte's message when it did not.
    #[serde(default)]
    pub message: Option<String>,
}

impl PodVector {
    /// The pod with its requests as annotations.
    pub fn pod(&self) -> Value {
        let mut pod = self.pod_in.clone();
        for (index, step) in self.steps.iter().enumerate() {
            pod["metadata"]["annotations"][format!("flyte.secrets/s{index}")] = step.annotation_value.clone().into();
        }
        pod
    }
}

/// The whole mutations.
pub fn pod_vectors() -> Vec<PodVector> {
    read("conformance/pods.json")
}

/// Applies an RFC 6902 patch, given as JSON text, with the library that is the oracle of all patch tests.
#[track_caller]
pub fn apply(pod: &Value, patch: &[u8]) -> Value {
    let patch: json_patch::Patch = serde_json::from_slice(patch).unwrap();
    let mut patched = pod.clone();
    json_patch::patch(&mut patched, &patch).unwrap();
    patched
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&std::fs::read(folder(name)).unwrap()).unwrap()
}

/// The environment that a container's process gets, as the kubelet makes it out of the container's `env`: `$(NAME)` is
/// replaced by an earlier variable, `$$` is a `$`, and what does not resolve stays (`third_party/forked/golang/expansion`
/// in Kubernetes). Variables with `valueFrom` are left out.
pub fn environment(container: &Value) -> Vec<(String, String)> {
    let mut environment: Vec<(String, String)> = Vec::new();
    for variable in container["env"].as_array().into_iter().flatten() {
        if variable.get("valueFrom").is_some() {
            continue;
        }
        let name = variable["name"].as_str().unwrap().to_owned();
        let value = expand(variable["value"].as_str().unwrap_or_default(), &environment);
        environment.retain(|(other, _)| *other != name);
        environment.push((name, value));
    }
    environment
}

fn expand(text: &str, environment: &[(String, String)]) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = behind;
        } else if let Some((name, behind)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match environment.iter().find(|(other, _)| other == name) {
                Some((_, value)) => expanded.push_str(value),
                None => expanded.push_str(&format!("$({name})")),
            }
            rest = behind;
        } else {
            expanded.push('$');
        }
    }
    expanded + rest
}

/// The files that an injected pod's writer will write: path below the secrets' directory, text.
pub fn written(pod: &Value) -> Vec<(String, String)> {
    let init_containers = pod["spec"]["initContainers"].as_array().into_iter().flatten();
    let mut files = Vec::new();
    for writer in init_containers.filter(|container| container["name"] == "init-embedded-secret") {
        let environment = environment(writer);
        let value = |name: String| &environment.iter().find(|(other, _)| *other == name).unwrap().1;
        for n in 0..value("FSW_FILES".to_owned()).parse::<usize>().unwrap() {
            let content = BASE64.decode(value(format!("FSW_CONTENT_{n}")).as_bytes()).unwrap();
            for path in value(format!("FSW_PATHS_{n}")).lines() {
                files.push((path.to_owned(), String::from_utf8(content.clone()).unwrap()));
            }
        }
    }
    files
}

/// Every file below a folder, by its relative path, with its bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A folder with nothing but busybox's commands, for a `PATH`; from the package `busybox-static`.
pub fn busybox(folder: &Path) -> PathBuf {
    let bin = folder.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().find(|path| Path::new(path).exists());
    let busybox = busybox.expect("no busybox; `cargo xtask ci` installs the package busybox-static");
    let status = std::process::Command::new(busybox).arg("--install").arg("-s").arg(&bin).status().unwrap();
    assert!(status.success(), "busybox --install");
    bin
}
