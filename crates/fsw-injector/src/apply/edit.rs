//! Putting it into the pod.

use fsw_embedded::writer;
use fsw_naming::SECRETS_DIRECTORY;
use fsw_pod::PodEditor;
use serde_json::{Value, json};

use super::Injection;
use super::gather::{Files, Variables};
use crate::record::{RECORD_ANNOTATION, record};
use crate::{InitContainerPosition, Injected, Refusal, Served, taken};

/// The largest pod that comes out, in bytes of JSON. etcd takes about 1.5 MiB; the rest is for those after us.
const LARGEST_POD: usize = 1024 * 1024;

impl Injection<'_> {
    pub(super) fn edit(
        mut self,
        mut pod: PodEditor,
        variables: &Variables,
        files: &Files,
        served: Vec<Served>,
    ) -> Result<Injected, Refusal> {
        let variables = self.within_limit(&pod, variables, files);
        if !files.is_empty() {
            self.put_files(&mut pod, &variables, files)?;
        }
        self.put_variables(&mut pod, &variables);
        if !served.is_empty() {
            pod.set_annotation(RECORD_ANNOTATION, &record(&served));
        }
        let size = if pod.patch().is_empty() { 0 } else { pod.size() };
        if size > LARGEST_POD {
            let text = format!(
                "the pod would have {size} bytes with its secrets; at most {LARGEST_POD} fit into the cluster's store, so ask for fewer or smaller secrets, or let fewer containers have them (secretsWebhook.excludeContainers)"
            );
            return Err(self.refuse(0, &text));
        }
        Ok(Injected { pod, warnings: self.warnings, served })
    }

    /// All variables, without the further names where the pod would grow too large with them.
    fn within_limit(&mut self, pod: &PodEditor, variables: &Variables, files: &Files) -> Vec<Value> {
        let length = |list: &[Value]| list.iter().map(|variable| variable.to_string().len() + 1).sum::<usize>();
        let written: usize = files.written.iter().map(|file| file.content.bytes().len() / 3 * 4).sum();
        let injected = files.pulled.len() + usize::from(!files.written.is_empty());
        let containers = pod.containers().len() + injected;
        let all = (length(&variables.needed) + length(&variables.aliases)) * containers + written;
        let mut list = variables.needed.clone();
        // The margin is for what injected containers have besides: names, mounts, the script.
        if variables.aliases.is_empty() || pod.size() + all + 4096 * (injected + 1) <= LARGEST_POD {
            list.extend(variables.aliases.iter().cloned());
        } else {
            let names: Vec<_> = variables.aliases.iter().filter_map(|variable| variable["name"].as_str()).collect();
            self.warnings.push(format!("the pod would be too large with further names: {} left out", names.join(", ")));
        }
        list
    }

    fn put_files(&mut self, pod: &mut PodEditor, variables: &[Value], files: &Files) -> Result<(), Refusal> {
        let volume = files.volume();
        let mut injected: Vec<(InitContainerPosition, Value)> = Vec::new();
        let position = |default| self.settings.init_container_position.unwrap_or(default);
        let mut writer = None;
        if let (Some(settings), false) = (self.settings.embedded(), files.written.is_empty()) {
            let container = writer::container(&files.written, volume, variables, pod, &settings.writer);
            injected.push((position(InitContainerPosition::First), container));
            writer = Some(settings.writer.container_name.as_str());
        }
        let name_of = |container: &Value| container["name"].as_str().unwrap_or_default().to_owned();
        let mut pullers = Vec::new();
        if let (Some(settings), false) = (self.settings.sidecar(), files.pulled.is_empty()) {
            for container in fsw_sidecar::containers(&files.pulled, volume, variables, pod, settings) {
                pullers.push(name_of(&container));
                injected.push((position(InitContainerPosition::Last), container));
            }
            if !fsw_sidecar::has_identity(pod) {
                self.warnings.push(
                    "the pod has no AWS identity of its own (IRSA or Pod Identity), so its secrets are pulled with the node's role; annotate its service account"
                        .to_owned(),
                );
            }
        }
        let present =
            taken::find(pod, &pullers, writer, volume, self.settings).map_err(|text| self.refuse(0, &text))?;
        if !present.volume {
            pod.append_volume(taken::volume(volume));
        }
        // First changes in place, then insertions, which move what is behind them.
        let mut first = 0;
        for (_, container) in &injected {
            if let Some(place) = present.place(&name_of(container)) {
                pod.update_container(place, container);
            }
        }
        for (position, container) in injected {
            if present.place(&name_of(&container)).is_none() {
                let last = pod.pod()["spec"]["initContainers"].as_array().map_or(0, Vec::len);
                let index = if position == InitContainerPosition::First { first } else { last };
                first += usize::from(position == InitContainerPosition::First);
                pod.insert_init_container(index, container);
            }
        }
        let mount = json!({"name": volume, "mountPath": SECRETS_DIRECTORY, "readOnly": true});
        let readers: Vec<_> = pod
            .containers()
            .iter()
            .filter(|container| !self.settings.is_excluded(container.name()))
            .filter(|container| writer != Some(container.name()))
            .filter(|container| !pullers.iter().any(|puller| puller == container.name()))
            .map(|container| container.place)
            .collect();
        for place in readers {
            pod.mount(place, mount.clone());
        }
        Ok(())
    }

    fn put_variables(&mut self, pod: &mut PodEditor, variables: &[Value]) {
        let containers: Vec<_> = pod
            .containers()
            .iter()
            .filter(|container| !self.settings.is_excluded(container.name()))
            .map(|container| (container.place, container.name().to_owned()))
            .collect();
        for (place, container) in containers {
            let replaced = pod.set_variables(place, variables);
            // These tell flytekit where to look; the pod's own could only be left over.
            for name in replaced.iter().filter(|name| !name.starts_with("FLYTE_SECRETS_")) {
                self.warnings.push(format!("variable {name} of container {container:?} is replaced by a secret"));
            }
        }
    }
}
