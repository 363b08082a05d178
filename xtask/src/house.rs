//! The house rules that a machine can check: which crate may depend on which, and which dependencies are welcome.

mod arrows;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use xshell::{Shell, cmd};

/// The part of `deny.toml` that is checked here.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    license: Option<String>,
    source: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
}

/// Checks all dependencies against `deny.toml` and the drawn arrows.
pub(crate) fn check(shell: &Shell) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let deny: Deny = toml::from_str(&shell.read_file(root.join("deny.toml"))?).context("cannot read deny.toml")?;
    let metadata = metadata(shell)?;
    let mut faults = licences(&metadata, &deny.licenses.allow);
    faults.extend(bans(shell, &deny.bans.deny)?);
    faults.extend(arrows::faults(&metadata));
    if faults.is_empty() { Ok(()) } else { bail!("against the rules of the house:\n  {}", faults.join("\n  ")) }
}

fn metadata(shell: &Shell) -> anyhow::Result<Metadata> {
    let json = cmd!(shell, "cargo metadata --format-version 1 --locked --filter-platform x86_64-unknown-linux-gnu");
    Ok(serde_json::from_str(&json.quiet().ignore_stderr().read()?)?)
}

fn licences(metadata: &Metadata, allowed: &[String]) -> Vec<String> {
    let is_allowed = |requirement: &spdx::LicenseReq| allowed.contains(&requirement.to_string());
    let used: BTreeSet<_> = metadata.resolve.nodes.iter().map(|node| node.id.as_str()).collect();
    let foreign =
        metadata.packages.iter().filter(|package| package.source.is_some() && used.contains(package.id.as_str()));
    foreign
        .filter_map(|package| {
            let license = package.license.as_deref().unwrap_or_default();
            let expression = spdx::Expression::parse_mode(license, spdx::ParseMode::LAX);
            let is_fine = expression.is_ok_and(|expression| expression.evaluate(is_allowed));
            (!is_fine).then(|| format!("{} has the licence {license:?}", package.name))
        })
        .collect()
}

/// Asked of `cargo tree`, since `cargo metadata` also lists dependencies of features that nobody turns on.
fn bans(shell: &Shell, bans: &[Ban]) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for ban in bans {
        let name = &ban.name;
        let tree = cmd!(
            shell,
            "cargo tree --workspace --locked --target x86_64-unknown-linux-gnu --invert {name} --depth 1 --prefix none"
        );
        let output = tree.quiet().ignore_status().output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && !said.contains("did not match any packages") {
            bail!("cannot tell who uses {name}: {said}");
        }
        faults.extend(users_in_the_way(&String::from_utf8_lossy(&output.stdout), ban));
    }
    Ok(faults)
}

/// The lines of a tree behind the first are the users.
fn users_in_the_way(tree: &str, ban: &Ban) -> Vec<String> {
    let users = tree.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let users: BTreeSet<_> = users.filter(|user| !user.starts_with('[')).collect();
    let banned = users.into_iter().filter(|user| !ban.wrappers.iter().any(|wrapper| wrapper == user));
    banned.map(|user| format!("{user} uses {}: {}", ban.name, ban.reason)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_of_the_house_is_drawn_and_no_other() {
        let metadata = metadata(&Shell::new().unwrap()).unwrap();
        assert_eq!(arrows::faults(&metadata), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_nobody_drew_is_a_fault() {
        let mut metadata = metadata(&Shell::new().unwrap()).unwrap();
        let naming = metadata.packages.iter_mut().find(|package| package.name == "fsw-naming").unwrap();
        let dependency = |name: &str| Dependency { name: name.to_owned(), kind: None };
        naming.dependencies.extend([dependency("tokio"), dependency("fsw-aws")]);
        assert_eq!(arrows::faults(&metadata), ["fsw-naming may not use fsw-aws", "fsw-naming may not use tokio"]);
    }

    #[test]
    fn a_ban_and_a_licence_can_be_broken() {
        let package = |name: &str, license: &str| Package {
            id: name.to_owned(),
            name: name.to_owned(),
            license: Some(license.to_owned()),
            source: Some("registry".to_owned()),
            dependencies: Vec::new(),
        };
        let node = |id: &str| Node { id: id.to_owned() };
        let metadata = Metadata {
            packages: vec![
                package("a", "GPL-3.0-only OR MIT"),
                package("b", "GPL-3.0-only AND MIT"),
                package("c", "MIT/Apache-2.0"),
            ],
            resolve: Resolve { nodes: vec![node("a"), node("b"), node("c")] },
        };
        let allowed = ["MIT".to_owned()];
        assert_eq!(licences(&metadata, &allowed), ["b has the licence \"GPL-3.0-only AND MIT\""]);
        let ban = Ban { name: "c".into(), wrappers: vec!["a".into()], reason: "because".into() };
        let tree = "c v1.0.0\na v1.0.0\nb v1.0.0 (/b)\n[dev-dependencies]\n";
        assert_eq!(users_in_the_way(tree, &ban), ["b uses c: because"]);
    }
}
