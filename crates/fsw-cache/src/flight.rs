use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fsw_source::{Answer, Failure, SourceError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Limiter;
use crate::key::Key;

/// A source that has not answered by then is slow or out of service: whoever waits longer needs a seat for it.
pub(crate) const BRIEF: Duration = Duration::from_secs(1);

/// Passengers are woken so often, to look whether they need a seat or are late.
pub(crate) const LOOK: Duration = Duration::from_millis(250);

/// One fetch of one id, repeated while the source is unavailable and somebody waits, and shared by all who do.
pub(crate) struct Flight {
    /// What is fetched.
    pub(crate) key: Arc<Key>,
    stage: watch::Sender<Stage>,
    began: Instant,
    wanted_until: Mutex<Instant>,
}

/// How far a flight is.
pub(crate) enum Stage {
    Flying(Progress),
    Landed(Result<Answer, SourceError>),
}

/// What came of the attempts up to now.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    pub(crate) asked: u32,
    pub(crate) last: Option<Arc<Failure>>,
    first_asked: Option<Instant>,
}

impl Flight {
    /// A flight and its first passenger. Until `wanted_until` it goes on without any.
    pub(crate) fn new(key: Arc<Key>, wanted_until: Instant) -> (Self, watch::Receiver<Stage>) {
        let (stage, passenger) = watch::channel(Stage::Flying(Progress::default()));
        (Self { key, stage, began: Instant::now(), wanted_until: Mutex::new(wanted_until) }, passenger)
    }

    pub(crate) fn board(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// Lets it go on until then, passengers or not.
    pub(crate) fn want_until(&self, time: Instant) {
        let mut wanted_until = self.wanted_until.lock().unwrap_or_else(PoisonError::into_inner);
        *wanted_until = time.max(*wanted_until);
    }

    fn wanted_until(&self) -> Instant {
        *self.wanted_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.stage.receiver_count() > 0 || Instant::now() < self.wanted_until()
    }

    /// Waits until nobody wants it any more.
    pub(crate) async fn unwanted(&self) {
        while self.is_wanted() {
            sleep_until(self.wanted_until()).await;
            self.stage.closed().await;
        }
    }

    /// Lets all passengers look again and again, for ever.
    pub(crate) async fn wake(&self) {
        loop {
            sleep(LOOK).await;
            self.stage.send_modify(|_| {});
        }
    }

    /// Counts an attempt that begins now. Nobody has to wake up for that.
    pub(crate) fn ask(&self) -> u32 {
        let mut asked = 0;
        self.stage.send_if_modified(|stage| {
            if let Stage::Flying(progress) = stage {
                progress.asked += 1;
                progress.first_asked.get_or_insert_with(Instant::now);
                asked = progress.asked;
            }
            false
        });
        asked
    }

    /// Tells the passengers that an attempt was in vain.
    pub(crate) fn fail(&self, failure: Arc<Failure>) {
        self.stage.send_modify(|stage| {
            if let Stage::Flying(progress) = stage {
                progress.last = Some(failure);
            }
        });
    }

    /// Tells them the end.
    pub(crate) fn land(&self, result: Result<Answer, SourceError>) {
        self.stage.send_replace(Stage::Landed(result));
    }

    /// Tells those who still wait that there will be no answer, which only a defect can bring about.
    pub(crate) fn crash(&self, place: &str) {
        self.stage.send_if_modified(|stage| {
            let is_flying = matches!(stage, Stage::Flying(_));
            if is_flying {
                let explanation = format!("the call to {place} ended without an answer");
                let failure = Failure { code: "Lost".to_owned(), explanation, request_id: None };
                *stage = Stage::Landed(Err(SourceError::Unavailable(failure.into())));
            }
            is_flying
        });
    }

    /// Whether it takes so long that waiting for it takes a seat. A turn at the limiter may take its time as long as
    /// there are good answers to others.
    pub(crate) fn is_overdue(&self, progress: &Progress, now: Instant, limiter: &Limiter) -> bool {
        match progress.first_asked {
            Some(first) => now >= first + BRIEF,
            None => now >= self.began + BRIEF && !limiter.has_moved_within(BRIEF),
        }
    }
}
