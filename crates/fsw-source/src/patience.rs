use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::{Answer, Failure, Seat, SecretId, SecretSource, SourceError, Version, WaitingRoom};

/// The first pause is up to this long; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// No pause is longer, so that a source that is back is noticed soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long one review waits for a source that is out of service: until its deadline, if it has a seat in the waiting
/// room. One seat is good for all that the review waits for.
#[derive(Debug)]
pub struct Patience {
    deadline: Instant,
    room: WaitingRoom,
    seat: Mutex<Option<Seat>>,
}

impl Patience {
    /// The patience of a review that has to be answered by `deadline`.
    pub fn new(deadline: Instant, room: WaitingRoom) -> Self {
        Self { deadline, room, seat: Mutex::new(None) }
    }

    /// When it ends.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the review may wait: it has a seat, or gets one now.
    pub fn take_seat(&self) -> bool {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        if seat.is_none() {
            *seat = self.room.sit();
        }
        seat.is_some()
    }

    /// What is said when the deadline is near: the last thing that was heard of the source, which was `asked` so many
    /// times.
    pub fn too_late(&self, place: &str, asked: u32, last: Option<Arc<Failure>>) -> SourceError {
        let nothing = || silent(format!("no answer from {place} before the review's deadline"));
        let mut failure = last.map_or_else(nothing, Arc::unwrap_or_clone);
        if asked > 1 {
            failure.explanation.push_str(&format!("; asked {asked} times"));
        }
        SourceError::Unavailable(failure.into())
    }

    /// What is said when there is no seat.
    pub fn no_seat(&self, place: &str, last: Option<Arc<Failure>>) -> SourceError {
        let nothing = || silent(format!("no answer from {place} yet"));
        let mut failure = last.map_or_else(nothing, Arc::unwrap_or_clone);
        let size = self.room.size();
        failure
            .explanation
            .push_str(&format!("; {size} reviews wait for it already (secretsWebhook.maxWaitingReviews)"));
        SourceError::Unavailable(failure.into())
    }
}

fn silent(explanation: String) -> Failure {
    Failure { code: "Timeout".to_owned(), explanation, request_id: None }
}

/// Asks for as long as there is patience, with growing pauses of random length. The first pause takes the seat.
pub(crate) async fn ask<S: SecretSource + ?Sized>(
    source: &S,
    id: &SecretId,
    version: &Version,
    patience: &Patience,
) -> Result<Answer, SourceError> {
    let mut last = None;
    for asked in 1.. {
        match timeout_at(patience.deadline, source.get(id, version)).await {
            Err(_) => return Err(patience.too_late(source.place(), asked, last)),
            Ok(Err(SourceError::Unavailable(failure))) => last = Some(failure),
            Ok(answer) => return answer,
        }
        if !patience.take_seat() {
            return Err(patience.no_seat(source.place(), last));
        }
        let next = Instant::now() + pause(asked);
        if next >= patience.deadline {
            return Err(patience.too_late(source.place(), asked, last));
        }
        sleep_until(next).await;
    }
    Err(patience.too_late(source.place(), u32::MAX, last))
}

/// Waits half a second: so long may be waited for what would only complete an answer that is sure already. Nobody who waits
/// no longer needs a seat.
pub async fn moment() {
    sleep(Duration::from_millis(500)).await;
}

/// How long to wait after a source was asked so many times in vain. Full jitter: anything from nothing to the longest
/// pause there may be.
pub fn pause(asked: u32) -> Duration {
    let doubled = 1_u32.checked_shl(asked.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE).mul_f64(fastrand::f64())
}
