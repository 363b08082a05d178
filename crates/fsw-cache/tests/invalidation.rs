//! What was invalidated is never served again from memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use common::{Fake, Say, TTL, Under, id, id_of, settings, words};
use fsw_cache::Settings;
use fsw_source::{SecretSource, Version};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::advance;

#[tokio::test(start_paused = true)]
async fn all_versions_of_the_ids_that_are_meant_are_cleared_and_no_other() {
    let fake = Fake::new(Say::Value("old"));
    let under = Under::new(&fake, settings());
    let previous = Version::Stage("AWSPREVIOUS".to_owned());
    under.ask(&id()).await;
    under.ask(&id_of("other")).await;
    under.cached.get(&id(), &previous).await.unwrap();
    fake.say(Say::Value("new"));
    assert_eq!(under.cached.invalidate(|found| *found == id()), 2);
    assert_eq!(under.cached.invalidate(|found| *found == id()), 0);
    assert_eq!(under.ask(&id()).await, "new");
    assert_eq!(words(&under.cached.get(&id(), &previous).await), "new");
    assert_eq!(under.ask(&id_of("other")).await, "old");
    assert_eq!((under.metric("cache_invalidations_total"), under.metric("cache_entries")), (2, 3));
}

fn ask(under: &Under) -> JoinHandle<String> {
    let cached = under.cached.clone();
    tokio::spawn(async move { words(&cached.get(&id(), &Version::Current).await) })
}

#[tokio::test(start_paused = true)]
async fn a_fetch_under_way_serves_those_who_wait_and_never_puts_its_value_back() {
    let fake = Fake::gated(Say::Value("old"));
    let under = Under::new(&fake, settings());
    let before = ask(&under);
    fake.called(1).await;
    under.cached.invalidate(|_| true);
    fake.say(Say::Value("new"));
    let after = ask(&under);
    fake.called(2).await;
    fake.let_through(1);
    assert_eq!(before.await.unwrap(), "old");
    assert!(under.cached.peek(&id(), &Version::Current).is_none());
    // Nor did it take the newer fetch from those who come now.
    let later = ask(&under);
    yield_now().await;
    fake.let_through(1);
    assert_eq!((after.await.unwrap().as_str(), later.await.unwrap().as_str()), ("new", "new"));
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("new", 2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_under_way_does_not_put_its_value_back() {
    let fake = Fake::gated(Say::Value("old"));
    fake.let_through(1);
    let under = Under::new(&fake, Settings { refresh_percent: 20, ..settings() });
    under.ask(&id()).await;
    advance(TTL.mul_f64(0.81)).await;
    under.ask(&id()).await;
    fake.called(2).await;
    under.cached.invalidate(|_| true);
    fake.say(Say::Value("new"));
    let after = ask(&under);
    fake.called(3).await;
    fake.let_through(2);
    assert_eq!(after.await.unwrap(), "new");
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("new", 3));
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_does_not_survive_it_either() {
    let fake = Fake::new(Say::Value("old"));
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    fake.say(Say::Down);
    advance(TTL).await;
    assert!(under.ask(&id()).await.starts_with("old"));
    under.cached.invalidate(|_| true);
    assert!(under.ask(&id()).await.starts_with("unavailable"));
}
