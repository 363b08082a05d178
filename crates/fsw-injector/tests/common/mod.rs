//! What the tests of this crate share.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of it, and may panic"
)]

use fsw_injector::{Injected, Manager, Refusal, Settings, inject};
use fsw_naming::{IdForm, SecretId, Version};
use fsw_pod::Pod;
use fsw_request::{Mount, SecretRequest, encode};
use fsw_source::{Answer, FileStore, SecretSource, SourceError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tokio::task::yield_now;

pub fn sidecar() -> Manager {
    sidecar_of(fsw_sidecar::Contract::Aws)
}

pub fn sidecar_of(contract: fsw_sidecar::Contract) -> Manager {
    Manager::Sidecar(fsw_sidecar::Settings {
        contract,
        any_text_is_stage: false,
        image: "docker.io/amazon/aws-secrets-manager-secret-sidecar:v0.1.4".into(),
        resources: resources("200m", "500Mi"),
        security_overrides: Map::new(),
    })
}

pub fn embedded() -> Manager {
    Manager::Embedded(fsw_embedded::Settings {
        forms: vec![IdForm::Documented, IdForm::Padded],
        on_access_denied: fsw_embedded::OnAccessDenied::Stop,
        depth: fsw_embedded::Depth::Sequential,
        any_text_is_stage: false,
        variable_prefix: "_UNION_".into(),
        variable_aliases: true,
        writer: fsw_embedded::writer::Settings {
            image: "public.ecr.aws/docker/library/busybox:latest".into(),
            resources: resources("100m", "100Mi"),
            container_name: "init-embedded-secret".into(),
            security_overrides: Map::new(),
        },
    })
}

fn resources(cpu: &str, memory: &str) -> Value {
    let amounts = json!({"cpu": cpu, "memory": memory});
    json!({"requests": amounts, "limits": amounts})
}

pub fn settings(managers: Vec<Manager>) -> Settings {
    Settings { managers, default_organization: None, exclude_containers: Vec::new(), init_container_position: None }
}

pub fn request(group: &str, key: &str, mount: Mount, env_var: &str) -> SecretRequest {
    SecretRequest { group: group.into(), key: key.into(), mount, env_var: env_var.into(), ..SecretRequest::default() }
}

/// A pod in organization `o`, domain `d`, project `p`, that asks for these secrets.
pub fn pod(requests: &[SecretRequest], spec: Value) -> Value {
    let annotations: Map<String, Value> = requests
        .iter()
        .enumerate()
        .map(|(index, request)| (format!("flyte.secrets/s{index}"), encode(request).into()))
        .collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "pod", "labels": {"organization": "o", "domain": "d", "project": "p"}, "annotations": annotations},
        "spec": spec,
    })
}

pub fn one_container() -> Value {
    json!({"containers": [{"name": "main", "image": "i"}]})
}

/// A store of project secrets of [`pod`]'s scope.
pub fn store(secrets: &[(&str, &str)]) -> FileStore {
    let secrets: Map<String, Value> = secrets
        .iter()
        .map(|(key, value)| (format!("u__org__o__domain__d__project__p__key__{key}"), (*value).into()))
        .collect();
    store_of(&Value::Object(secrets))
}

pub fn store_of(secrets: &Value) -> FileStore {
    // JSON is YAML.
    FileStore::from_yaml("secrets.yaml", &secrets.to_string()).unwrap()
}

/// Answers later, so that the pod has to wait.
struct Slow(FileStore);

impl SecretSource for Slow {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            yield_now().await;
            self.0.get(id, version).await
        }
        .boxed()
    }

    fn place(&self) -> &str {
        self.0.place()
    }
}

/// Injects and checks what holds for every injection: the patch leads to the pod, and injecting again changes nothing.
pub async fn run(pod: &Value, settings: &Settings, store: &FileStore) -> Result<Injected, Refusal> {
    let injected = inject(pod.clone(), settings, store).await?;
    let patch = injected.pod.patch().to_json();
    assert_eq!(&fsw_testkit::apply(pod, &patch), injected.pod.pod(), "the patch does not lead to the pod");
    let outline = Pod::outline(&pod.to_string()).unwrap();
    let of_outline = inject(outline.clone(), settings, store).await?.pod;
    assert_eq!(of_outline.patch().to_json(), patch, "an outline of the pod gives another patch");
    assert_eq!(of_outline.size(), injected.pod.pod().to_string().len(), "the size of the pod is lost on the way");
    let later = inject(outline, settings, &Slow(store.clone())).await?.pod;
    assert_eq!(later.patch().to_json(), patch, "an outline of a pod that had to wait gives another patch");
    let same = inject(pod.clone(), settings, store).await?;
    assert_eq!(same.pod.patch().to_json(), patch, "the same pod gives another patch");
    let again = inject(injected.pod.pod().clone(), settings, store).await?;
    assert!(
        again.pod.patch().is_empty(),
        "a second injection changes {}",
        String::from_utf8_lossy(&again.pod.patch().to_json())
    );
    Ok(injected)
}

pub fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("no {name} in {list}"))
}
