use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::{Answer, Failure, Seat, SecretId, SecretSource, SourceError, Version, WaitingRoom};

/// The first pause is up to this long; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer, so that a source that is back is noticed soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A source for one review: asks `inner` again while it is unavailable, with growing pauses of random length, until
/// the deadline. A quick refusal would kill the task; time inside the call saves it.
///
/// The first pause takes a seat in the waiting room for the whole review. Without one, the review is answered at once.
pub struct Patient {
    inner: Arc<dyn SecretSource>,
    deadline: Instant,
    room: WaitingRoom,
    seat: Mutex<Option<Seat>>,
}

impl Patient {
    /// Asks `inner` until `deadline`.
    pub fn new(inner: Arc<dyn SecretSource>, deadline: Instant, room: WaitingRoom) -> Self {
        Self { inner, deadline, room, seat: Mutex::new(None) }
    }

    async fn ask(&self, id: &SecretId, version: &Version) -> Result<Answer, SourceError> {
        let mut last = None;
        for attempt in 0.. {
            match timeout_at(self.deadline, self.inner.get(id, version)).await {
                Err(_) => return Err(self.too_late(attempt, last)),
                Ok(Err(SourceError::Unavailable(failure))) => last = Some(failure),
                Ok(answer) => return answer,
            }
            if !self.take_seat() {
                return Err(self.no_seat(last));
            }
            let next = Instant::now() + pause(attempt);
            if next >= self.deadline {
                return Err(self.too_late(attempt, last));
            }
            sleep_until(next).await;
        }
        Err(self.too_late(u32::MAX, last))
    }

    /// Whether this review may wait.
    fn take_seat(&self) -> bool {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        if seat.is_none() {
            *seat = self.room.sit();
        }
        seat.is_some()
    }

    /// What is said when the deadline is near: the last thing that was heard of the source.
    fn too_late(&self, attempt: u32, last: Option<Failure>) -> SourceError {
        let mut failure = last.unwrap_or_else(|| Failure {
            code: "Timeout".to_owned(),
            explanation: format!("no answer from {} before the review's deadline", self.place()),
            request_id: None,
        });
        if attempt > 0 {
            failure.explanation.push_str(&format!("; asked {} times", attempt.saturating_add(1)));
        }
        SourceError::Unavailable(failure)
    }

    fn no_seat(&self, last: Option<Failure>) -> SourceError {
        let mut failure = last.unwrap_or_default();
        let size = self.room.size();
        failure
            .explanation
            .push_str(&format!("; {size} reviews wait for it already (secretsWebhook.maxWaitingReviews)"));
        SourceError::Unavailable(failure)
    }
}

/// Full jitter: anything from nothing to the longest pause of this attempt.
fn pause(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(LONGEST_PAUSE);
    longest.mul_f64(fastrand::f64())
}

impl SecretSource for Patient {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        self.ask(id, version).boxed()
    }

    fn place(&self) -> &str {
        self.inner.place()
    }
}
