use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::{Answer, Patience, SecretId, SecretSource, SourceError, Version, WaitingRoom};

/// A source for one review: asks `inner` with the patience of that review. A quick refusal would kill the task; time
/// inside the call saves it.
pub struct Patient {
    inner: Arc<dyn SecretSource>,
    patience: Patience,
}

impl Patient {
    /// Asks `inner` until `deadline`, from a seat in `room` while it is out of service.
    pub fn new(inner: Arc<dyn SecretSource>, deadline: Instant, room: WaitingRoom) -> Self {
        Self { inner, patience: Patience::new(deadline, room) }
    }
}

impl SecretSource for Patient {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        self.inner.get_patiently(id, version, &self.patience)
    }

    fn peek(&self, id: &SecretId, version: &Version) -> Option<Answer> {
        self.inner.peek(id, version)
    }

    fn place(&self) -> &str {
        self.inner.place()
    }
}
