//! `cargo xtask image`: the images that are installed, built FROM scratch and without a daemon.

mod oci;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use data_encoding::BASE64;
use serde_json::{Value, json};
use xshell::{Shell, cmd};

pub(crate) use oci::{Entry, Image};

use crate::packages::{self, Package};
use fsw_testkit::say::{GOOD, QUIET, say};

/// Most that an image may weigh in a registry, in bytes.
const WEBHOOK_LIMIT: u64 = 30_000_000;
const FETCH_LIMIT: u64 = 12_000_000;
/// The user that distroless images call `nonroot`.
const NON_ROOT: &str = "65532:65532";
const MUSL_TOOLS: Package = Package { name: "musl-tools", file: "musl-gcc" };
const ARM_COMPILER: Package = Package { name: "gcc-aarch64-linux-gnu", file: "aarch64-linux-gnu-gcc" };
const ARM_HEADERS: Package = Package { name: "libc6-dev-arm64-cross", file: "../aarch64-linux-gnu/include/stdlib.h" };

#[derive(Debug, Args)]
pub(crate) struct ImageArgs {
    /// Processors to build for.
    #[arg(long, value_enum, default_values_t = [Arch::Amd64])]
    arch: Vec<Arch>,
    /// Tag of the images; without it, the version and the commit.
    #[arg(long)]
    tag: Option<String>,
    /// What comes before /webhook and /secrets-fetch in their names.
    #[arg(long, default_value = "localhost/flyte-secrets-webhook")]
    repository: String,
    /// Where the archives go.
    #[arg(long, value_name = "FOLDER", default_value = "target/images")]
    out: PathBuf,
    /// Load the images for this machine's processor: docker, kind, kind=CLUSTER, containerd or containerd=SOCKET.
    #[arg(long, value_name = "WHERE")]
    load: Vec<String>,
    /// Push the images, one manifest list for all processors, to --repository.
    #[arg(long)]
    push: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arch {
    Amd64,
    Arm64,
}

impl Arch {
    /// This machine's.
    const HERE: Self = if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::Amd64 };

    fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-musl",
            Self::Arm64 => "aarch64-unknown-linux-musl",
        }
    }
}

/// An archive and the image in it.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) archive: PathBuf,
    arch: Arch,
}

pub(crate) fn image(args: &ImageArgs) -> anyhow::Result<()> {
    let shell = Shell::new()?;
    let tag = match &args.tag {
        Some(tag) => tag.clone(),
        None => format!("{}-{}", env!("CARGO_PKG_VERSION"), commit(&shell)?.0.get(..12).unwrap_or("unknown")),
    };
    let mut built = Vec::new();
    for arch in &args.arch {
        let programs = build(&shell, *arch)?;
        let webhook = webhook(&shell, &programs, *arch, &args.repository, &tag)?;
        built.push(write(&webhook, &args.out, *arch, Some(WEBHOOK_LIMIT))?);
        let fetch = fetch(&shell, &programs, *arch, &args.repository, &tag)?;
        built.push(write(&fetch, &args.out, *arch, Some(FETCH_LIMIT))?);
    }
    for place in &args.load {
        for image in built.iter().filter(|image| image.arch == Arch::HERE) {
            load(&shell, image, place)?;
        }
    }
    if args.push {
        push(&shell, &built)?;
    }
    Ok(())
}

/// Builds the programs as they ship, and returns the folder that holds them: the webhook to be fast, the others small.
pub(crate) fn build(shell: &Shell, arch: Arch) -> anyhow::Result<PathBuf> {
    let small = ["--profile", "small", "-p", "secrets-fetch", "-p", "secrets-probe"];
    compile(shell, arch, &[&WEBHOOK, &small])
}

/// Builds the webhook alone, for this machine, as it ships.
pub(crate) fn build_webhook(shell: &Shell) -> anyhow::Result<PathBuf> {
    Ok(compile(shell, Arch::HERE, &[&WEBHOOK])?.join("release/webhook"))
}

/// What is freed goes back to the system at once: after a burst memory is what it was before, and a second burst does not
/// come on top of the first. Two arenas: by default there are four for each processor of the node, also of those that the
/// container may not use, and each keeps half-used pages of its own; threads seldom need one, they have caches.
const ALLOCATOR: &str = "dirty_decay_ms:0,muzzy_decay_ms:0,narenas:2";

const WEBHOOK: [&str; 3] = ["--release", "-p", "webhook"];

fn compile(shell: &Shell, arch: Arch, programs: &[&[&str]]) -> anyhow::Result<PathBuf> {
    let target = arch.target();
    match arch {
        Arch::Amd64 => packages::install(shell, &[MUSL_TOOLS])?,
        Arch::Arm64 => packages::install(shell, &[ARM_COMPILER, ARM_HEADERS])?,
    }
    if !cmd!(shell, "rustup target list --installed").quiet().read()?.contains(target) {
        cmd!(shell, "rustup target add {target}").run()?;
    }
    // Where this was built must not be in what was built.
    let root = shell.current_dir();
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".cargo")));
    let cargo = cargo.context("neither CARGO_HOME nor HOME is set")?;
    let (root, cargo) = (root.display(), cargo.display());
    // Relocations in their short form: a megabyte less in the image, and in memory.
    let relocations = "-C link-arg=-z -C link-arg=pack-relative-relocs";
    let rustflags = format!("--remap-path-prefix={cargo}=/cargo --remap-path-prefix={root}=/source {relocations}");
    let cflags = format!("-ffile-prefix-map={cargo}=/cargo -ffile-prefix-map={root}=/source");
    let name = target.replace('-', "_");
    let _flags = shell.push_env(format!("CARGO_TARGET_{}_RUSTFLAGS", name.to_uppercase()), rustflags);
    let _cflags = shell.push_env(format!("CFLAGS_{name}"), cflags);
    let _cross = (arch == Arch::Arm64).then(|| {
        let compiler = shell.push_env(format!("CC_{name}"), "aarch64-linux-gnu-gcc");
        let linker = shell.push_env(format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()), "rust-lld");
        (compiler, linker)
    });
    let _allocator = shell.push_env("JEMALLOC_SYS_WITH_MALLOC_CONF", ALLOCATOR);
    for program in programs.iter().copied() {
        cmd!(shell, "cargo build --quiet --locked --target {target} {program...}").quiet().run()?;
    }
    Ok(shell.current_dir().join("target").join(target))
}

/// The image of the webhook.
pub(crate) fn webhook(
    shell: &Shell,
    programs: &Path,
    arch: Arch,
    repository: &str,
    tag: &str,
) -> anyhow::Result<Image> {
    let own = vec![
        program(&programs.join("release/webhook"), "webhook")?,
        program(&programs.join("small/secrets-probe"), "secrets-probe")?,
        // flyte-core's Deployment starts Flyte's own webhook by this name.
        ("usr/local/bin/flytepropeller".to_owned(), Entry::Link("/webhook")),
    ];
    let (labels, created) = labels(shell, "webhook", "Gives Flyte tasks their AWS secrets")?;
    let name = format!("{repository}/webhook:{tag}");
    Ok(image_of(name, arch, own, vec!["/webhook"], vec!["run"], labels, &created))
}

/// The image of the init containers.
pub(crate) fn fetch(shell: &Shell, programs: &Path, arch: Arch, repository: &str, tag: &str) -> anyhow::Result<Image> {
    let own = vec![
        program(&programs.join("small/secrets-fetch"), "secrets-fetch")?,
        // The writer's command begins with it.
        ("bin/sh".to_owned(), Entry::Link("/secrets-fetch")),
    ];
    let (labels, created) = labels(shell, "secrets-fetch", "Pulls or writes the secrets of a pod")?;
    let name = format!("{repository}/secrets-fetch:{tag}");
    Ok(image_of(name, arch, own, vec!["/secrets-fetch"], vec!["pull"], labels, &created))
}

/// The labels of an image, and when its commit was made.
fn labels(shell: &Shell, title: &str, description: &str) -> anyhow::Result<(Value, String)> {
    let (commit, created) = commit(shell)?;
    let labels = json!({
        "org.opencontainers.image.title": title,
        "org.opencontainers.image.description": description,
        "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
        "org.opencontainers.image.revision": commit,
        "org.opencontainers.image.licenses": "Apache-2.0",
    });
    Ok((labels, created))
}

/// An image with what every program of ours needs around it.
pub(crate) fn image_of(
    name: String,
    arch: Arch,
    own: Vec<(String, Entry)>,
    entrypoint: Vec<&'static str>,
    command: Vec<&'static str>,
    labels: Value,
    created: &str,
) -> Image {
    let directories = ["bin", "etc", "etc/ssl", "etc/ssl/certs", "usr", "usr/local", "usr/local/bin"];
    let mut entries: Vec<_> = directories.iter().map(|path| ((*path).to_owned(), Entry::Directory)).collect();
    let users = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n";
    let groups = "root:x:0:\nnonroot:x:65532:\n";
    entries.push(("etc/passwd".to_owned(), Entry::File(users.into())));
    entries.push(("etc/group".to_owned(), Entry::File(groups.into())));
    entries.push(("etc/ssl/certs/ca-certificates.crt".to_owned(), Entry::File(authorities().into_bytes())));
    entries.extend(own);
    let (architecture, created) = (arch.name(), created.to_owned());
    Image { name, architecture, entries, user: NON_ROOT, entrypoint, command, environment: Vec::new(), labels, created }
}

/// Writes an image's archive and says what it weighs.
pub(crate) fn write(image: &Image, out: &Path, arch: Arch, limit: Option<u64>) -> anyhow::Result<Built> {
    std::fs::create_dir_all(out)?;
    let file = image.name.rsplit('/').next().unwrap_or_default().replace(':', "-");
    let archive = out.join(format!("{file}-{}.tar", arch.name()));
    let written = image.write(&archive)?;
    let (compressed, unpacked) = (megabytes(written.compressed), megabytes(written.unpacked));
    say(GOOD, &image.name);
    say(QUIET, format_args!("   {} · {compressed} MB compressed, {unpacked} MB unpacked", written.digest));
    say(QUIET, format_args!("   {}", archive.display()));
    if let Some(limit) = limit {
        let fits = written.unpacked <= limit;
        ensure!(fits, "{} unpacks to {unpacked} MB; at most {} are wanted", image.name, megabytes(limit));
    }
    Ok(Built { name: image.name.clone(), archive, arch })
}

/// A program that is copied into an image.
pub(crate) fn program(from: &Path, to: &str) -> anyhow::Result<(String, Entry)> {
    let content = std::fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    Ok((to.to_owned(), Entry::Program(content)))
}

/// Loads an image where containers are started from.
fn load(shell: &Shell, image: &Built, place: &str) -> anyhow::Result<()> {
    let archive = &image.archive;
    let (kind, at) = place.split_once('=').map_or((place, None), |(kind, at)| (kind, Some(at)));
    match kind {
        "docker" => cmd!(shell, "docker load --input {archive}").quiet().ignore_stdout().run()?,
        "kind" => {
            let name = at.unwrap_or("kind");
            cmd!(shell, "kind load image-archive {archive} --name {name}").quiet().run()?;
        }
        "containerd" => {
            let socket = at.unwrap_or("/run/containerd/containerd.sock");
            let import = cmd!(shell, "ctr --address {socket} --namespace k8s.io images import {archive}");
            import.quiet().ignore_stdout().run()?;
        }
        _ => bail!("{place} is no place to load images into; use docker, kind, kind=CLUSTER or containerd=SOCKET"),
    }
    say(GOOD, format_args!("{} loaded into {kind}", image.name));
    Ok(())
}

/// Pushes each image; with several processors, as a manifest list. Credentials are Docker's (`docker login`).
fn push(shell: &Shell, built: &[Built]) -> anyhow::Result<()> {
    let crane = crate::tools::crane(shell)?;
    let mut names: Vec<_> = built.iter().map(|image| &image.name).collect();
    names.sort();
    names.dedup();
    for name in names {
        let of_name: Vec<_> = built.iter().filter(|image| &image.name == name).collect();
        let mut pushed = Vec::new();
        for image in &of_name {
            // As a folder it is pushed as it is, with the digest that was said; an archive would be written anew.
            let layout = tempfile::tempdir()?;
            tar::Archive::new(std::fs::File::open(&image.archive)?).unpack(layout.path())?;
            let layout = layout.path();
            let reference = match of_name.len() {
                1 => name.clone(),
                _ => format!("{name}-{}", image.arch.name()),
            };
            cmd!(shell, "{crane} push {layout} {reference}").quiet().ignore_stdout().run()?;
            pushed.push(reference);
        }
        if pushed.len() > 1 {
            let manifests = pushed.iter().flat_map(|reference| ["--manifest", reference]);
            cmd!(shell, "{crane} index append {manifests...} --tag {name}").quiet().ignore_stdout().run()?;
        }
        say(GOOD, format_args!("{name} pushed"));
    }
    Ok(())
}

/// The commit and its date.
pub(crate) fn commit(shell: &Shell) -> anyhow::Result<(String, String)> {
    let shown = cmd!(shell, "git show --no-patch --format=%H_%ct HEAD").quiet().read()?;
    let (commit, seconds) = shown.split_once('_').context("git does not say what the commit is")?;
    let seconds = format!("@{seconds}");
    let date = cmd!(shell, "date --utc --date {seconds} +%Y-%m-%dT%H:%M:%SZ").quiet().read()?;
    Ok((commit.to_owned(), date))
}

/// Mozilla's root certificates, of the version in Cargo.lock.
fn authorities() -> String {
    let pem = |der: &[u8]| {
        let text = BASE64.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    };
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|certificate| pem(certificate)).collect()
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}
