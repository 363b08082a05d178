//! What stands between many reviews and one source: answers that are kept, calls that are shared, a limit that gives way.
//!
//! A [`Cached`] source asks another one at most once at a time for each id, on behalf of everybody who waits for it. A
//! [`Limiter`] bounds how many such calls are under way, and bounds them more closely while the source throttles.

mod cached;
mod entry;
mod flight;
mod fly;
mod key;
mod limiter;
mod metrics;
mod part;
mod ride;
mod store;

pub use cached::{Cached, Settings};
pub use limiter::{Limiter, Permit, Verdict};
pub use metrics::Metrics;
