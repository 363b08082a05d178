/// How pods are changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The managers, in the order in which they are tried for each request.
    pub managers: Vec<Manager>,
    /// What stands in for a missing label `organization`.
    pub default_organization: Option<String>,
    /// The names of containers that are left alone.
    pub exclude_containers: Vec<String>,
    /// Where injected init containers stand; none for each manager's own place.
    pub init_container_position: Option<InitContainerPosition>,
}

/// A way to serve a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Manager {
    /// One init container per secret.
    Sidecar(fsw_sidecar::Settings),
    /// The webhook reads the secret.
    Embedded(fsw_embedded::Settings),
}

impl Manager {
    /// As the configuration calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sidecar(_) => "AWS",
            Self::Embedded(_) => "Embedded",
        }
    }
}

/// Where injected init containers stand among those of the pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitContainerPosition {
    /// Before all others.
    First,
    /// After all others.
    Last,
}

impl Settings {
    pub(crate) fn sidecar(&self) -> Option<&fsw_sidecar::Settings> {
        self.managers.iter().find_map(|manager| match manager {
            Manager::Sidecar(settings) => Some(settings),
            Manager::Embedded(_) => None,
        })
    }

    pub(crate) fn embedded(&self) -> Option<&fsw_embedded::Settings> {
        self.managers.iter().find_map(|manager| match manager {
            Manager::Embedded(settings) => Some(settings),
            Manager::Sidecar(_) => None,
        })
    }

    pub(crate) fn is_excluded(&self, container: &str) -> bool {
        self.exclude_containers.iter().any(|excluded| excluded == container)
    }
}
