//! The limit follows what the source can take.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{Fake, Say, Under, id_of, settings};
use fsw_cache::{Limiter, Settings, Verdict};
use fsw_source::{SecretSource, Version};
use futures_util::FutureExt;
use futures_util::future::join_all;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::advance;

const RESTED: Duration = Duration::from_secs(1);

async fn see(limiter: &Limiter, verdict: Verdict, times: usize) {
    for _ in 0..times {
        limiter.enter().await.leave(verdict);
    }
    tokio::task::yield_now().await;
    advance(RESTED).await;
    tokio::task::yield_now().await;
}

#[tokio::test(start_paused = true)]
async fn throttling_lowers_the_limit_and_good_answers_raise_it() {
    let gauge = Gauge::default();
    let limiter = Limiter::new(64, gauge.clone());
    see(&limiter, Verdict::Throttled, 1).await;
    assert_eq!(limiter.limit(), 57);
    see(&limiter, Verdict::Throttled, 50).await;
    assert_eq!((limiter.limit(), gauge.get()), (2, 2));
    see(&limiter, Verdict::Failed, 50).await;
    assert_eq!(limiter.limit(), 2);
    see(&limiter, Verdict::Good, 4).await;
    assert_eq!(limiter.limit(), 4);
    see(&limiter, Verdict::Good, 200).await;
    assert_eq!((limiter.limit(), gauge.get()), (64, 64));
}

/// How many get in without waiting.
fn room(limiter: &Limiter) -> usize {
    let permits: Vec<_> = std::iter::from_fn(|| limiter.enter().now_or_never()).take(1_000).collect();
    permits.len()
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_than_the_limit_are_under_way() {
    let limiter = Limiter::new(10, Gauge::default());
    assert_eq!(room(&limiter), 10);
    see(&limiter, Verdict::Throttled, 3).await;
    assert_eq!((limiter.limit(), room(&limiter)), (7, 7));
    // Also where places are taken while the limit falls, and others wait for them.
    let taken: Vec<_> = join_all((0..7).map(|_| limiter.enter())).await;
    let mut waiting = Box::pin(limiter.enter());
    assert!(waiting.as_mut().now_or_never().is_none());
    for permit in taken {
        permit.leave(Verdict::Throttled);
    }
    tokio::task::yield_now().await;
    advance(RESTED).await;
    tokio::task::yield_now().await;
    drop(waiting);
    assert_eq!((limiter.limit(), room(&limiter)), (3, 3));
    see(&limiter, Verdict::Good, 100).await;
    assert_eq!(room(&limiter), 10);
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_throttled_call_rests() {
    let limiter = Limiter::new(1, Gauge::default());
    limiter.enter().await.leave(Verdict::Throttled);
    tokio::task::yield_now().await;
    assert_eq!(room(&limiter), 0);
    advance(RESTED).await;
    tokio::task::yield_now().await;
    assert_eq!(room(&limiter), 1);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_the_queue() {
    let limiter = Limiter::new(1, Gauge::default());
    let taken = limiter.enter().await;
    let mut gone = Box::pin(limiter.enter());
    let mut next = Box::pin(limiter.enter());
    assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
    drop(gone);
    drop(taken);
    assert!(next.now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_nobody_waits_for_leaves_the_queue_without_a_call() {
    let fake = Fake::gated(Say::Value("v"));
    let under = Under::new(&fake, Settings { max_concurrency: 1, ..settings() });
    let ask = |key: &'static str| {
        let cached = under.cached.clone();
        tokio::spawn(async move { cached.get(&id_of(key), &Version::Current).await })
    };
    let first = ask("first");
    fake.called(1).await;
    let gone = ask("gone");
    while under.metric("cache_misses_total") < 2 {
        tokio::task::yield_now().await;
    }
    gone.abort();
    let _ = gone.await;
    let last = ask("last");
    fake.let_through(10);
    first.await.unwrap().unwrap();
    last.await.unwrap().unwrap();
    assert_eq!((fake.calls(), fake.most()), (2, 1));
    assert!(under.cached.peek(&id_of("gone"), &Version::Current).is_none());
}

#[tokio::test(start_paused = true)]
async fn three_thousand_cold_secrets_never_make_more_calls_at_a_time_than_allowed() {
    let fake = Fake::slow(Say::Value("v"), Duration::from_millis(20));
    let under = Under::new(&fake, settings());
    let ids: Vec<_> = (0..3_000).map(|n| id_of(&format!("k{n}"))).collect();
    for answer in join_all(ids.iter().map(|id| under.ask(id))).await {
        assert_eq!(answer, "v");
    }
    assert_eq!((fake.calls(), fake.most()), (3_000, 64));
}
