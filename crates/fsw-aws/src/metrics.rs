use fsw_source::{Answer, SourceError};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::is_throttling;

/// What is counted about calls to AWS.
#[derive(Debug, Clone)]
pub struct Metrics {
    calls: Family<Labels, Counter>,
    duration: Histogram,
    in_flight: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Found,
    NotFound,
    Deleted,
    Denied,
    Throttled,
    Unavailable,
    Unusable,
}

impl Outcome {
    pub(crate) fn of(answer: &Result<Answer, SourceError>) -> Self {
        match answer {
            Ok(Answer::Found(_) | Answer::Stale(_)) => Self::Found,
            Ok(Answer::NotFound) => Self::NotFound,
            Ok(Answer::MarkedForDeletion) => Self::Deleted,
            Err(SourceError::Denied(_)) => Self::Denied,
            Err(error) if is_throttling(error.failure()) => Self::Throttled,
            Err(SourceError::Unavailable(_)) => Self::Unavailable,
            Err(SourceError::Unusable(_)) => Self::Unusable,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NotFound => "not-found",
            Self::Deleted => "deleted",
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Unusable => "unusable",
        }
    }
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
            calls: Family::default(),
            // From 1 ms to about 8 s.
            duration: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            in_flight: Gauge::default(),
        };
        registry.register("aws_calls", "Calls to AWS Secrets Manager, by outcome", metrics.calls.clone());
        let help = "Time of a call to AWS Secrets Manager";
        registry.register_with_unit("aws_call_duration", help, Unit::Seconds, metrics.duration.clone());
        registry.register("aws_calls_in_flight", "Calls to AWS that are not answered yet", metrics.in_flight.clone());
        metrics
    }

    pub(crate) fn record(&self, outcome: Outcome, seconds: f64) {
        self.calls.get_or_create(&Labels { outcome }).inc();
        self.duration.observe(seconds);
    }

    /// Counts a call for as long as the guard lives: whoever waits for it may go away at any time.
    pub(crate) fn enter(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }
}

pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
