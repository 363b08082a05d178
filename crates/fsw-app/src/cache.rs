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

type IsMeant = Box<dyn Fn(&SecretId) -> bool>;

fn meant(organization: &str, domain: &str, project: &str, name: &str) -> Result<IsMeant, NameError> {
    let key = Key::parse(name.as_bytes())?;
    if organization.is_empty() {
        return Ok(Box::new(move |id| id.may_be_of(&key)));
    }
    let ids = ids_of_scope(organization, domain, project, &key)?;
    Ok(Box::new(move |id| ids.contains(id)))
}

#[cfg(test)]
mod tests {
    use fsw_naming::{IdForm, Scope, candidates};

    use super::*;

    /// Which of the ids that exist are meant.
    fn check([organization, domain, project, name]: [&str; 4], expected: &[&str]) {
        let is_meant = meant(organization, domain, project, name).unwrap();
        let scopes = [("o", "d", "p"), ("o", "d", "q"), ("z", "d", "p")];
        let mut found: Vec<String> = Vec::new();
        for (organization, domain, project) in scopes {
            for key in ["k", "a-k"] {
                let (scope, key) =
                    (Scope::new(organization, domain, project).unwrap(), Key::parse(key.as_bytes()).unwrap());
                let levels = candidates(&scope, &key, &[IdForm::Documented, IdForm::Padded]).unwrap();
                found.extend(
                    levels.iter().flat_map(|level| &level.ids).filter(|id| is_meant(id)).map(ToString::to_string),
                );
            }
        }
        found.sort();
        found.dedup();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_id_of_the_level_that_is_named_is_cleared_and_no_other() {
        check(["o", "d", "p", "k"], &["u__org__o__domain__d__project__p__key__k"]);
        check(["o", "d", "", "k"], &["u__org__o__domain__d__key__k", "u__org__o__domain__d__project____key__k"]);
        check(["o", "", "", "k"], &["u__org__o__domain____project____key__k", "u__org__o__key__k"]);
    }

    #[test]
    fn without_an_organization_all_of_them_are() {
        check(
            ["", "", "", "k"],
            &[
                "u__org__o__domain____project____key__k",
                "u__org__o__domain__d__key__k",
                "u__org__o__domain__d__project____key__k",
                "u__org__o__domain__d__project__p__key__k",
                "u__org__o__domain__d__project__q__key__k",
                "u__org__o__key__k",
                "u__org__z__domain____project____key__k",
                "u__org__z__domain__d__key__k",
                "u__org__z__domain__d__project____key__k",
                "u__org__z__domain__d__project__p__key__k",
                "u__org__z__key__k",
            ],
        );
    }

    #[test]
    fn a_name_that_no_secret_can_have_is_refused() {
        for names in [["o", "d", "p", "a b"], ["o", "d", "p__key__a", "k"], ["o", "d*", "", "k"]] {
            assert!(meant(names[0], names[1], names[2], names[3]).is_err(), "{names:?}");
        }
    }
}
