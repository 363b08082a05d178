//! The composition root: configuration in, service out. No logic of its own; used by every binary.

mod cache;
mod lower;
mod mutate;
mod source;

use std::sync::Arc;

use fsw_admission::{Limits, Metrics, Service};
use fsw_config::Config;
use fsw_source::{SecretSource, WaitingRoom};
use prometheus_client::registry::Registry;

pub use cache::{cached, invalidation};
pub use lower::injector_settings;
pub use mutate::InjectSecrets;
pub use source::{OpenError, open_source};

/// The admission service of a configuration, with its metrics in `registry`.
pub fn service(config: &Config, source: Arc<dyn SecretSource>, registry: &mut Registry) -> Service {
    let limits = Limits {
        body: usize::try_from(config.secrets_webhook.max_body).unwrap_or(usize::MAX),
        concurrent_reviews: config.secrets_webhook.max_concurrent_reviews,
        timeout: config.webhook.webhook_timeout,
        retry_after: config.secrets_webhook.retry_after,
    };
    Service::new(Arc::new(mutation(config, source)), limits, Metrics::register(registry))
}

/// What the service does to a pod.
pub fn mutation(config: &Config, source: Arc<dyn SecretSource>) -> InjectSecrets {
    InjectSecrets {
        settings: injector_settings(config),
        source,
        room: WaitingRoom::new(config.secrets_webhook.max_waiting_reviews),
        retry_after: config.secrets_webhook.retry_after,
    }
}
