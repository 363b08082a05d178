//! flytekit and the v2 SDK, as user code calls them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use fsw_request::Mount;
use serde_json::{Value, json};

use crate::task::{NAMESPACE, ask, pod};
use crate::world::World;

/// What a user's task does with each of the two SDKs; it fails on the first secret that is not there.
const TASK: &str = r#"
import os, pathlib
import flytekit
from flyte import Secret

secrets = flytekit.current_context().secrets
read = {
    "flytekit: group and key": secrets.get(group="Team", key="Db_Password"),
    "flytekit: key only": secrets.get(key="my-api-key"),
    "flytekit: file": secrets.get(group="tls", key="dollars"),
    "flytekit: binary file": secrets.get(group="tls", key="bytes", encode_mode="rb").hex(),
    "v2: its own name": os.environ[Secret(key="my-api-key").as_env_var],
    "v2: a name given": os.environ["DB_PASSWORD"],
    "v2: file": pathlib.Path("/etc/flyte/secrets/tls/bytes").read_bytes().hex(),
}
for what, value in read.items():
    print("READ", what, "=", repr(value), flush=True)
"#;

/// The installation that a Python environment was made from.
fn base(python: &Path) -> anyhow::Result<PathBuf> {
    let settings = std::fs::read_to_string(python.join("pyvenv.cfg"))?;
    let home = settings.lines().find_map(|line| line.strip_prefix("home = ")).context("pyvenv.cfg names no home")?;
    Ok(Path::new(home).parent().context("a home has a parent")?.to_owned())
}

pub(super) async fn reads(world: &World) -> anyhow::Result<String> {
    let Some(python) = &world.args.python else {
        anyhow::bail!("there is no Python environment; cargo xtask e2e makes one")
    };
    let requests = [
        ask("Team", "Db_Password", Mount::EnvVar, None),
        ask("", "my-api-key", Mount::EnvVar, None),
        ask("tls", "dollars", Mount::File, None),
        ask("tls", "bytes", Mount::File, None),
        // As the v2 SDK writes its requests.
        ask("", "my-api-key", Mount::EnvVar, Some("MY_API_KEY")),
        ask("Team", "Db_Password", Mount::EnvVar, Some("DB_PASSWORD")),
    ];
    let mut pod = pod("python", &requests, &world.images);
    let interpreter = python.join("bin/python");
    let container = &mut pod["spec"]["containers"][0];
    container["command"] = json!([interpreter, "-c", TASK]);
    container["env"] =
        json!([{ "name": "HOME", "value": "/tmp" }, { "name": "PYTHONDONTWRITEBYTECODE", "value": "1" }]);
    let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
    // This machine's interpreter, its libraries and the environment, each where it is here.
    let folders = [Path::new("/usr"), Path::new("/lib64"), Path::new("/lib"), python, &base(python)?];
    for (n, path) in folders.iter().enumerate().filter(|(n, path)| *n == 0 || !path.starts_with("/usr")) {
        let name = format!("host-{n}");
        let seen = std::fs::canonicalize(path)?;
        let on_node = world.args.host_root.join(seen.strip_prefix("/")?);
        volumes.push(json!({ "name": name, "hostPath": { "path": on_node } }));
        mounts.push(json!({ "name": name, "mountPath": path, "readOnly": true }));
    }
    volumes.push(json!({ "name": "tmp", "emptyDir": {} }));
    mounts.push(json!({ "name": "tmp", "mountPath": "/tmp" }));
    container["volumeMounts"] = json!(mounts);
    pod["spec"]["volumes"] = json!(volumes);
    world.create(NAMESPACE, &pod).await?;
    let log = world
        .until("the task's end", 120, async || {
            let pod = world.get(&["-n", NAMESPACE, "pod", "python"]).await?;
            let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
            if !is_over {
                return Ok(None);
            }
            Ok(Some(world.kubectl(&["-n", NAMESPACE, "logs", "python"]).await?.output))
        })
        .await
        .with_context(|| "the pod does not end")?;
    let expected: [(&str, Value); 7] = [
        ("flytekit: group and key", json!("value of Db_Password")),
        ("flytekit: key only", json!("value of my-api-key")),
        ("flytekit: file", Value::Null),
        ("flytekit: binary file", json!("00ff0a0d2724806000")),
        ("v2: its own name", json!("value of my-api-key")),
        ("v2: a name given", json!("value of Db_Password")),
        ("v2: file", json!("00ff0a0d2724806000")),
    ];
    for (what, value) in expected {
        let line = log.lines().find(|line| line.starts_with(&format!("READ {what} ="))).unwrap_or_default();
        let is_right =
            value.as_str().map_or(line.contains("second line"), |value| line.ends_with(&format!("'{value}'")));
        ensure!(is_right, "{what}: {line:?} in\n{log}");
    }
    world.remove(NAMESPACE, "python").await?;
    Ok("7 ways".to_owned())
}
