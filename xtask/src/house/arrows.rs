//! Which crate may use which, and what the pure ones may use of others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Metadata, Package};

/// The arrows of docs/ARCHITECTURE.md: what each crate may use of this workspace.
const ARROWS: &[(&str, &[&str])] = &[
    ("fsw-naming", &[]),
    ("fsw-request", &[]),
    ("fsw-pod", &[]),
    ("fsw-source", &["fsw-naming"]),
    ("fsw-sidecar", &["fsw-naming", "fsw-pod", "fsw-request"]),
    ("fsw-embedded", &["fsw-naming", "fsw-pod", "fsw-request", "fsw-source"]),
    ("fsw-injector", &["fsw-embedded", "fsw-naming", "fsw-pod", "fsw-request", "fsw-sidecar", "fsw-source"]),
    ("fsw-aws", &["fsw-naming", "fsw-source"]),
    ("fsw-cache", &["fsw-source"]),
    ("fsw-config", &[]),
    ("fsw-admission", &["fsw-pod"]),
    ("fsw-server", &[]),
    ("fsw-cluster", &[]),
    (
        "fsw-app",
        &[
            "fsw-admission",
            "fsw-aws",
            "fsw-cache",
            "fsw-config",
            "fsw-embedded",
            "fsw-injector",
            "fsw-naming",
            "fsw-pod",
            "fsw-sidecar",
            "fsw-source",
        ],
    ),
    ("fsw-aws-emulator", &[]),
    ("fsw-bench", &["fsw-request"]),
    ("fsw-testkit", &[]),
    ("fsw-e2e", &["fsw-cluster", "fsw-request", "fsw-server", "fsw-testkit"]),
    ("webhook", &["fsw-app", "fsw-cluster", "fsw-config", "fsw-server"]),
    ("secrets-fetch", &["fsw-aws", "fsw-embedded", "fsw-naming", "fsw-sidecar", "fsw-source"]),
    (
        "secrets-probe",
        &[
            "fsw-admission",
            "fsw-app",
            "fsw-config",
            "fsw-embedded",
            "fsw-injector",
            "fsw-naming",
            "fsw-pod",
            "fsw-request",
            "fsw-source",
        ],
    ),
    ("xtask", &["fsw-request", "fsw-testkit"]),
];

/// These know no runtime, clock, environment, file or socket, so their foreign dependencies are listed one by one.
const PURE: &[(&str, &[&str])] = &[
    ("fsw-naming", &["thiserror"]),
    ("fsw-request", &["data-encoding", "thiserror"]),
    ("fsw-pod", &["serde", "serde_json", "thiserror"]),
    ("fsw-sidecar", &["serde", "serde_json", "thiserror"]),
    ("fsw-embedded", &["data-encoding", "futures-util", "serde_json", "thiserror"]),
    ("fsw-injector", &["futures-util", "serde", "serde_json"]),
];

/// Arrows that are missing or too many, in sentences.
pub(super) fn faults(metadata: &Metadata) -> Vec<String> {
    let ours: BTreeMap<_, _> =
        metadata.packages.iter().filter(|p| p.source.is_none()).map(|p| (p.name.as_str(), p)).collect();
    let drawn: BTreeSet<_> = ARROWS.iter().map(|(name, _)| *name).collect();
    let mut faults: Vec<_> = ours
        .keys()
        .filter(|name| !drawn.contains(*name))
        .map(|name| format!("{name} is not drawn; say what it may use"))
        .collect();
    let mut compare = |name: &str, allowed: &[&str], is_meant: &dyn Fn(&str) -> bool| match ours.get(name) {
        None => faults.push(format!("{name} is drawn and does not exist")),
        Some(package) => {
            let used: BTreeSet<_> = dependencies(package).filter(|used| is_meant(used)).collect();
            let allowed: BTreeSet<_> = allowed.iter().copied().collect();
            faults.extend(used.difference(&allowed).map(|used| format!("{name} may not use {used}")));
            faults.extend(allowed.difference(&used).map(|unused| format!("{name} does not use {unused} any more")));
        }
    };
    ARROWS.iter().for_each(|(name, allowed)| compare(name, allowed, &|used| ours.contains_key(used)));
    PURE.iter().for_each(|(name, allowed)| compare(name, allowed, &|used| !ours.contains_key(used)));
    faults
}

/// What a crate depends on outside its tests.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind.is_none())
        .map(|dependency| dependency.name.as_str())
}
