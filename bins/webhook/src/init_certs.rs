use anyhow::Context as _;
use fsw_config::{Layers, Loaded};
use tokio::time::timeout;
use tracing::info;

use crate::{cluster, run};

/// An init container that cannot do its work ends, so that people see it; Kubernetes starts it again.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Makes the Secret of certificates where it is missing, renews it where it is due.
pub(crate) fn init_certs(loaded: &Loaded, layers: &Layers) -> anyhow::Result<()> {
    run::start_logs(loaded)?;
    run::runtime()?.block_on(async {
        let keeper = cluster::secret_keeper(&loaded.config, layers)?;
        let made = timeout(PATIENCE, cluster::persist(|| keeper.material())).await;
        made.context("the Secret of certificates could not be made within a minute; the log says why")
    })?;
    info!(secret = loaded.config.webhook.secret_name, "the certificates are there");
    Ok(())
}
