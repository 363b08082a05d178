//! What is kept, for how long, how much of it, and what is served when.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Fake, NEGATIVE_TTL, Say, TTL, Under, id, id_of, settings};
use fsw_cache::Settings;
use fsw_source::{Answer, Patience, SecretId, SecretSource, Version, WaitingRoom};
use futures_util::FutureExt;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_secret_is_kept_for_its_time_and_no_longer() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, settings());
    assert_eq!(under.ask(&id()).await, "v");
    // The time is cut by up to a tenth, at random.
    advance(TTL.mul_f64(0.89)).await;
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("v", 1));
    advance(TTL.mul_f64(0.11)).await;
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("v", 2));
    assert_eq!((under.metric("cache_hits_total"), under.metric("cache_misses_total")), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn times_are_jittered() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, settings());
    let ids: Vec<_> = (0..100).map(|n| id_of(&format!("k{n}"))).collect();
    for id in &ids {
        under.ask(id).await;
    }
    advance(TTL.mul_f64(0.95)).await;
    let expired = ids.iter().filter(|id| under.cached.peek(id, &Version::Current).is_none()).count();
    assert!((1..100).contains(&expired), "{expired}");
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_secret_is_kept_for_a_shorter_time() {
    for (say, words) in [(Say::NotFound, "NotFound"), (Say::Deleted, "MarkedForDeletion")] {
        let fake = Fake::new(say);
        let under = Under::new(&fake, settings());
        under.ask(&id()).await;
        advance(NEGATIVE_TTL.mul_f64(0.89)).await;
        assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), (words, 1));
        fake.say(Say::Value("created"));
        advance(NEGATIVE_TTL.mul_f64(0.11)).await;
        assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("created", 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_for_a_moment() {
    for (say, words) in [(Say::Denied, "access denied"), (Say::Unusable, "unusable")] {
        let fake = Fake::new(say);
        let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
        for _ in 0..10 {
            assert!(under.ask(&id()).await.starts_with(words));
        }
        assert_eq!((fake.calls(), under.metric("cache_hits_total")), (1, 9));
        fake.say(Say::Value("v"));
        advance(Duration::from_secs(5)).await;
        assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("v", 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_kept_where_absence_is_not() {
    let fake = Fake::new(Say::Denied);
    let under = Under::new(&fake, Settings { negative_ttl: Duration::ZERO, ..settings() });
    for calls in 1..4 {
        under.ask(&id()).await;
        assert_eq!(fake.calls(), calls);
    }
}

#[tokio::test(start_paused = true)]
async fn that_the_source_is_out_of_service_is_never_kept() {
    for say in [Say::Down, Say::Throttled, Say::NoCredentials] {
        let fake = Fake::new(say);
        let under = Under::new(&fake, settings());
        under.ask(&id()).await;
        fake.say(Say::Value("v"));
        // A flight that failed goes on for a moment, so that the answer may be its next one.
        while under.ask(&id()).await != "v" {
            advance(Duration::from_millis(100)).await;
        }
        assert_eq!(fake.calls(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_of_zero_keeps_nothing_of_its_kind() {
    let fake = Fake::new(Say::Value("v"));
    let no_secrets = Under::new(&fake, Settings { ttl: Duration::ZERO, ..settings() });
    let no_absences = Under::new(&fake, Settings { negative_ttl: Duration::ZERO, ..settings() });
    for (say, never, always) in
        [(Say::Value("v"), &no_secrets, &no_absences), (Say::NotFound, &no_absences, &no_secrets)]
    {
        fake.say(say);
        let id = id_of(if matches!(say, Say::NotFound) { "absent" } else { "present" });
        for (under, calls) in [(never, 3), (always, 1)] {
            let before = fake.calls();
            for _ in 0..3 {
                under.ask(&id).await;
            }
            assert_eq!(fake.calls() - before, calls);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn versions_are_kept_apart() {
    let fake = Fake::new(Say::Value("current"));
    let under = Under::new(&fake, settings());
    under.ask(&id()).await;
    fake.say(Say::Value("previous"));
    let previous = Version::Stage("AWSPREVIOUS".to_owned());
    assert_eq!(common::words(&under.cached.get(&id(), &previous).await), "previous");
    assert_eq!(under.ask(&id()).await, "current");
}

#[tokio::test(start_paused = true)]
async fn a_hit_shares_the_value_and_needs_no_future() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, settings());
    assert!(under.cached.peek(&id(), &Version::Current).is_none());
    under.ask(&id()).await;
    let value = || match under.cached.peek(&id(), &Version::Current) {
        Some(Answer::Found(secret)) => secret.value,
        other => panic!("{other:?}"),
    };
    assert!(Arc::ptr_eq(&value(), &value()));
}

#[tokio::test(start_paused = true)]
async fn all_entries_together_stay_within_the_size() {
    let fake = Fake::new(Say::Value("0123456789"));
    let under = Under::new(&fake, Settings { max_size: 20_000, ..settings() });
    for n in 0..1_000 {
        under.ask(&id_of(&format!("k{n}"))).await;
    }
    let (size, entries) = (under.metric("cache_size_bytes"), under.metric("cache_entries"));
    assert!((10_000..=20_000).contains(&size) && (20..=70).contains(&entries), "{size} bytes, {entries} entries");
    assert_eq!(under.metric("cache_evictions_total{cause=\"size\"}"), 1_000 - entries);
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_secret_pushes_no_secret_out_and_goes_after_its_time() {
    let fake = Fake::new(Say::NotFound);
    fake.say_of(id_of("secret").as_str(), Say::Value("v"));
    let under = Under::new(&fake, Settings { max_size: 320_000, ..settings() });
    under.ask(&id_of("secret")).await;
    for n in 0..1_000 {
        under.ask(&id_of(&format!("k{n}"))).await;
    }
    let absent = || under.metric("cache_entries") - 1;
    assert!((10..=40).contains(&absent()), "{} entries", absent());
    assert!(under.metric("cache_size_bytes") <= 11_000);
    assert_eq!(under.metric("cache_evictions_total{cause=\"size\"}"), 1_000 - absent());
    assert_eq!((under.ask(&id_of("secret")).await, fake.calls()), ("v".to_owned(), 1_001));
    let kept = absent();
    advance(NEGATIVE_TTL).await;
    let _ = under.cached.tidy(TTL).now_or_never();
    assert_eq!((absent(), under.metric("cache_evictions_total{cause=\"expired\"}")), (0, kept));
}

fn refreshing() -> Settings {
    Settings { refresh_percent: 20, ..settings() }
}

#[tokio::test(start_paused = true)]
async fn before_it_expires_an_entry_is_fetched_anew_once_and_nobody_waits() {
    let fake = Fake::gated(Say::Value("old"));
    fake.let_through(1);
    let under = Under::new(&fake, refreshing());
    under.ask(&id()).await;
    advance(TTL.mul_f64(0.69)).await;
    under.ask(&id()).await;
    assert_eq!((fake.calls(), under.metric("cache_refreshes_total")), (1, 0));

    fake.say(Say::Value("new"));
    advance(TTL.mul_f64(0.12)).await;
    for _ in 0..10 {
        assert_eq!(under.ask(&id()).await, "old");
    }
    fake.called(2).await;
    fake.let_through(1);
    while under.ask(&id()).await == "old" {
        tokio::task::yield_now().await;
    }
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("new", 2));
    assert_eq!(under.metric("cache_refreshes_total"), 1);
    // The new entry has its whole time.
    advance(TTL.mul_f64(0.69)).await;
    assert_eq!((under.ask(&id()).await.as_str(), fake.calls()), ("new", 2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_in_vain_goes_on_until_the_entry_expires_and_no_longer() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, refreshing());
    under.ask(&id()).await;
    fake.say(Say::Down);
    advance(TTL.mul_f64(0.81)).await;
    assert_eq!(under.ask(&id()).await, "v");
    fake.called(2).await;
    for _ in 0..1_000 {
        advance(Duration::from_secs(1)).await;
    }
    let calls = fake.calls();
    // At most a minute of pauses, each of a second on average.
    assert!((5..200).contains(&calls), "{calls}");
    advance(Duration::from_secs(100)).await;
    assert_eq!(fake.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_denied_ends_the_entry() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, Settings { max_stale: TTL, ..refreshing() });
    under.ask(&id()).await;
    fake.say(Say::Denied);
    advance(TTL.mul_f64(0.81)).await;
    assert_eq!(under.ask(&id()).await, "v");
    while under.cached.peek(&id(), &Version::Current).is_some() {
        tokio::task::yield_now().await;
    }
    assert!(under.ask(&id()).await.starts_with("access denied"));
}

#[tokio::test(start_paused = true)]
async fn an_expired_entry_is_served_while_the_source_is_unavailable_as_long_as_it_may() {
    for say in [Say::Down, Say::Throttled] {
        let fake = Fake::new(Say::Value("v"));
        let under = Under::new(&fake, Settings { max_stale: Duration::from_secs(3_600), ..settings() });
        under.ask(&id()).await;
        fake.say(say);
        advance(TTL + Duration::from_secs(3)).await;
        let answer = under.ask(&id()).await;
        assert!(answer.starts_with("v, 30") && answer.ends_with(" s old"), "{answer}");
        assert_eq!(under.metric("cache_stale_answers_total"), 1);
        advance(Duration::from_secs(3_600)).await;
        assert_eq!(under.ask(&id()).await, format!("unavailable: explained ({})", code(say)));
    }
}

/// A review's question, and how long it took.
async fn patiently(under: &Under, id: &SecretId, room: &WaitingRoom) -> (String, Duration) {
    let begin = Instant::now();
    let patience = Patience::new(begin + Duration::from_secs(10), room.clone());
    let answer = under.cached.get_patiently(id, &Version::Current, &patience).await;
    (common::words(&answer), begin.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_slow_source_is_waited_for_and_a_silent_one_until_the_deadline() {
    let room = WaitingRoom::new(1);
    let slow = Duration::from_millis(1_500);
    let fake = Fake::slow(Say::Value("old"), slow);
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    advance(TTL).await;
    fake.say(Say::Value("new"));
    assert_eq!(patiently(&under, &id(), &room).await, ("new".to_owned(), slow));

    advance(TTL).await;
    fake.say(Say::Hang);
    let (answer, time) = patiently(&under, &id(), &room).await;
    assert!(answer.starts_with("new, 3") && time == Duration::from_secs(10), "{answer} after {time:?}");
    // Where there is no seat, at once.
    let (answer, time) = patiently(&under, &id(), &WaitingRoom::new(0)).await;
    assert!(answer.starts_with("new, 3") && time == Duration::ZERO, "{answer} after {time:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_is_waited_for_no_longer_than_briefly_when_others_have_no_answer_either() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    advance(TTL).await;
    fake.say(Say::Hang);
    fake.say_of(id_of("other").as_str(), Say::Down);
    under.ask(&id_of("other")).await;
    let (answer, time) = patiently(&under, &id(), &WaitingRoom::new(1)).await;
    assert!(answer.ends_with("old") && time == Duration::from_secs(1), "{answer} after {time:?}");
}

#[tokio::test(start_paused = true)]
async fn without_good_credentials_no_old_answer_is_served() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    fake.say(Say::NoCredentials);
    advance(TTL).await;
    assert_eq!(under.ask(&id()).await, "unavailable: explained (NoCredentials)");
    let (answer, _) = patiently(&under, &id(), &WaitingRoom::new(1)).await;
    assert!(answer.starts_with("unavailable: explained; asked "), "{answer}");
}

fn code(say: Say) -> &'static str {
    if matches!(say, Say::Throttled) { common::THROTTLING } else { "InternalServiceError" }
}

#[tokio::test(start_paused = true)]
async fn who_comes_soon_after_an_old_answer_gets_one_without_a_call_of_its_own() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    fake.say(Say::Down);
    advance(TTL).await;
    under.ask(&id()).await;
    for _ in 0..4 {
        advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    let misses = under.metric("cache_misses_total");
    assert!(under.ask(&id()).await.ends_with("old"));
    assert_eq!((under.metric("cache_misses_total"), under.metric("cache_shared_flights_total")), (misses, 1));
}

#[tokio::test(start_paused = true)]
async fn that_there_was_no_secret_is_served_too_so_that_broader_scopes_are_reached() {
    let fake = Fake::new(Say::NotFound);
    let under = Under::new(&fake, Settings { max_stale: TTL, ..settings() });
    under.ask(&id()).await;
    fake.say(Say::Down);
    advance(NEGATIVE_TTL).await;
    assert_eq!(under.ask(&id()).await, "NotFound, 30 s old");
}

#[tokio::test(start_paused = true)]
async fn what_the_source_says_for_sure_is_never_overruled_by_an_old_answer() {
    for (say, words) in [
        (Say::Denied, "access denied: explained (AccessDeniedException)"),
        (Say::Unusable, "unusable: explained (NoValue)"),
        (Say::NotFound, "NotFound"),
    ] {
        let fake = Fake::new(Say::Value("v"));
        let under = Under::new(&fake, Settings { max_stale: TTL * 10, ..settings() });
        under.ask(&id()).await;
        fake.say(say);
        advance(TTL).await;
        assert_eq!(under.ask(&id()).await, words);
        // Nor later on, when it says nothing.
        fake.say(Say::Down);
        advance(NEGATIVE_TTL).await;
        let later = under.ask(&id()).await;
        assert!(!later.starts_with('v'), "{later}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_is_not_served_unless_it_is_allowed() {
    let fake = Fake::new(Say::Value("v"));
    let under = Under::new(&fake, settings());
    under.ask(&id()).await;
    fake.say(Say::Down);
    advance(TTL).await;
    assert_eq!(under.ask(&id()).await, "unavailable: explained (InternalServiceError)");
}
