use std::time::Duration;

/// What one client may cost.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// So many connections at a time; more wait to be accepted.
    pub connections: usize,
    /// How long a client may take for its TLS handshake, and for the head of a request that it has begun.
    pub header_timeout: Duration,
    /// How long a connection may lie idle. Longer than clients keep theirs: one that sends a request just when its idle
    /// connection is closed sees it fail, and an API server (90 s) would fail a pod.
    pub idle_timeout: Duration,
    /// How long a connection is used before its client is asked to open another; zero: for ever.
    pub max_age: Duration,
    /// How long to go on accepting once a shutdown was asked for, for clients that have not noticed.
    pub drain_delay: Duration,
    /// How long connections may take to end after that.
    pub drain_timeout: Duration,
}
