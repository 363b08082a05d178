//! What is cached never decides which scope wins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{Fake, NEGATIVE_TTL, Say, Under, settings};
use fsw_cache::Settings;
use fsw_embedded::{Delivery, Depth, LookUp, OnAccessDenied, Plan, look_up};
use fsw_naming::{IdForm, Key, Scope, candidates};
use fsw_source::Version;
use tokio::time::advance;

const PROJECT: &str = "u__org__o__domain__d__project__p__key__k";
const ORGANIZATION: &str = "u__org__o__key__k";

fn plan() -> Plan {
    let (scope, key) = (Scope::new("o", "d", "p").unwrap(), Key::parse(b"k").unwrap());
    let path = fsw_naming::embedded_files("", "", "k").unwrap().0;
    Plan {
        scopes: candidates(&scope, &key, &[IdForm::Documented, IdForm::Padded]).unwrap(),
        version: Version::Current,
        delivery: Delivery::File { path, aliases: Vec::new(), path_variable: None },
        warnings: Vec::new(),
    }
}

async fn walk(under: &Under, depth: Depth) -> LookUp {
    look_up(&plan(), &under.cached, OnAccessDenied::Stop, depth).await
}

async fn value(under: &Under, depth: Depth) -> String {
    walk(under, depth).await.end.unwrap().secret.value.text().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_narrower_secret_is_never_masked_by_a_cached_broader_one() {
    for depth in [Depth::Sequential, Depth::Eager] {
        let fake = Fake::new(Say::NotFound);
        fake.say_of(ORGANIZATION, Say::Value("broad"));
        let under = Under::new(&fake, settings());
        assert_eq!((value(&under, depth).await.as_str(), fake.calls()), ("broad", 5));
        assert_eq!((value(&under, depth).await.as_str(), fake.calls()), ("broad", 5));

        // Its creation is told...
        fake.say_of(PROJECT, Say::Value("narrow"));
        assert_eq!(under.cached.invalidate(|id| id.as_str() == PROJECT), 1);
        assert_eq!(value(&under, depth).await, "narrow");

        // ...or noticed when it is no longer sure that there is none, long before the broader one expires.
        let under = Under::new(&fake, settings());
        fake.say_of(PROJECT, Say::NotFound);
        assert_eq!(value(&under, depth).await, "broad");
        fake.say_of(PROJECT, Say::Value("narrow"));
        advance(NEGATIVE_TTL).await;
        assert_eq!(value(&under, depth).await, "narrow");
    }
}

#[tokio::test(start_paused = true)]
async fn doubt_about_a_narrower_scope_is_not_overruled_by_a_cached_broader_one() {
    for depth in [Depth::Sequential, Depth::Eager] {
        for (say, message) in [(Say::Down, "unavailable"), (Say::Denied, "denies")] {
            let fake = Fake::new(Say::NotFound);
            fake.say_of(ORGANIZATION, Say::Value("broad"));
            let under = Under::new(&fake, settings());
            assert_eq!(value(&under, depth).await, "broad");
            fake.say_of(PROJECT, say);
            advance(NEGATIVE_TTL).await;
            let error = walk(&under, depth).await.end.unwrap_err().to_string();
            assert!(error.contains(message) && error.contains(PROJECT), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_answer_on_the_way_marks_what_was_found() {
    let fake = Fake::new(Say::NotFound);
    fake.say_of(ORGANIZATION, Say::Value("broad"));
    let under = Under::new(&fake, Settings { max_stale: Duration::from_secs(3_600), ..settings() });
    assert_eq!(walk(&under, Depth::Sequential).await.end.unwrap().stale, None);
    fake.say(Say::Down);
    advance(NEGATIVE_TTL).await;
    let found = walk(&under, Depth::Sequential).await.end.unwrap();
    assert_eq!((found.secret.value.text(), found.stale), (Some("broad"), Some(NEGATIVE_TTL)));
}
