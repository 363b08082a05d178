//! Many reviews while AWS throttles, fails or is away, with clients that come again when they are told to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Fake, Say, Under, id_of, settings};
use fsw_source::{Patient, SecretSource, SourceError, Version, WaitingRoom};
use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep};

const DEADLINE: Duration = Duration::from_secs(10);
/// What a client that was told to come again waits.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// So often client-go comes again.
const RETRIES: usize = 10;

/// Reviews on one webhook.
struct Reviews {
    under: Under,
    room: WaitingRoom,
    refused: AtomicUsize,
}

impl Reviews {
    fn new(fake: &Arc<Fake>) -> Self {
        Self { under: Under::new(fake, settings()), room: WaitingRoom::new(64), refused: 0.into() }
    }

    /// One review of a pod with these secrets.
    async fn review(&self, keys: &[String]) -> Result<(), SourceError> {
        let begin = Instant::now();
        let source = Arc::new(self.under.cached.clone());
        let patient = Patient::new(source, begin + DEADLINE, self.room.clone());
        let version = Version::Current;
        let ids: Vec<_> = keys.iter().map(|key| id_of(key)).collect();
        let answers = join_all(ids.iter().map(|id| patient.get(id, &version))).await;
        assert!(begin.elapsed() <= DEADLINE, "{:?}", begin.elapsed());
        answers.into_iter().try_for_each(|answer| answer.map(drop))
    }

    /// A pod, whose creator comes again when it is told to. Whether it was admitted.
    async fn pod(&self, keys: &[String]) -> bool {
        for _ in 0..=RETRIES {
            if self.review(keys).await.is_ok() {
                return true;
            }
            self.refused.fetch_add(1, Ordering::Relaxed);
            sleep(RETRY_AFTER).await;
        }
        false
    }

    /// So many pods with five secrets each, of their own or all the same; how many are admitted.
    async fn pods(&self, count: usize, own: bool) -> usize {
        let keys: Vec<Vec<String>> =
            (0..count).map(|pod| (0..5).map(|n| format!("k{}-{n}", if own { pod } else { 0 })).collect()).collect();
        join_all(keys.iter().map(|keys| self.pod(keys))).await.into_iter().filter(|admitted| *admitted).count()
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_fifth_of_all_calls_failing_six_hundred_cold_pods_are_admitted() {
    for own in [true, false] {
        let fake = Fake::slow(Say::Value("v"), Duration::from_millis(20));
        fake.fail(0.2);
        let reviews = Reviews::new(&fake);
        assert_eq!(reviews.pods(600, own).await, 600);
        let secrets = if own { 3_000 } else { 5 };
        assert!(fake.calls() < secrets * 2 + 50, "{} calls for {secrets} secrets", fake.calls());
        assert!(fake.most() <= 64, "{}", fake.most());
        assert_eq!(reviews.room.taken(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_seconds_costs_no_pod() {
    for say in [Say::Down, Say::Throttled] {
        let fake = Fake::slow(say, Duration::from_millis(20));
        let reviews = Arc::new(Reviews::new(&fake));
        let pods = tokio::spawn({
            let reviews = Arc::clone(&reviews);
            async move { reviews.pods(300, true).await }
        });
        sleep(Duration::from_secs(20)).await;
        assert!(reviews.room.taken() <= 64);
        fake.say(Say::Value("v"));
        assert_eq!(pods.await.unwrap(), 300);
        assert!(reviews.refused.load(Ordering::Relaxed) > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_for_good_answers_each_review_in_time_and_leaves_nothing_behind() {
    for say in [Say::Down, Say::Throttled] {
        let fake = Fake::new(say);
        let reviews = Reviews::new(&fake);
        assert_eq!(reviews.pods(200, true).await, 0);
        assert_eq!(reviews.refused.load(Ordering::Relaxed), 200 * (RETRIES + 1));
        for _ in 0..10 {
            advance(Duration::from_secs(3)).await;
            tokio::task::yield_now().await;
        }
        assert_eq!((reviews.room.taken(), reviews.under.metric("cache_entries")), (0, 0));
        // A fetch that is still under way would hold the source.
        drop(reviews);
        assert_eq!(Arc::strong_count(&fake), 1);
    }
}
