use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::State;

impl State {
    /// Status and body of one call, in AWS's JSON 1.1.
    pub(super) fn answer(&self, body: &[u8]) -> (u16, Value) {
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        let drawn = fastrand::u64(0..1000);
        let throttled = self.throttled.load(Ordering::Relaxed);
        if drawn < throttled {
            count(&self.failed);
            return (400, json!({ "__type": "ThrottlingException", "Message": "Rate exceeded" }));
        }
        if drawn < throttled + self.failing.load(Ordering::Relaxed) {
            count(&self.failed);
            let message = "An error occurred on the server side.";
            return (500, json!({ "__type": "InternalServiceError", "Message": message }));
        }
        let question: Value = serde_json::from_slice(body).unwrap_or_default();
        let id = question["SecretId"].as_str().unwrap_or_default();
        if !is_there(id) {
            count(&self.not_found);
            let message = "Secrets Manager can't find the specified secret.";
            return (400, json!({ "__type": "ResourceNotFoundException", "Message": message }));
        }
        count(&self.found);
        let hash = hash(id);
        let length = usize::try_from(self.value_length.load(Ordering::Relaxed)).unwrap_or_default();
        let value: String = format!("{hash:016x}").chars().cycle().take(length).collect();
        let found = json!({
            "ARN": format!("arn:aws:secretsmanager:us-west-2:123456789012:secret:{id}-{:06x}", hash & 0xff_ffff),
            "Name": id,
            "VersionId": format!("{:08x}-0000-4000-8000-{:012x}", hash >> 32, hash & 0xffff_ffff_ffff),
            "SecretString": value,
            "VersionStages": ["AWSCURRENT"],
            "CreatedDate": 1.7e9,
        });
        (200, found)
    }
}

/// Whether an id is that of the scope which its key names.
fn is_there(id: &str) -> bool {
    let Some((scope, key)) = id.rsplit_once("__key__") else { return false };
    let is_padded = |name: &str| scope.ends_with(name);
    match key.split_once('_') {
        Some(("proj", _)) => scope.contains("__project__") && !is_padded("__project__"),
        Some(("dom", _)) => is_padded("__project__") && !is_padded("__domain____project__"),
        Some(("org", _)) => is_padded("__domain____project__"),
        _ => false,
    }
}

/// FNV-1a: a value for each name.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_the_scope_that_has_it() {
        for (id, expected) in [
            ("u__org__o__domain__d__project__p__key__proj_1", true),
            ("u__org__o__domain__d__key__proj_1", false),
            ("u__org__o__domain__d__project____key__proj_1", false),
            ("u__org__o__domain__d__project____key__dom_1", true),
            ("u__org__o__domain____project____key__dom_1", false),
            ("u__org__o__domain____project____key__org_1", true),
            ("u__org__o__key__org_1", false),
            ("u__org__o__domain__d__project__p__key__none_1", false),
        ] {
            assert_eq!(is_there(id), expected, "{id}");
        }
    }
}
