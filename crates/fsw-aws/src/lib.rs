//! Secrets out of AWS Secrets Manager: a [`SecretSource`](fsw_source::SecretSource) on AWS's SDK.
//!
//! Each question is one attempt, bounded in time; [`Patient`](fsw_source::Patient) asks again. What the SDK says went
//! wrong becomes a [`SourceError`] by class, never by its `Debug` text: that shows the body of
//! the response, and with it a secret.

mod classify;
mod connect;
mod explain;
mod metrics;
mod source;

use fsw_source::SourceError;

pub use connect::{ConnectError, Settings};
pub use metrics::Metrics;
pub use source::AwsSource;

/// Whether AWS says that there are too many calls.
pub fn is_throttling(error: &SourceError) -> bool {
    matches!(error, SourceError::Unavailable(failure) if failure.explanation == explain::THROTTLED)
}
