//! The effective configuration. Serialized, it is a file that loads to the same configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{SecretsWebhook, Webhook, de, duration};

/// Everything the program was told, validated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// Flyte's `webhook:`.
    pub webhook: Webhook,
    /// Ours, `secretsWebhook:`.
    pub secrets_webhook: SecretsWebhook,
    /// Flyte's `cache:`.
    pub cache: Cache,
}

/// Flyte's top-level `cache:`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cache {
    /// Bounds of the cache in memory.
    pub in_memory_fixed_size: InMemoryFixedSize,
}

/// Upper bounds that Flyte's file sets for a cache; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InMemoryFixedSize {
    /// Bytes.
    #[serde(default, deserialize_with = "de::some_bytes", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How long an entry may live; zero: nothing is kept.
    #[serde(
        default,
        deserialize_with = "de::some_duration",
        serialize_with = "duration::serialize_some",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_expiration: Option<Duration>,
}
