//! Places in the pod that an injection needs and that may be in use.

use fsw_naming::SECRETS_DIRECTORY;
use fsw_pod::{ContainerList, ContainerView, Place, PodEditor};
use serde_json::{Value, json};

use crate::Settings;

/// The volumes that injected containers may have.
const VOLUMES: [&str; 2] = [fsw_sidecar::VOLUME, fsw_embedded::writer::VOLUME];

/// What an earlier injection left in the pod.
pub(crate) struct Present {
    /// Injected containers, by name.
    containers: Vec<(String, Place)>,
    /// Whether the volume is there.
    pub(crate) volume: bool,
}

impl Present {
    pub(crate) fn place(&self, container: &str) -> Option<Place> {
        self.containers.iter().find(|(name, _)| name == container).map(|(_, place)| *place)
    }
}

/// Finds what an earlier injection left. The error is a sentence that names what is in the way.
pub(crate) fn find(
    pod: &PodEditor,
    pullers: &[String],
    writer: Option<&str>,
    volume: &str,
    settings: &Settings,
) -> Result<Present, String> {
    let mut containers = Vec::new();
    let mut volume_is_ours = false;
    for container in pod.containers() {
        let name = container.name();
        let is_ours = if writer == Some(name) {
            fsw_embedded::writer::is_ours(&container, &VOLUMES)
        } else if pullers.iter().any(|puller| puller == name) {
            fsw_sidecar::is_ours(&container, &VOLUMES)
        } else {
            check_mounts(&container, volume, settings)?;
            continue;
        };
        if !is_ours || container.place.list != ContainerList::Init {
            return Err(format!("container {name:?} of the pod has the name of a container to inject; rename it"));
        }
        volume_is_ours |= container.mounts().iter().any(|mount| mount["name"] == volume);
        containers.push((name.to_owned(), container.place));
    }
    let volume = match pod.volume(volume) {
        None => false,
        Some(present) if volume_is_ours && is_memory(present) => true,
        Some(_) => return Err(format!("volume {volume:?} of the pod has the name of the volume to inject; rename it")),
    };
    Ok(Present { containers, volume })
}

/// The directory of the secrets belongs to the injected volume alone.
fn check_mounts(container: &ContainerView<'_>, volume: &str, settings: &Settings) -> Result<(), String> {
    if settings.is_excluded(container.name()) {
        return Ok(());
    }
    let in_the_way = |mount: &&Value| mount["name"] != volume && mount["mountPath"].as_str().is_some_and(is_below);
    match container.mounts().iter().find(in_the_way) {
        None => Ok(()),
        Some(mount) => Err(format!(
            "container {:?} mounts volume {} at {}, where secret files go; mount it elsewhere",
            container.name(),
            mount["name"],
            mount["mountPath"],
        )),
    }
}

/// Whether a mount path is the directory of the secrets or below it, however it is spelt.
fn is_below(path: &str) -> bool {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let directory: Vec<_> = SECRETS_DIRECTORY.split('/').filter(|segment| !segment.is_empty()).collect();
    segments.starts_with(&directory)
}

/// The volume to inject.
pub(crate) fn volume(name: &str) -> Value {
    json!({"name": name, "emptyDir": {"medium": "Memory"}})
}

fn is_memory(volume: &Value) -> bool {
    volume["emptyDir"]["medium"] == "Memory"
}
