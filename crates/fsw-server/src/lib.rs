//! Serving: a TLS listener whose certificate can change, the admin port, the port for
//! clearing the cache, draining, logs.
//!
//! A server is built in steps, each of them a type: [`Bound`] has its port, and [`Bound::serve`] runs until a
//! [`Shutdown`] has been asked for and everything in flight is answered.

mod admin;
mod certificate;
mod connection;
mod health;
mod invalidation;
mod limits;
mod logs;
mod progress;
mod serve;
mod shutdown;
mod stream;
mod token;

pub use admin::admin_service;
pub use certificate::{Certificate, CertificateError};
pub use health::{Health, State};
pub use invalidation::invalidation_service;
pub use limits::ConnectionLimits;
pub use logs::{LogFormat, LogsError, init_logs};
pub use serve::{BindError, Bound, Reserved};
pub use shutdown::{Shutdown, Trigger};
pub use token::{Token, TokenError};
