//! Flyte's flags: every setting is one, `--webhook.listenPort=9443`.

use std::ffi::OsString;

use crate::schema::{self, Kind, Spelling};

/// Takes Flyte's flags for our sections out of the command line: `--webhook.listenPort 9443`,
/// `--secretsWebhook.maxBody=6Mi`, `--cache.…`. The first part is the command line without them, the second the settings
/// for [`crate::Layers`], as `KEY=VALUE`. A true-or-false setting needs no value (`--webhook.localCert`). Nothing is
/// taken after `--`.
pub fn setting_flags(args: impl Iterator<Item = OsString>) -> (Vec<OsString>, Vec<String>) {
    let (mut rest, mut settings) = (Vec::new(), Vec::new());
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        if arg == "--" {
            rest.push(arg);
            rest.extend(args);
            break;
        }
        let Some(flag) = arg.to_str().and_then(our_flag) else {
            rest.push(arg);
            continue;
        };
        if flag.contains('=') {
            settings.push(flag.to_owned());
            continue;
        }
        let value = args.next_if(|next| takes(flag, &next.to_string_lossy()));
        settings.push(match value {
            Some(value) => format!("{flag}={}", value.to_string_lossy()),
            None if is_switch(flag) => format!("{flag}=true"),
            // Without a value; loading it says so.
            None => flag.to_owned(),
        });
    }
    (rest, settings)
}

fn our_flag(arg: &str) -> Option<&str> {
    let flag = arg.strip_prefix("--")?;
    let (section, _) = flag.split_once('.')?;
    schema::child("", section, Spelling::Setting).map(|_| flag)
}

/// Whether `next` is the value of `flag`. Flyte's flag parser never takes one for a switch; `true` and `false` are clear.
fn takes(flag: &str, next: &str) -> bool {
    if is_switch(flag) { matches!(next, "true" | "false") } else { !next.starts_with("--") }
}

/// Flyte's own switches that have no effect here are all called `enabled`.
fn is_switch(flag: &str) -> bool {
    let is_ignored_switch = flag.to_ascii_lowercase().ends_with(".enabled");
    is_ignored_switch || schema::KEYS.iter().any(|key| key.kind == Kind::Switch && key.path.eq_ignore_ascii_case(flag))
}
