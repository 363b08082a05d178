//! Programs written in Go that tasks use, built from modules of this project that pin them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use xshell::{Shell, cmd};

use crate::go::{go, tools};
use fsw_testkit::say::{QUIET, say};

/// What `xtask/tools` pins.
const TOOLS: [&str; 2] = ["helm.sh/helm/v3/cmd/helm", "github.com/google/go-containerregistry/cmd/crane"];

/// Helm, which the chart is made for.
pub(crate) fn helm(shell: &Shell) -> anyhow::Result<PathBuf> {
    Ok(folder(shell)?.join("helm"))
}

/// The program that speaks to registries.
pub(crate) fn crane(shell: &Shell) -> anyhow::Result<PathBuf> {
    Ok(folder(shell)?.join("crane"))
}

fn folder(shell: &Shell) -> anyhow::Result<PathBuf> {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools");
    build(shell, &module, |go, out| {
        say(QUIET, "building Helm and crane");
        let build = cmd!(shell, "{go} build -C {module} -trimpath -ldflags '-s -w' -o {out}/ {TOOLS...}");
        Ok(build.env("GOFLAGS", "-mod=readonly -buildvcs=false").env("CGO_ENABLED", "0").quiet().run()?)
    })
}

/// The folder of what a module builds. It is built once for each content of the module.
pub(crate) fn build(
    shell: &Shell,
    module: &Path,
    build: impl FnOnce(&Path, &Path) -> anyhow::Result<()>,
) -> anyhow::Result<PathBuf> {
    let mut hash = Sha256::new();
    digest(module, &mut hash)?;
    let name = module.file_name().context("a module has a name")?.to_string_lossy().into_owned();
    let digest = HEXLOWER.encode(&hash.finalize()[..8]);
    std::fs::create_dir_all(tools())?;
    let folder = tools().canonicalize()?.join(format!("{name}-{digest}"));
    if !folder.exists() {
        let go = go(shell)?;
        // A half-made folder must not pass for a whole one.
        let unfinished = folder.with_extension("unfinished");
        shell.remove_path(&unfinished)?;
        std::fs::create_dir_all(&unfinished)?;
        let _toolchain = shell.push_env("GOTOOLCHAIN", "local");
        build(&go, &unfinished).with_context(|| format!("cannot build {name}"))?;
        std::fs::rename(&unfinished, &folder)?;
    }
    Ok(folder)
}

/// The version of a module that another one requires.
pub(crate) fn required(module: &Path, wanted: &str) -> anyhow::Result<String> {
    let file = std::fs::read_to_string(module.join("go.mod"))?;
    let version = file.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| *word == "require");
        (words.next() == Some(wanted)).then(|| words.next()).flatten()
    });
    Ok(version.with_context(|| format!("{} does not require {wanted}", module.display()))?.to_owned())
}

/// Names and contents of all files.
fn digest(folder: &Path, hash: &mut Sha256) -> anyhow::Result<()> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            digest(&path, hash)?;
        } else {
            hash.update(path.to_string_lossy().as_bytes());
            hash.update(std::fs::read(&path)?);
        }
    }
    Ok(())
}
