//! Flyte's `webhook:` schema and our `secretsWebhook:`; layers, validation, one place for defaults.
//!
//! The file that a Flyte installation already has loads unchanged: its `webhook:` and `cache:` mean what they mean to
//! Flyte, its other sections are left alone, and what only this project has lives under `secretsWebhook:`.
//!
//! | layer, the later wins | looks like |
//! |---|---|
//! | defaults | [`defaults`] |
//! | files, in order; maps are merged | `webhook: {listenPort: 9443}` |
//! | environment | `FSW_WEBHOOK__LISTEN_PORT=9443` (`__` separates, `_` and case do not count) |
//! | command line | `--webhook.listenPort=9443` (see [`setting_flags`]) or `--set webhook.listenPort=9443` |
//!
//! Keys are case-insensitive. A bad value is a [`ConfigError`] that names the key, where the value came from, and what is
//! valid. What is odd but not wrong is a [`Finding`]; whether that stops the program is the caller's choice
//! ([`Loaded::strict`]). No setting is a secret: the whole of [`Config`] may be printed.

mod config;
mod ours;
mod webhook;

mod defaults;
mod schema;
mod suggest;

mod canonical;
mod files;
mod flags;
mod layers;
mod lines;

mod de;
mod duration;
mod named;
mod quantity;
mod syntax;

mod check;
mod expand;

mod error;
mod finding;

#[cfg(test)]
mod tests;

pub use crate::config::{Cache, Config, InMemoryFixedSize};
pub use crate::defaults::defaults;
pub use crate::error::ConfigError;
pub use crate::finding::{Finding, Level, Loaded};
pub use crate::flags::setting_flags;
pub use crate::layers::{Layers, load};
pub use crate::named::{
    CertificateSource, EmbeddedBackend, InitContainerPosition, LogFormat, Lookup, OnAccessDenied, SecretManager,
    SecretNames, SidecarContract,
};
pub use crate::ours::{Aws, Certificates, Drain, Log, Registration, SecretsCache, SecretsWebhook, Sidecar};
pub use crate::quantity::is_quantity;
pub use crate::webhook::{
    AwsConfig, AwsSecretManager, EmbeddedSecretManagerConfig, FileMountInitContainer, Resources, Webhook,
};
