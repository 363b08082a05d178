use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use fsw_cluster::{Identity, Keeper, Material};
use fsw_config::Config;
use fsw_server::Certificate;
use tracing::warn;

use crate::args::RunArgs;
use crate::cluster;

/// How long a certificate for trying things out is good for.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// The certificate to begin with: of the shared Secret, of the mounted files, or made on the spot.
pub(crate) async fn certificate(
    args: &RunArgs,
    config: &Config,
    keeper: Option<&Keeper>,
) -> anyhow::Result<Certificate> {
    if let Some(keeper) = keeper
        && let Some(Material { certificate, key }) = cluster::persist(|| keeper.material()).await
    {
        return Ok(Certificate::from_pem(&certificate, &key)?);
    }
    if !args.self_signed {
        return Ok(Certificate::load(&config.webhook.cert_dir)?);
    }
    warn!("serving with a certificate made on the spot: this is for trying things out");
    let service = &config.webhook.service_name;
    let names = [
        "localhost".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        Ipv6Addr::LOCALHOST.to_string(),
        service.clone(),
        format!("{service}.flyte.svc"),
    ];
    let made = Identity::new(&names, A_DAY, SystemTime::now())?;
    if let Some(path) = &args.ca_out {
        std::fs::write(path, &made.authority).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(Certificate::from_pem(&made.certificate, &made.key)?)
}
