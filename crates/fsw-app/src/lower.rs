//! From what the user said to what the crates mean.

use fsw_config::{Config, Lookup, OnAccessDenied, Resources, SecretManager, SecretNames, SidecarContract};
use fsw_injector::{InitContainerPosition, Manager, Settings};
use fsw_naming::IdForm;
use fsw_sidecar::Contract;
use serde_json::{Map, Value, json};

/// How pods are changed under this configuration.
pub fn injector_settings(config: &Config) -> Settings {
    let ours = &config.secrets_webhook;
    let managers = config.webhook.secret_manager_types.iter().map(|manager| match manager {
        SecretManager::Aws => Manager::Sidecar(sidecar(config)),
        SecretManager::Embedded => Manager::Embedded(embedded(config)),
    });
    Settings {
        managers: managers.collect(),
        default_organization: ours.default_organization.clone(),
        exclude_containers: ours.exclude_containers.clone(),
        init_container_position: ours.init_container_position.map(|position| match position {
            fsw_config::InitContainerPosition::First => InitContainerPosition::First,
            fsw_config::InitContainerPosition::Last => InitContainerPosition::Last,
        }),
    }
}

/// How answers are kept. What Flyte's file sets for its own cache are upper bounds.
pub(crate) fn cache_settings(config: &Config) -> fsw_cache::Settings {
    let (ours, theirs) = (&config.secrets_webhook.cache, &config.cache.in_memory_fixed_size);
    fsw_cache::Settings {
        max_size: theirs.size.map_or(ours.max_size, |size| size.min(ours.max_size)),
        ttl: theirs.default_expiration.map_or(ours.ttl, |expiration| expiration.min(ours.ttl)),
        negative_ttl: ours.negative_ttl,
        refresh_percent: ours.refresh_percent,
        max_stale: ours.max_stale,
        max_concurrency: config.secrets_webhook.aws.max_concurrency,
        is_throttling: fsw_aws::is_throttling,
        is_outage: fsw_aws::is_outage,
    }
}

fn sidecar(config: &Config) -> fsw_sidecar::Settings {
    let (theirs, all) = (&config.webhook.aws_secret_manager, &config.secrets_webhook);
    let ours = &all.sidecar;
    let (contract, amounts) = match ours.contract {
        SidecarContract::Aws => (Contract::Aws, &theirs.resources),
        SidecarContract::Fsw => (Contract::Fsw, &ours.resources),
    };
    fsw_sidecar::Settings {
        image: theirs.sidecar_image.clone(),
        contract,
        any_text_is_stage: all.group_version_is_stage,
        resources: resources(amounts),
        security_overrides: security_overrides(config),
    }
}

fn embedded(config: &Config) -> fsw_embedded::Settings {
    let ours = &config.secrets_webhook;
    let container = &config.webhook.embedded_secret_manager_config.file_mount_init_container;
    let form = |form: &SecretNames| match form {
        SecretNames::Documented => IdForm::Documented,
        SecretNames::Padded => IdForm::Padded,
    };
    fsw_embedded::Settings {
        forms: ours.secret_names.iter().map(form).collect(),
        on_access_denied: match ours.on_access_denied {
            OnAccessDenied::Stop => fsw_embedded::OnAccessDenied::Stop,
            OnAccessDenied::NextScope => fsw_embedded::OnAccessDenied::NextScope,
        },
        depth: match ours.lookup {
            Lookup::Sequential => fsw_embedded::Depth::Sequential,
            Lookup::Eager => fsw_embedded::Depth::Eager,
        },
        any_text_is_stage: ours.group_version_is_stage,
        variable_prefix: config.webhook.secret_env_var_prefix.clone(),
        variable_aliases: ours.env_var_aliases,
        writer: fsw_embedded::writer::Settings {
            image: container.image.clone(),
            resources: resources(&container.resources),
            container_name: container.container_name.clone(),
            security_overrides: security_overrides(config),
        },
    }
}

fn resources(resources: &Resources) -> Value {
    let mut json = Map::new();
    for (field, amounts) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        if !amounts.is_empty() {
            json.insert(field.to_owned(), json!(amounts));
        }
    }
    Value::Object(json)
}

fn security_overrides(config: &Config) -> Map<String, Value> {
    match &config.secrets_webhook.security_context {
        Some(Value::Object(overrides)) => overrides.clone(),
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_flyte_sets_for_its_cache_are_upper_bounds_of_ours() {
        let mut config = fsw_config::defaults();
        let kept = |config: &Config| (cache_settings(config).max_size, cache_settings(config).ttl);
        let (size, ttl) = (32 * 1024 * 1024, Duration::from_secs(300));
        assert_eq!(kept(&config), (size, ttl));
        config.cache.in_memory_fixed_size.size = Some(100_000_000);
        config.cache.in_memory_fixed_size.default_expiration = Some(Duration::from_secs(86_400));
        assert_eq!(kept(&config), (size, ttl));
        config.cache.in_memory_fixed_size.size = Some(1_000_000);
        config.cache.in_memory_fixed_size.default_expiration = Some(Duration::ZERO);
        assert_eq!(kept(&config), (1_000_000, Duration::ZERO));
        assert_eq!(cache_settings(&config).negative_ttl, Duration::from_secs(30));
    }
}
