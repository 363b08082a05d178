//! One call serves all who wait for it, for as long as they wait.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Fake, Say, Under, id, id_of, settings, words};
use fsw_cache::Settings;
use fsw_source::{Patient, SecretId, SecretSource, Version, WaitingRoom};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn five_hundred_callers_make_one_call_and_none_is_lost_with_the_first() {
    let fake = Fake::gated(Say::Value("v"));
    let under = Under::new(&fake, Settings { ttl: Duration::ZERO, ..settings() });
    let ask = || {
        let cached = under.cached.clone();
        tokio::spawn(async move { words(&cached.get(&id(), &Version::Current).await) })
    };
    let first = ask();
    fake.called(1).await;
    let others: Vec<_> = (0..499).map(|_| ask()).collect();
    while under.metric("cache_shared_flights_total") < 499 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    fake.let_through(1);
    for other in others {
        assert_eq!(other.await.unwrap(), "v");
    }
    assert_eq!(fake.calls(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_on_many_threads_make_one_call() {
    let fake = Fake::gated(Say::Value("v"));
    let under = Under::new(&fake, settings());
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let cached = under.cached.clone();
            tokio::spawn(async move { words(&cached.get(&id(), &Version::Current).await) })
        })
        .collect();
    fake.called(1).await;
    fake.let_through(500);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "v");
    }
    assert_eq!(fake.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_its_only_caller_and_its_answer_is_kept() {
    let fake = Fake::gated(Say::Value("v"));
    let under = Under::new(&fake, settings());
    let cached = under.cached.clone();
    let caller = tokio::spawn(async move { cached.get(&id(), &Version::Current).await });
    fake.called(1).await;
    caller.abort();
    let _ = caller.await;
    fake.let_through(1);
    while under.cached.peek(&id(), &Version::Current).is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fake.calls(), 1);
}

/// A review that waits for a secret.
fn review(under: &Under, id: SecretId, patience: Duration, room: &WaitingRoom) -> JoinHandle<String> {
    let source = Arc::new(under.cached.clone());
    let patient = Patient::new(source, Instant::now() + patience, room.clone());
    tokio::spawn(async move { words(&patient.get(&id, &Version::Current).await) })
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn reviews_that_wait_for_one_secret_share_its_retries() {
    let fake = Fake::new(Say::Down);
    let under = Under::new(&fake, settings());
    let room = WaitingRoom::new(100);
    let reviews: Vec<_> = (0..100).map(|_| review(&under, id(), LONG, &room)).collect();
    let half_way = Instant::now() + LONG / 2;
    while Instant::now() < half_way {
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(room.taken(), 100);
    // With pauses of up to a second or so between them.
    let in_vain = fake.calls();
    assert!((4..=40).contains(&in_vain), "{in_vain} calls");
    fake.say(Say::Value("v"));
    for review in reviews {
        assert_eq!(review.await.unwrap(), "v");
    }
    assert_eq!((fake.calls(), room.taken()), (in_vain + 1, 0));
}

/// Who waits looks at the time every 250 ms.
fn is_shortly_before(deadline: Duration, begin: Instant) -> bool {
    (deadline - Duration::from_millis(250)..=deadline).contains(&begin.elapsed())
}

#[tokio::test(start_paused = true)]
async fn each_review_is_answered_before_its_own_deadline_and_then_nobody_asks_any_more() {
    let fake = Fake::new(Say::Down);
    let under = Under::new(&fake, settings());
    let room = WaitingRoom::new(100);
    let begin = Instant::now();
    let reviews: Vec<_> =
        [2, 10, 5].map(|seconds| review(&under, id(), Duration::from_secs(seconds), &room)).into_iter().collect();
    for (review, seconds) in reviews.into_iter().zip([2, 10, 5]) {
        let answer = review.await.unwrap();
        assert!(answer.starts_with("unavailable: explained; asked ") && answer.contains(" times"), "{answer}");
        assert!(begin.elapsed() <= Duration::from_secs(seconds.max(10)));
    }
    assert!(is_shortly_before(Duration::from_secs(10), begin));
    assert!((6..60).contains(&fake.calls()), "{}", fake.calls());
    advance(LONG).await;
    let calls = fake.calls();
    for _ in 0..100 {
        advance(LONG).await;
    }
    assert_eq!((fake.calls(), room.taken()), (calls, 0));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_says_nothing_is_given_up_at_the_deadline() {
    let fake = Fake::new(Say::Hang);
    let under = Under::new(&fake, settings());
    let answer = review(&under, id(), LONG, &WaitingRoom::new(1)).await.unwrap();
    assert_eq!(answer, "unavailable: no answer from the fake before the review's deadline (Timeout)");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_waiting_room_reviews_are_answered_at_once() {
    for (say, code) in [(Say::Down, "explained"), (Say::Hang, "no answer from the fake yet")] {
        let fake = Fake::new(say);
        let under = Under::new(&fake, settings());
        let room = WaitingRoom::new(3);
        let begin = Instant::now();
        let reviews: Vec<_> = (0..10).map(|_| review(&under, id(), LONG, &room)).collect();
        let mut refused = Vec::new();
        for review in &mut { reviews } {
            let answer = review.await.unwrap();
            if answer.contains("3 reviews wait for it already (secretsWebhook.maxWaitingReviews)") {
                assert!(answer.contains(code), "{answer}");
                refused.push(answer);
            }
        }
        assert_eq!(refused.len(), 7);
        assert!(is_shortly_before(LONG, begin));
    }
}

#[tokio::test(start_paused = true)]
async fn a_review_that_comes_while_the_source_is_down_does_not_begin_to_wait_without_a_seat() {
    let fake = Fake::new(Say::Down);
    let under = Under::new(&fake, settings());
    let room = WaitingRoom::new(1);
    let waiting = review(&under, id(), LONG, &room);
    while room.taken() == 0 {
        advance(Duration::from_millis(100)).await;
    }
    let now = Instant::now();
    let answer = review(&under, id(), LONG, &room).await.unwrap();
    assert!(answer.contains("1 reviews wait for it already"), "{answer}");
    assert_eq!(now.elapsed(), Duration::ZERO);
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_needs_no_seat() {
    let fake = Fake::new(Say::Throttled);
    let under = Under::new(&fake, settings());
    let reviews: Vec<_> = (0..600).map(|_| review(&under, id(), LONG, &WaitingRoom::new(0))).collect();
    fake.called(1).await;
    fake.say(Say::Value("v"));
    for answer in join_all(reviews).await {
        assert_eq!(answer.unwrap(), "v");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_holds_up_nobody_else() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, settings());
    let room = WaitingRoom::new(64);
    under.ask(&id_of("cached")).await;
    fake.say_of(id_of("slow").as_str(), Say::Hang);
    fake.say_of(id_of("down").as_str(), Say::Down);
    let waiting: Vec<_> =
        (0..64).map(|n| review(&under, id_of(if n % 2 == 0 { "slow" } else { "down" }), LONG, &room)).collect();
    while room.taken() < 64 {
        advance(Duration::from_millis(100)).await;
    }
    let now = Instant::now();
    assert_eq!(review(&under, id_of("cached"), LONG, &room).await.unwrap(), "v");
    assert_eq!(review(&under, id_of("other"), LONG, &room).await.unwrap(), "v");
    assert_eq!(now.elapsed(), Duration::ZERO);
    waiting.iter().for_each(JoinHandle::abort);
}

/// Asks once when it is dropped.
struct AsksAtTheEnd(fsw_cache::Cached);

impl Drop for AsksAtTheEnd {
    fn drop(&mut self) {
        assert!(self.0.get(&id(), &Version::Current).now_or_never().is_none_or(|answer| answer.is_err()));
    }
}

#[test]
fn a_runtime_on_its_way_out_is_not_held_up() {
    let (ended, is_over) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let under = Under::new(&Fake::new(Say::Value("v")), settings());
        let last = AsksAtTheEnd(under.cached);
        runtime.spawn(async move {
            let _last = last;
            std::future::pending::<()>().await;
        });
        drop(runtime);
        ended.send(()).unwrap();
    });
    is_over.recv_timeout(Duration::from_secs(30)).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_breaks_is_told_and_the_next_one_is_another() {
    let fake = Fake::new(Say::Panic);
    let under = Under::new(&fake, settings());
    assert_eq!(under.ask(&id()).await, "unavailable: the call to the fake ended without an answer (Lost)");
    fake.say(Say::Value("v"));
    assert_eq!(under.ask(&id()).await, "v");
}

#[tokio::test(start_paused = true)]
async fn who_comes_shortly_before_its_deadline_still_gets_what_comes_before_it() {
    let fake = Fake::slow(Say::Value("v"), Duration::from_millis(20));
    let under = Under::new(&fake, settings());
    let answer = review(&under, id(), Duration::from_millis(50), &WaitingRoom::new(1)).await.unwrap();
    assert_eq!(answer, "v");
}
