use std::sync::Arc;

use fsw_cache::{Cached, Metrics};
use fsw_config::Config;
use fsw_naming::{Key, NameError, SecretId, ids_of_scope};
use fsw_source::SecretSource;
use prometheus_client::registry::Registry;
use tracing::info;

use crate::lower::cache_settings;

/// What keeps the answers of `source` for all reviews, with its metrics in `registry`.
pub fn cached(config: &Config, source: Arc<dyn SecretSource>, registry: &mut Registry) -> Cached {
    Cached::new(source, cache_settings(config), Metrics::register(registry))
}

/// What clears a secret, given its organization, domain, project and name: every id and version that it has on the level
/// that is named. Without an organization the configured one counts; where there is none, all organizations and levels
/// do: to clear too much costs a call to AWS, to clear too little a task that works with the old secret.
///
/// It says how many entries there were, or what is wrong with the names.
pub fn invalidation(
    config: &Config,
    cached: Cached,
) -> impl Fn([&str; 4]) -> Result<usize, String> + Clone + Send + Sync + 'static {
    let default_organization = config.secrets_webhook.default_organization.clone();
    move |[organization, domain, project, name]| {
        let organization = match organization {
            "" => default_organization.as_deref().unwrap_or_default(),
            given => given,
        };
        let is_meant = meant(organization, domain, project, name).map_err(|error| error.to_string())?;
        let cleared = cached.invalidate(is_meant);
        info!(organization, domain, project, name, cleared, "cache invalidated");
        Ok(cleared)
    }
}

fn meant(
    organization: &str,
    domain: &str,
    project: &str,
    name: &str,
) -> Result<Box<dyn Fn(&SecretId) -> bool>, NameError> {
    let key = Key::parse(name.as_bytes())?;
    if organization.is_empty() {
        return Ok(Box::new(move |id| id.may_be_of(&key)));
    }
    let ids = ids_of_scope(organization, domain, project, &key)?;
    Ok(Box::new(move |id| ids.contains(id)))
}
