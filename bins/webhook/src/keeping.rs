use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use fsw_cluster::{Keeper, Material};
use fsw_server::{Certificate, Health, Shutdown};
use prometheus_client::metrics::gauge::Gauge;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::cluster;

/// What keeps certificate and registration right for as long as this program runs.
pub(crate) struct Keeping {
    /// `None`: there is nothing to keep.
    pub(crate) keeper: Option<Keeper>,
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) health: Health,
    pub(crate) in_order: Gauge<i64, AtomicI64>,
    /// When to leave it to the other replicas.
    pub(crate) stopped: Shutdown,
}

impl Keeping {
    /// Starts it. Ready once the API server agrees to the registration; at once, where there is nothing to keep.
    pub(crate) fn start(self) -> Option<JoinHandle<()>> {
        let Self { keeper, certificate, health, in_order, stopped } = self;
        let Some(keeper) = keeper else {
            in_order.set(1);
            health.set_ready();
            return None;
        };
        Some(tokio::spawn(async move {
            cluster::persist(|| keeper.rehearse()).await;
            health.set_ready();
            let renewed = |Material { certificate: chain, key }| match certificate.replace(&chain, &key) {
                Ok(true) => info!("certificate replaced"),
                Ok(false) => {}
                Err(error) => warn!(%error, "the certificate of the Secret cannot be used; the one before stays"),
            };
            let tell = |is_in_order: bool| {
                in_order.set(is_in_order.into());
            };
            let stopped = async {
                stopped.asked().await;
            };
            keeper.keep_until(stopped, renewed, tell).await;
        }))
    }
}
