//! Putting it into the pod.

use fsw_embedded::writer;
use fsw_naming::{SECRETS_DIRECTORY, tells_where_secrets_lie};
use fsw_pod::{Place, PodEditor, size};
use serde_json::{Value, json};

use super::gather::{Files, Variables};
use super::{Injection, LARGEST_POD};
use crate::record::{RECORD_ANNOTATION, record};
use crate::{InitContainerPosition, Injected, Refusal, Served, taken};

impl Injection<'_> {
    pub(super) fn edit(
        mut self,
        mut pod: PodEditor,
        variables: Variables,
        files: &Files,
        served: Vec<Served>,
    ) -> Result<Injected, Refusal> {
        let has_room = self.has_room_for_aliases(&pod, &variables, files)?;
        let Variables { needed: mut all, aliases, .. } = variables;
        all.extend(aliases.into_iter().filter(|_| has_room));
        let injected = if files.is_empty() { Vec::new() } else { self.put_files(&mut pod, &all, files)? };
        let mut readers = self.readers(&pod, &injected).into_iter().peekable();
        while let Some((place, container)) = readers.next() {
            let variables = if readers.peek().is_some() { all.clone() } else { std::mem::take(&mut all) };
            self.put_variables(&mut pod, place, &container, variables);
        }
        if !served.is_empty() {
            pod.set_annotation(RECORD_ANNOTATION, &record(&served));
        }
        if !pod.patch().is_empty() && pod.size() > LARGEST_POD {
            return Err(self.too_large(pod.size()));
        }
        Ok(Injected { pod, warnings: self.warnings, served })
    }

    /// Whether the pod would not grow too large with the further names. Refuses before anything is built what could not
    /// fit even without them.
    fn has_room_for_aliases(&mut self, pod: &PodEditor, variables: &Variables, files: &Files) -> Result<bool, Refusal> {
        let length = |list: &[Value]| list.iter().map(|variable| size(variable) + 1).sum::<usize>();
        let written: usize = files.written.iter().map(|file| file.content.bytes().len() / 3 * 4).sum();
        let injected = files.pulled.len() + usize::from(!files.written.is_empty());
        let containers = self.readers(pod, &[]).len();
        let least = length(&variables.needed).saturating_mul(containers).saturating_add(written);
        if least > LARGEST_POD {
            return Err(self.too_large(least));
        }
        let all = (length(&variables.needed) + length(&variables.aliases)) * (containers + injected) + written;
        // The margin is for what injected containers have besides: names, mounts, the script.
        let fits = variables.aliases_fit && pod.size() + all + 4096 * (injected + 1) <= LARGEST_POD;
        if variables.aliases.is_empty() || fits {
            return Ok(true);
        }
        let names: Vec<_> = variables.aliases.iter().filter_map(|variable| variable["name"].as_str()).collect();
        self.warnings.push(format!("the pod would be too large with further names: {} left out", names.join(", ")));
        Ok(false)
    }

    /// The containers that see the secrets: all but the excluded ones and those that we inject.
    fn readers(&self, pod: &PodEditor, injected: &[String]) -> Vec<(Place, String)> {
        let containers = pod.containers();
        let is_reader = |name: &str| !self.settings.is_excluded(name) && !injected.iter().any(|other| other == name);
        let readers = containers.iter().filter(|container| is_reader(container.name()));
        readers.map(|container| (container.place, container.name().to_owned())).collect()
    }

    /// Puts volume, init containers and mounts in; gives the names of the init containers.
    fn put_files(&mut self, pod: &mut PodEditor, variables: &[Value], files: &Files) -> Result<Vec<String>, Refusal> {
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
                    "the pod has no AWS identity of its own (IRSA or Pod Identity) yet; unless a later webhook adds one, its secrets are pulled with the node's role, so annotate its service account"
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
        pullers.extend(writer.map(str::to_owned));
        for (place, _) in self.readers(pod, &pullers) {
            pod.mount(place, mount.clone());
        }
        Ok(pullers)
    }

    fn put_variables(&mut self, pod: &mut PodEditor, place: Place, container: &str, variables: Vec<Value>) {
        let replaced = pod.set_variables(place, variables);
        // These tell flytekit where to look; the pod's own could only be left over.
        for name in replaced.iter().filter(|name| !tells_where_secrets_lie(name)) {
            self.warnings.push(format!("variable {name} of container {container:?} is replaced by a secret"));
        }
    }
}
