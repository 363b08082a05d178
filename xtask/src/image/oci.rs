//! An image as one archive, without a daemon: an OCI layout that is a `docker save` archive too. The same files give the
//! same bytes.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use data_encoding::HEXLOWER;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

/// What a layer holds, by its path without a leading slash.
pub(crate) enum Entry {
    Directory,
    Program(Vec<u8>),
    File(Vec<u8>),
    Link(&'static str),
}

/// An image of one layer.
pub(crate) struct Image {
    /// For example `localhost/webhook:dev`.
    pub(crate) name: String,
    /// As Go calls it: `amd64`, `arm64`.
    pub(crate) architecture: &'static str,
    pub(crate) entries: Vec<(String, Entry)>,
    pub(crate) user: &'static str,
    pub(crate) entrypoint: Vec<&'static str>,
    pub(crate) command: Vec<&'static str>,
    /// Variables besides the path, `NAME=VALUE`.
    pub(crate) environment: Vec<String>,
    pub(crate) labels: Value,
    /// RFC 3339.
    pub(crate) created: String,
}

/// What was written.
pub(crate) struct Written {
    /// Of the manifest: what a registry and a node call the image by.
    pub(crate) digest: String,
    /// What a registry sends, in bytes.
    pub(crate) compressed: u64,
    /// What a node stores, in bytes.
    pub(crate) unpacked: u64,
}

impl Image {
    /// Writes the archive.
    pub(crate) fn write(&self, archive: &Path) -> anyhow::Result<Written> {
        let layer = self.layer()?;
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        gzip.write_all(&layer)?;
        let compressed = gzip.finish()?;
        let config = self.config(&digest(&layer)).to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", &compressed)],
            "annotations": self.labels,
        });
        let manifest = manifest.to_string().into_bytes();
        let mut of_manifest = descriptor("application/vnd.oci.image.manifest.v1+json", &manifest);
        of_manifest["platform"] = json!({ "os": "linux", "architecture": self.architecture });
        let tag = self.name.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        of_manifest["annotations"] =
            json!({ "io.containerd.image.name": self.name, "org.opencontainers.image.ref.name": tag });
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [of_manifest],
        });
        let docker = json!([{
            "Config": blob(&config),
            "RepoTags": [self.name],
            "Layers": [blob(&compressed)],
        }]);
        let file = std::fs::File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
        let mut tar = Builder::new(file);
        put(&mut tar, "oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }).to_string().into_bytes())?;
        put(&mut tar, "index.json", &index.to_string().into_bytes())?;
        put(&mut tar, "manifest.json", &docker.to_string().into_bytes())?;
        for content in [&config, &manifest, &compressed] {
            put(&mut tar, &blob(content), content)?;
        }
        tar.into_inner()?.sync_all()?;
        let (compressed, unpacked) = (compressed.len() as u64, layer.len() as u64);
        Ok(Written { digest: digest(&manifest), compressed, unpacked })
    }

    fn layer(&self) -> anyhow::Result<Vec<u8>> {
        let mut tar = Builder::new(Vec::new());
        for (path, entry) in &self.entries {
            let (kind, mode, content): (_, _, &[u8]) = match entry {
                Entry::Directory => (EntryType::Directory, 0o755, &[]),
                Entry::Program(content) => (EntryType::Regular, 0o755, content),
                Entry::File(content) => (EntryType::Regular, 0o644, content),
                Entry::Link(_) => (EntryType::Symlink, 0o777, &[]),
            };
            let mut header = header(kind, mode, content.len());
            match entry {
                Entry::Link(target) => tar.append_link(&mut header, path, target)?,
                _ => tar.append_data(&mut header, path, content)?,
            }
        }
        Ok(tar.into_inner()?)
    }

    fn config(&self, diff_id: &str) -> Value {
        let mut environment = vec!["PATH=/usr/local/bin:/usr/bin:/bin:/".to_owned()];
        environment.extend(self.environment.iter().cloned());
        json!({
            "created": self.created,
            "architecture": self.architecture,
            "os": "linux",
            "config": {
                "User": self.user,
                "Entrypoint": self.entrypoint,
                "Cmd": self.command,
                "Env": environment,
                "WorkingDir": "/",
                "Labels": self.labels,
            },
            "rootfs": { "type": "layers", "diff_ids": [diff_id] },
            "history": [{ "created": self.created, "created_by": "cargo xtask image" }],
        })
    }
}

fn put(tar: &mut Builder<std::fs::File>, path: &str, content: &[u8]) -> anyhow::Result<()> {
    Ok(tar.append_data(&mut header(EntryType::Regular, 0o644, content.len()), path, content)?)
}

fn header(kind: EntryType, mode: u32, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size as u64);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(content), "size": content.len() })
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", HEXLOWER.encode(&Sha256::digest(content)))
}

fn blob(content: &[u8]) -> String {
    format!("blobs/{}", digest(content).replace(':', "/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use std::io::Read as _;

    use super::*;

    fn image(content: &str) -> Image {
        Image {
            name: "localhost/some/image:tag".to_owned(),
            architecture: "amd64",
            entries: vec![
                ("bin".to_owned(), Entry::Directory),
                ("bin/program".to_owned(), Entry::Program(content.into())),
                ("bin/link".to_owned(), Entry::Link("/bin/program")),
            ],
            user: "65532:65532",
            entrypoint: vec!["/bin/program"],
            command: Vec::new(),
            environment: Vec::new(),
            labels: json!({ "a": "b" }),
            created: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    #[test]
    fn the_same_files_give_the_same_archive_and_digest_and_others_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            let path = folder.path().join(name);
            let written = image(content).write(&path).unwrap();
            (written.digest, std::fs::read(path).unwrap())
        };
        assert!(write("one", "x") == write("two", "x"));
        assert_ne!(write("one", "x").0, write("three", "y").0);
    }

    #[test]
    fn everything_that_is_named_is_in_the_archive_under_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.tar");
        image("x").write(&path).unwrap();
        let mut archive = tar::Archive::new(std::fs::File::open(path).unwrap());
        let mut files = std::collections::BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(name, content);
        }
        let json = |name: &str| serde_json::from_slice::<Value>(&files[name]).unwrap();
        let held = |digest: &Value| &files[&format!("blobs/{}", digest.as_str().unwrap().replace(':', "/"))];
        let manifest: Value = serde_json::from_slice(held(&json("index.json")["manifests"][0]["digest"])).unwrap();
        for part in [&manifest["config"], &manifest["layers"][0]] {
            assert_eq!(digest(held(&part["digest"])), part["digest"].as_str().unwrap());
        }
        let docker = &json("manifest.json")[0];
        assert_eq!(docker["RepoTags"][0], "localhost/some/image:tag");
        assert!(files.contains_key(docker["Config"].as_str().unwrap()));
    }
}
