use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use fsw_aws::{AwsSource, ConnectError};
use fsw_config::{Config, SecretManager};
use fsw_source::{Answer, FileStore, FileStoreError, SecretId, SecretSource, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use prometheus_client::registry::Registry;
use thiserror::Error;
use tracing::warn;

/// Why there is nothing to read secrets from.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file of secrets cannot be read.
    #[error("cannot read the secrets file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of secrets is none.
    #[error(transparent)]
    File(#[from] FileStoreError),
    /// AWS cannot be set up.
    #[error(transparent)]
    Aws(#[from] ConnectError),
}

/// Opens what the embedded manager reads: the secrets file where there is one, otherwise AWS.
///
/// # Errors
/// It cannot be opened. Whether AWS answers is not tried: the webhook starts during an outage too.
pub async fn open_source(config: &Config, registry: &mut Registry) -> Result<Arc<dyn SecretSource>, OpenError> {
    if let Some(path) = &config.secrets_webhook.secrets_file {
        warn!(
            file = %path.display(),
            "SECRETS ARE READ FROM A FILE, NOT FROM AWS: this is for trying things out, never for a cluster that people use"
        );
        let read = |source| OpenError::Read { path: path.clone(), source };
        let yaml = std::fs::read_to_string(path).map_err(read)?;
        return Ok(Arc::new(FileStore::from_yaml(&path.display().to_string(), &yaml)?));
    }
    if !config.webhook.secret_manager_types.contains(&SecretManager::Embedded) {
        return Ok(Arc::new(Nowhere));
    }
    let settings = fsw_aws::Settings {
        region: Some(config.webhook.embedded_secret_manager_config.aws_config.region.clone()).filter(|r| !r.is_empty()),
        endpoint_url: config.secrets_webhook.aws.endpoint_url.clone(),
        attempt_timeout: config.secrets_webhook.aws.attempt_timeout,
        connect_timeout: config.secrets_webhook.aws.connect_timeout,
    };
    let metrics = fsw_aws::Metrics::register(registry);
    Ok(Arc::new(AwsSource::connect(&settings, metrics).await?))
}

/// For a webhook that only lets pods pull their secrets themselves: nobody asks it.
struct Nowhere;

impl SecretSource for Nowhere {
    fn get<'a>(&'a self, _: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        ready(Ok(Answer::NotFound)).boxed()
    }

    fn place(&self) -> &str {
        "no source"
    }
}
