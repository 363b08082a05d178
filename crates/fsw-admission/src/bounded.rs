use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::{Denial, DenialKind, MutatePod, Mutation, PodReview};

/// Bounds how many pods may wait for something. One that needs nothing is never told to come again because others wait.
pub(crate) struct Bounded {
    mutate: Arc<dyn MutatePod>,
    places: Semaphore,
    retry_after: Duration,
}

impl Bounded {
    pub(crate) fn new(mutate: Arc<dyn MutatePod>, places: usize, retry_after: Duration) -> Self {
        Self { mutate, places: Semaphore::new(places), retry_after }
    }

    fn crowded(&self) -> Denial {
        let message = "none of the secret managers injected secret []: as many reviews wait as may (secretsWebhook.maxConcurrentReviews)".to_owned();
        let kind = DenialKind::Unavailable { retry_after: self.retry_after };
        Denial { kind, facts: message.clone(), message }
    }
}

impl MutatePod for Bounded {
    fn mutate(&self, review: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        let mut asked = self.mutate.mutate(review);
        let bounded = async move {
            if let Some(result) = (&mut asked).now_or_never() {
                return result;
            }
            match self.places.try_acquire() {
                Ok(_place) => asked.await,
                Err(_) => Err(self.crowded()),
            }
        };
        bounded.boxed()
    }
}
