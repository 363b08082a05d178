//! Reading the pod that is probed.

use std::io::Read;
use std::path::Path;

use anyhow::{Context as _, bail};
use fsw_naming::Scope;
use fsw_pod::PodEditor;
use fsw_request::{Annotated, SecretRequest};
use serde_json::{Value, json};

use crate::args::SecretArgs;

/// A pod in YAML or JSON; an AdmissionReview stands for the pod in it, a pod template for the pods made of it.
pub(crate) fn read(path: &Path) -> anyhow::Result<Value> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    let value: Value = match serde_json::from_str(&text) {
        Ok(json) => json,
        Err(_) => serde_saphyr::from_str(&text)
            .map_err(|error| match error.location() {
                Some(place) => anyhow::anyhow!("not YAML at line {}, column {}", place.line(), place.column()),
                None => anyhow::anyhow!("not YAML"),
            })
            .with_context(|| format!("cannot read {}", path.display()))?,
    };
    pod_in(value).with_context(|| format!("there is no pod in {}", path.display()))
}

fn pod_in(mut value: Value) -> anyhow::Result<Value> {
    match value["kind"].as_str() {
        Some("Pod") | None if value["spec"].is_object() => Ok(value),
        Some("AdmissionReview") if value["request"]["object"]["spec"].is_object() => {
            Ok(value["request"]["object"].take())
        }
        Some("List") => match value["items"].as_array_mut().map(std::mem::take).unwrap_or_default() {
            mut items if items.len() == 1 => pod_in(items.remove(0)),
            items => bail!("the list holds {} items; give one pod", items.len()),
        },
        _ if value["spec"]["template"]["spec"].is_object() => Ok(value["spec"]["template"].take()),
        Some(kind) => bail!("it is a {kind}; expected a Pod, a List of one Pod, or an AdmissionReview"),
        None => bail!("it has no kind and no spec"),
    }
}

/// The pod that the arguments name, or one that asks for the secret that they name.
pub(crate) fn read_or_make(args: &SecretArgs, group_version: &str) -> anyhow::Result<Value> {
    if let Some(path) = &args.pod {
        return read(path);
    }
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let request = SecretRequest {
        key: text(&args.key).into_bytes(),
        group_version: group_version.into(),
        ..SecretRequest::default()
    };
    let mut labels = json!({"domain": text(&args.domain), "project": text(&args.project)});
    if let Some(organization) = &args.org {
        labels["organization"] = organization.as_str().into();
    }
    let annotation = fsw_request::encode(&request);
    Ok(json!({
        "metadata": {"labels": labels, "annotations": {"flyte.secrets/s0": annotation}},
        "spec": {"containers": []},
    }))
}

/// A pod as the injector takes it.
pub(crate) fn editor(pod: Value) -> anyhow::Result<PodEditor> {
    Ok(PodEditor::new(pod)?)
}

/// The requests of a pod.
pub(crate) fn requests(pod: &PodEditor) -> anyhow::Result<Vec<Annotated>> {
    let found = fsw_request::from_annotations(pod.annotations())?;
    for name in &found.ignored {
        crate::setup::warn(format_args!("annotation {name} is no secret request"));
    }
    Ok(found.requests)
}

/// Where a pod runs.
pub(crate) fn scope(pod: &PodEditor, default_organization: Option<&str>) -> anyhow::Result<Scope> {
    Ok(Scope::from_labels(|name| pod.label(name), default_organization)?)
}
