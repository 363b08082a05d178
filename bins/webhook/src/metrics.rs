//! What can be measured of the certificate and the registration.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use fsw_server::Certificate;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

/// Reads the end of the certificate whenever it is asked.
#[derive(Debug)]
struct Expiry(Arc<Certificate>);

impl Collector for Expiry {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let chain = self.0.chain();
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

/// Registers what is measured of the certificate.
pub(crate) fn register_expiry(registry: &mut Registry, certificate: &Arc<Certificate>) {
    registry.register_collector(Box::new(Expiry(Arc::clone(certificate))));
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
