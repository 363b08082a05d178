//! What the subcommands need before they can start.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use fsw_config::{Config, Layers, Level};
use fsw_source::{Patient, SecretSource, WaitingRoom};
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::args::ConfigArgs;

/// The command line asks for something that makes no sense.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// The effective configuration; what is odd about it goes to standard error.
pub(crate) fn config(args: &ConfigArgs) -> anyhow::Result<Config> {
    let mut settings = args.set.clone();
    if let Some(file) = &args.secrets_file {
        settings.push(format!("secretsWebhook.secretsFile={}", file.display()));
    }
    let loaded = fsw_config::load(&Layers::from_process(args.config.clone(), settings))?;
    for finding in loaded.findings.iter().filter(|finding| finding.level != Level::Ignored) {
        warn(finding);
    }
    Ok(loaded.config)
}

/// A runtime of one thread: a probe is in no hurry.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// What secrets are read from, as patient as the webhook is.
pub(crate) async fn source(config: &Config) -> anyhow::Result<Arc<dyn SecretSource>> {
    Ok(Arc::new(Patient::new(plain_source(config).await?, deadline(config), WaitingRoom::new(1))))
}

/// What secrets are read from, each question asked once.
pub(crate) async fn plain_source(config: &Config) -> anyhow::Result<Arc<dyn SecretSource>> {
    if let Some(file) = &config.secrets_webhook.secrets_file {
        warn(format_args!("secrets are read from {}, not from AWS", file.display()));
    }
    Ok(fsw_app::open_source(config, &mut Registry::default()).await?)
}

/// When the webhook would have to answer.
pub(crate) fn deadline(config: &Config) -> Instant {
    Instant::now() + config.webhook.webhook_timeout - Duration::from_millis(500)
}

/// A line on standard error.
pub(crate) fn warn(message: impl fmt::Display) {
    let _ = writeln!(anstream::stderr(), "warning: {message}");
}
