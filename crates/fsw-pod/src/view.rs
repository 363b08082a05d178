use serde_json::Value;

/// One of the three lists of containers in a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerList {
    /// `initContainers`, native sidecars among them.
    Init,
    /// `containers`.
    Main,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl ContainerList {
    pub(crate) const ALL: [Self; 3] = [Self::Init, Self::Main, Self::Ephemeral];

    /// The field of a pod's `spec`.
    pub fn field(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Main => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

/// Where a container stands. Inserting an init container moves those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The list.
    pub list: ContainerList,
    /// The zero-based position in it.
    pub index: usize,
}

impl Place {
    pub(crate) fn pointer(self) -> String {
        format!("/spec/{}/{}", self.list.field(), self.index)
    }
}

/// A container of the pod, for reading.
#[derive(Clone, Copy)]
pub struct ContainerView<'a> {
    /// Where it stands.
    pub place: Place,
    /// The container's JSON.
    pub json: &'a Value,
}

impl<'a> ContainerView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        self.json["name"].as_str().unwrap_or_default()
    }

    /// Its environment variables.
    pub fn variables(&self) -> &'a [Value] {
        items(&self.json["env"])
    }

    /// A variable by name; the last one wins, as in the kubelet.
    pub fn variable(&self, name: &str) -> Option<&'a Value> {
        self.variables().iter().rev().find(|variable| variable["name"] == name)
    }

    /// Its volume mounts.
    pub fn mounts(&self) -> &'a [Value] {
        items(&self.json["volumeMounts"])
    }
}

/// The items of a list; a field that is absent or null is an empty one.
pub(crate) fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
