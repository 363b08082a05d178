//! What can be measured of the certificate and the registration.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, OnceLock};

use fsw_server::Certificate;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

/// Reads the end of the certificate whenever it is asked, once there is one.
#[derive(Debug)]
struct Expiry(Arc<OnceLock<Arc<Certificate>>>);

impl Collector for Expiry {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let Some(certificate) = self.0.get() else { return Ok(()) };
        let chain = certificate.chain();
        let Some(not_after) = fsw_cluster::not_after(&String::from_utf8_lossy(&chain)) else { return Ok(()) };
        let gauge = ConstGauge::new(not_after);
        let help = "When the certificate that is served ends, as seconds since 1970";
        let encoder = encoder.encode_descriptor(
            "certificate_expiry_timestamp",
            help,
            Some(&Unit::Seconds),
            gauge.metric_type(),
        )?;
        gauge.encode(encoder)
    }
}

/// Registers what is measured of the certificate, which is still to be put there.
pub(crate) fn register_expiry(registry: &mut Registry) -> Arc<OnceLock<Arc<Certificate>>> {
    let certificate = Arc::default();
    registry.register_collector(Box::new(Expiry(Arc::clone(&certificate))));
    certificate
}

/// 1 while certificates and registration are as they should be, 0 while they are not.
pub(crate) fn register_order(registry: &mut Registry) -> Gauge<i64, AtomicI64> {
    let gauge = Gauge::default();
    registry.register(
        "cluster_in_order",
        "1 while the shared Secret and the MutatingWebhookConfiguration are as they should be, or are someone else's",
        gauge.clone(),
    );
    gauge
}
