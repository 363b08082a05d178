use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How far the client of an HTTP/1 connection is. An idle one may take its time; one that has begun a request may not.
#[derive(Clone)]
pub(crate) struct Progress(Arc<watch::Sender<Step>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    /// Bytes have come, and no whole head.
    Begun,
    /// A request is being answered.
    AtWork,
}

/// A request is being answered, until dropped.
pub(crate) struct Work(Progress);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Step::Idle)))
    }
}

impl Progress {
    /// Bytes have come.
    pub(crate) fn bytes(&self) {
        if *self.0.borrow() == Step::Idle {
            self.0.send_replace(Step::Begun);
        }
    }

    /// A head has come.
    pub(crate) fn work(&self) -> Work {
        self.0.send_replace(Step::AtWork);
        Work(self.clone())
    }

    /// Waits until a head takes longer than it may.
    pub(crate) async fn is_slow(&self, allowed: Duration) {
        let mut steps = self.0.subscribe();
        loop {
            if steps.wait_for(|step| *step == Step::Begun).await.is_err() {
                std::future::pending::<()>().await;
            }
            if timeout(allowed, steps.wait_for(|step| *step != Step::Begun)).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.0.send_replace(Step::Idle);
    }
}
