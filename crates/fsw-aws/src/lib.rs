//! Secrets out of AWS Secrets Manager: a [`SecretSource`](fsw_source::SecretSource) on AWS's SDK.
//!
//! Each question is one attempt, bounded in time; [`Patient`](fsw_source::Patient) asks again. What the SDK says went
//! wrong becomes a [`SourceError`](fsw_source::SourceError) by class, never by its `Debug` text: that shows the body of
//! the response, and with it a secret.

mod classify;
mod connect;
mod explain;
mod metrics;
mod source;

use fsw_source::Failure;

pub use connect::{ConnectError, Settings};
pub use metrics::Metrics;
pub use source::AwsSource;

/// Whether AWS says that there are too many calls.
pub fn is_throttling(failure: &Failure) -> bool {
    failure.explanation == explain::THROTTLED
}

/// Whether AWS, or its token service, throttles, has a fault or does not answer. Without credentials that are good it is
/// not: nobody knows what AWS would say.
pub fn is_outage(failure: &Failure) -> bool {
    use explain::{CONNECTION_CLOSED, FAULT, NETWORK, THROTTLED, TIMEOUT, TRUNCATED};
    let explanations = [TIMEOUT, NETWORK, CONNECTION_CLOSED, TRUNCATED, THROTTLED, FAULT];
    failure.code == classify::NO_TOKEN_SERVICE || explanations.contains(&failure.explanation.as_str())
}
