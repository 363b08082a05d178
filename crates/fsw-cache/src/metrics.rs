use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// What is counted about the cache and its calls.
#[derive(Debug, Clone)]
pub struct Metrics {
    pub(crate) hits: Counter,
    pub(crate) misses: Counter,
    pub(crate) shared: Counter,
    pub(crate) refreshes: Counter,
    pub(crate) stale: Counter,
    pub(crate) invalidations: Counter,
    pub(crate) limit: Gauge,
    evictions: Family<Labels, Counter>,
    entries: Gauge,
    size: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    cause: Cause,
}

/// Why an entry went that nobody took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    Size,
    Expired,
}

impl EncodeLabelValue for Cause {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Size => "size",
            Self::Expired => "expired",
        }
        .encode(encoder)
    }
}

impl Metrics {
    /// Makes the metrics and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            hits: Counter::default(),
            misses: Counter::default(),
            shared: Counter::default(),
            refreshes: Counter::default(),
            stale: Counter::default(),
            invalidations: Counter::default(),
            limit: Gauge::default(),
            evictions: Family::default(),
            entries: Gauge::default(),
            size: Gauge::default(),
        };
        let mut counter = |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("cache_hits", "Ids answered from the cache", &metrics.hits);
        counter("cache_misses", "Ids not in the cache, for which a fetch began", &metrics.misses);
        counter("cache_shared_flights", "Ids not in the cache, whose fetch was already under way", &metrics.shared);
        counter("cache_refreshes", "Fetches in the background, before an entry expires", &metrics.refreshes);
        counter("cache_stale_answers", "Expired entries served while AWS was unavailable", &metrics.stale);
        counter("cache_invalidations", "Requests to clear a secret", &metrics.invalidations);
        registry.register("cache_evictions", "Entries that went, by cause", metrics.evictions.clone());
        registry.register("cache_entries", "Entries in the cache", metrics.entries.clone());
        let help = "Size of all entries, with what each costs beside its value";
        registry.register_with_unit("cache_size", help, Unit::Bytes, metrics.size.clone());
        registry.register("aws_call_limit", "How many calls to AWS may be under way now", metrics.limit.clone());
        metrics
    }

    pub(crate) fn added(&self, weight: u64) {
        self.entries.inc();
        self.size.inc_by(i64::try_from(weight).unwrap_or(i64::MAX));
    }

    pub(crate) fn removed(&self, weight: u64) {
        self.entries.dec();
        self.size.dec_by(i64::try_from(weight).unwrap_or(i64::MAX));
    }

    pub(crate) fn evicted(&self, cause: Cause) {
        self.evictions.get_or_create(&Labels { cause }).inc();
    }
}
