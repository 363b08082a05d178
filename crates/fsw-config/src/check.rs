//! What one setting alone does not tell: successors of old settings, repetitions, ports in conflict, variables in paths.

use std::fmt::Display;
use std::time::Duration;

use figment::Figment;

use crate::expand::{self, Unexpandable};
use crate::{Config, ConfigError, Finding, Layers, Level, SecretManager, SidecarContract, defaults};

/// Kubernetes refuses a webhook registration with a longer timeout.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

/// The configuration that the program works with.
pub(crate) fn settle(
    mut config: Config,
    given: &Figment,
    layers: &Layers,
    findings: &mut Vec<Finding>,
) -> Result<Config, ConfigError> {
    let webhook = &mut config.webhook;
    if let Some(manager) = single_manager(given, findings)? {
        webhook.secret_manager_types = vec![manager];
    }
    webhook.secret_manager_types =
        distinct("webhook.secretManagerTypes", &webhook.secret_manager_types, given, findings);
    config.secrets_webhook.secret_names =
        distinct("secretsWebhook.secretNames", &config.secrets_webhook.secret_names, given, findings);

    if webhook.secret_env_var_prefix.is_empty() {
        let message = "flytekit finds no secret variable without a prefix; the default is _UNION_";
        findings.push(suspicious("webhook.secretEnvVarPrefix", given, message.to_owned()));
    }
    if webhook.webhook_timeout > LONGEST_TIMEOUT {
        let message =
            format!("Kubernetes takes at most 30 seconds, not {}; 30 is used", webhook.webhook_timeout.as_secs());
        findings.push(suspicious("webhook.webhookTimeout", given, message));
        webhook.webhook_timeout = LONGEST_TIMEOUT;
    }
    let sidecar = &config.secrets_webhook.sidecar;
    if sidecar.contract == SidecarContract::Fsw && webhook.aws_secret_manager.sidecar_image == default_sidecar_image() {
        let message =
            "AWS's own image does not understand it; set webhook.awsSecretManager.sidecarImage to one of secrets-fetch";
        findings.push(suspicious("secretsWebhook.sidecar.contract", given, message.to_owned()));
    }
    webhook.cert_dir = cert_dir(&webhook.cert_dir.to_string_lossy(), given, layers)?.into();
    distinct_ports(&config, given)?;
    renewable(&config, given)?;
    Ok(config)
}

fn default_sidecar_image() -> String {
    defaults().webhook.aws_secret_manager.sidecar_image
}

/// `secretManagerType`, Flyte's old setting, where it counts.
fn single_manager(given: &Figment, findings: &mut Vec<Finding>) -> Result<Option<SecretManager>, ConfigError> {
    let path = "webhook.secretManagerType";
    if !given.contains(path) {
        return Ok(None);
    }
    let finding = |level, message: &str| Finding {
        level,
        path: path.to_owned(),
        origin: origin(path, given),
        message: message.to_owned(),
    };
    if given.contains("webhook.secretManagerTypes") {
        findings.push(finding(Level::Ignored, "webhook.secretManagerTypes is given too, and wins"));
        return Ok(None);
    }
    let manager: SecretManager = given.extract_inner(path).map_err(|mut error| {
        error.metadata = given.find_metadata(path).cloned();
        error
    })?;
    findings.push(finding(Level::Deprecated, &format!("write secretManagerTypes: [{manager}]")));
    Ok(Some(manager))
}

fn distinct<T: Copy + PartialEq + Display>(
    path: &str,
    list: &[T],
    given: &Figment,
    findings: &mut Vec<Finding>,
) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for item in list {
        if once.contains(item) {
            findings.push(suspicious(path, given, format!("{item} is listed more than once; the first counts")));
        } else {
            once.push(*item);
        }
    }
    once
}

fn cert_dir(text: &str, given: &Figment, layers: &Layers) -> Result<String, ConfigError> {
    let path = "webhook.certDir";
    expand::expand(text, |name| layers.variable(name)).map_err(|error| ConfigError::Invalid {
        path: path.to_owned(),
        origin: origin(path, given),
        problem: match error {
            Unexpandable::Unset(name) => {
                format!(
                    "{text:?} needs the environment variable {name}, which is not set; set it, or write the path out"
                )
            }
            Unexpandable::Unclosed => {
                format!("{text:?} has a ${{ without its }}; expected for example ${{HOME}}/certs")
            }
        },
    })
}

fn distinct_ports(config: &Config, given: &Figment) -> Result<(), ConfigError> {
    let listen = ("webhook.listenPort", config.webhook.listen_port);
    let invalidation = ("webhook.cacheInvalidationPort", config.webhook.cache_invalidation_port);
    let admin = ("secretsWebhook.adminPort", config.secrets_webhook.admin_port);
    // Port 0 is "off", and only cacheInvalidationPort may be off, so two ports are never both 0.
    for ((first, port), (second, other)) in [(listen, invalidation), (listen, admin), (invalidation, admin)] {
        if port == other {
            let (first_origin, second_origin) = (origin(first, given), origin(second, given));
            return Err(ConfigError::SamePort { first, first_origin, second, second_origin, port });
        }
    }
    Ok(())
}

/// A certificate that is due the moment it is made would be renewed without end.
fn renewable(config: &Config, given: &Figment) -> Result<(), ConfigError> {
    let certificates = &config.secrets_webhook.certificates;
    if certificates.renew_before + 3 * certificates.overlap < certificates.validity {
        return Ok(());
    }
    let path = "secretsWebhook.certificates.renewBefore";
    Err(ConfigError::Invalid {
        path: path.to_owned(),
        origin: origin(path, given),
        problem: format!(
            "{} h before the end and three times the overlap are not shorter than the validity of {} h; make \
             secretsWebhook.certificates.validity longer, or this shorter",
            certificates.renew_before.as_secs_f64() / 3600.0,
            certificates.validity.as_secs_f64() / 3600.0,
        ),
    })
}

fn suspicious(path: &str, given: &Figment, message: String) -> Finding {
    Finding { level: Level::Suspicious, path: path.to_owned(), origin: origin(path, given), message }
}

fn origin(path: &str, given: &Figment) -> String {
    given.find_metadata(path).map_or_else(|| "the defaults".to_owned(), |metadata| metadata.name.to_string())
}
