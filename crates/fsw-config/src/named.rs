//! Settings with a closed set of names, read in any case.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};

use crate::de;

/// A closed set of names: reading, writing and Display. `elsewhere` are names that only Flyte's own webhook serves.
macro_rules! named {
    ($type:ident: $($name:literal => $variant:ident),+; expected $expected:literal; elsewhere $elsewhere:expr) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = de::text(deserializer, $expected)?;
                $(if text.eq_ignore_ascii_case($name) { return Ok(Self::$variant); })+
                let elsewhere: &[&str] = &$elsewhere;
                match elsewhere.iter().find(|name| text.eq_ignore_ascii_case(name)) {
                    Some(name) => Err(D::Error::custom(format_args!(
                        "{name} is served by Flyte's own webhook, not by this one; keep Flyte's webhook for it, or use {}",
                        $expected,
                    ))),
                    None => Err(D::Error::invalid_value(Unexpected::Str(&text), &$expected)),
                }
            }
        }
    };
}

/// Who gets a secret into a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretManager {
    /// An init container per secret, which asks AWS by itself.
    Aws,
    /// The webhook asks AWS and puts the value into the pod.
    Embedded,
}

named! {
    SecretManager: "AWS" => Aws, "Embedded" => Embedded;
    expected "AWS or Embedded"; elsewhere ["Global", "K8s", "GCP", "Azure", "Vault"]
}

/// Where the embedded manager finds secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddedBackend {
    /// AWS Secrets Manager.
    Aws,
}

named! { EmbeddedBackend: "AWS" => Aws; expected "AWS"; elsewhere ["GCP", "Azure", "K8s"] }

/// A form of a secret's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretNames {
    /// `u__org__O__domain__D__key__K`, as Flyte's documentation says.
    Documented,
    /// `u__org__O__domain__D__project____key__K`, as Flyte's code does.
    Padded,
}

named! {
    SecretNames: "documented" => Documented, "padded" => Padded;
    expected "documented or padded"; elsewhere []
}

/// What an AccessDenied from AWS means for the broader scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAccessDenied {
    /// Refuse the pod.
    Stop,
    /// Go on as if the secret were not there.
    NextScope,
}

named! { OnAccessDenied: "stop" => Stop, "nextScope" => NextScope; expected "stop or nextScope"; elsewhere [] }

/// How the scopes of a secret are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// One after the other: no more calls to AWS than needed.
    Sequential,
    /// All at once: the shortest way to a secret of the organization.
    Eager,
}

named! { Lookup: "sequential" => Sequential, "eager" => Eager; expected "sequential or eager"; elsewhere [] }

/// Where our init containers go among the pod's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitContainerPosition {
    /// Before them.
    First,
    /// After them.
    Last,
}

named! { InitContainerPosition: "first" => First, "last" => Last; expected "first or last"; elsewhere [] }

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object.
    Json,
    /// For reading.
    Text,
}

named! { LogFormat: "json" => Json, "text" => Text; expected "json or text"; elsewhere [] }

/// What the image of the sidecar manager's pullers understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SidecarContract {
    /// What AWS's own image does: one secret a container.
    Aws,
    /// What `secrets-fetch` does: all secrets in one container, JSON keys and versions.
    Fsw,
}

named! { SidecarContract: "aws" => Aws, "fsw" => Fsw; expected "aws or fsw"; elsewhere [] }

/// Where the certificate comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateSource {
    /// `managed` in a pod whose Secret this program keeps or may make, and that has no files; otherwise `files`.
    Auto,
    /// The webhook makes and renews a Secret that all replicas share.
    Managed,
    /// Someone else keeps `tls.crt`, `tls.key` and `ca.crt` in `webhook.certDir`.
    Files,
}

named! {
    CertificateSource: "auto" => Auto, "managed" => Managed, "files" => Files;
    expected "auto, managed or files"; elsewhere []
}
