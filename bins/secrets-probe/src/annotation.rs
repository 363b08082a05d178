use std::io::Write;

use fsw_request::{DecodeError, Mount, SecretRequest};
use serde_json::{Value, json};

use crate::args::{DecodeArgs, EncodeArgs, MountArg};
use crate::output::{json_line, line};
use crate::{Verdict, pod};

/// One JSON object for each request.
pub(crate) fn decode(args: &DecodeArgs) -> anyhow::Result<Verdict> {
    let mut all_good = true;
    let mut show = |annotation: Value, result: Result<SecretRequest, DecodeError>, value: &str| match result {
        Ok(request) => json_line(&fields(annotation, &request)),
        Err(error) => {
            all_good = false;
            let name = annotation.as_str().map_or_else(|| format!("{value:?}"), |name| format!("annotation {name}"));
            writeln!(anstream::stderr(), "error: {name}: {error}").map_err(Into::into)
        }
    };
    for value in &args.values {
        show(Value::Null, fsw_request::decode(value), value)?;
    }
    if let Some(path) = &args.pod {
        let editor = pod::editor(pod::read(path)?)?;
        let mut annotations: Vec<_> = editor
            .annotations()
            .filter(|(name, _)| name.starts_with(fsw_request::ANNOTATION_PREFIX))
            // Longer numbers are larger ones.
            .map(|(name, value)| (name.len(), name, value))
            .collect();
        annotations.sort_unstable();
        for (_, name, value) in annotations {
            show(name.into(), fsw_request::decode(value), value)?;
        }
    }
    Ok(all_good.into())
}

fn fields(annotation: Value, request: &SecretRequest) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mount = match request.mount {
        Mount::Unknown(number) => number.into(),
        mount => Value::from(mount.to_string()),
    };
    json!({
        "annotation": annotation,
        "group": text(&request.group),
        "group_version": text(&request.group_version),
        "key": text(&request.key),
        "mount_requirement": mount,
        "env_var": text(&request.env_var),
    })
}

/// The annotation value of a request.
pub(crate) fn encode(args: &EncodeArgs) -> anyhow::Result<Verdict> {
    let request = SecretRequest {
        group: args.group.clone().into_bytes(),
        group_version: args.group_version.clone().into_bytes(),
        key: args.key.clone().into_bytes(),
        mount: match args.mount {
            MountArg::Any => Mount::Any,
            MountArg::EnvVar => Mount::EnvVar,
            MountArg::File => Mount::File,
        },
        env_var: args.env_var.clone().into_bytes(),
    };
    line(fsw_request::encode(&request))?;
    Ok(Verdict::Good)
}
