use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::Outcome;

/// What is counted about reviews.
#[derive(Debug, Clone)]
pub struct Metrics {
    reviews: Family<Labels, Counter>,
    duration: Histogram,
    in_flight: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: Outcome,
}

impl EncodeLabelValue for Outcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.as_str().encode(encoder)
    }
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reviews: Family::default(),
            // From 50 µs to about 50 s, so that both a warm pod and one that waits for AWS have their place.
            duration: Histogram::new(exponential_buckets(0.000_05, 2.0, 21)),
            in_flight: Gauge::default(),
        };
        registry.register("reviews", "Reviews answered, by outcome", metrics.reviews.clone());
        let help = "Time from a review's arrival to its answer";
        registry.register_with_unit("review_duration", help, Unit::Seconds, metrics.duration.clone());
        registry.register("reviews_in_flight", "Reviews being worked on", metrics.in_flight.clone());
        metrics
    }

    /// Counts a review as being worked on for as long as the guard lives: its client may go away at any time.
    pub(crate) fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    pub(crate) fn record(&self, outcome: Outcome, seconds: f64) {
        self.reviews.get_or_create(&Labels { outcome }).inc();
        self.duration.observe(seconds);
    }
}

pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
