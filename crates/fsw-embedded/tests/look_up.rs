//! A more specific scope wins, the preferred form wins within a scope, and doubt ends the walk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use fsw_embedded::{Depth, LookUp, OnAccessDenied, Outcome, Plan, Settings, look_up, plan, writer};
use fsw_naming::{IdForm, Scope};
use fsw_request::SecretRequest;
use fsw_source::{Answer, Failure, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use serde_json::{Map, json};

/// What is behind an id; an id that is not listed is not found.
struct Fake(BTreeMap<&'static str, &'static str>);

impl SecretSource for Fake {
    fn get<'a>(&'a self, id: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        let failure = Failure { code: "Code".into(), explanation: "explained".into(), request_id: None }.into();
        let answer = match self.0.get(id.as_str()).copied() {
            Some("silent") => return pending().boxed(),
            None => Ok(Answer::NotFound),
            Some("deleted") => Ok(Answer::MarkedForDeletion),
            Some("denied") => Err(SourceError::Denied(failure)),
            Some("down") => Err(SourceError::Unavailable(failure)),
            Some("broken") => Err(SourceError::Unusable(failure)),
            Some(value) => {
                Ok(Answer::Found(Secret { value: SecretValue::Text(value.into()).into(), version_id: "v1".into() }))
            }
        };
        ready(answer).boxed()
    }

    fn place(&self) -> &str {
        "the fake"
    }
}

const PROJECT: &str = "u__org__o__domain__d__project__p__key__k";
const DOMAIN: &str = "u__org__o__domain__d__key__k";
const DOMAIN_PADDED: &str = "u__org__o__domain__d__project____key__k";
const ORGANIZATION: &str = "u__org__o__key__k";

fn planned() -> Plan {
    let settings = Settings {
        forms: vec![IdForm::Documented, IdForm::Padded],
        on_access_denied: OnAccessDenied::Stop,
        depth: Depth::Sequential,
        any_text_is_stage: false,
        variable_prefix: "_UNION_".into(),
        variable_aliases: true,
        writer: writer::Settings {
            image: String::new(),
            resources: json!({}),
            container_name: String::new(),
            security_overrides: Map::new(),
        },
    };
    let request = SecretRequest { key: "k".into(), ..SecretRequest::default() };
    plan(&request, &Scope::new("o", "d", "p").unwrap(), &settings).unwrap()
}

async fn walk(secrets: &[(&'static str, &'static str)], on_denied: OnAccessDenied) -> String {
    let plan = planned();
    let fake = Fake(secrets.iter().copied().collect());
    let text = describe(look_up(&plan, &fake, on_denied, Depth::Sequential).await);
    // What is asked for at once makes no difference to what comes out, nor to what is told of it.
    assert_eq!(describe(look_up(&plan, &fake, on_denied, Depth::Eager).await), text);
    text
}

fn describe(walk: LookUp) -> String {
    let mut text = String::new();
    for attempt in &walk.attempts {
        let outcome = match &attempt.outcome {
            Outcome::Found(_) => "found",
            Outcome::NotFound => "not found",
            Outcome::MarkedForDeletion => "deleted",
            Outcome::Failed(_) => "failed",
        };
        text.push_str(&format!("{}: {outcome}\n", attempt.id));
    }
    match walk.end {
        Ok(found) => text.push_str(&format!("= {} {:?}", found.level, found.secret.value.text().unwrap())),
        Err(error) => text.push_str(&format!("= {error}")),
    }
    text
}

async fn check(secrets: &[(&'static str, &'static str)], expected: Expect) {
    expected.assert_eq(&walk(secrets, OnAccessDenied::Stop).await);
}

#[tokio::test]
async fn project_scope_wins_over_domain() {
    check(
        &[(PROJECT, "mine"), (DOMAIN, "ours")],
        expect![[r#"
        u__org__o__domain__d__project__p__key__k: found
        = project "mine""#]],
    )
    .await;
}

#[tokio::test]
async fn a_narrower_scope_wins_over_the_preferred_form_of_a_broader_one() {
    check(
        &[(DOMAIN_PADDED, "domain"), (ORGANIZATION, "organization")],
        expect![[r#"
        u__org__o__domain__d__project__p__key__k: not found
        u__org__o__domain__d__key__k: not found
        u__org__o__domain__d__project____key__k: found
        = domain "domain""#]],
    )
    .await;
    check(
        &[(DOMAIN_PADDED, "padded"), (DOMAIN, "documented")],
        expect![[r#"
            u__org__o__domain__d__project__p__key__k: not found
            u__org__o__domain__d__key__k: found
            = domain "documented""#]],
    )
    .await;
}

#[tokio::test]
async fn a_deleted_secret_gives_way_to_a_broader_one_and_is_mentioned_when_there_is_none() {
    check(
        &[(PROJECT, "deleted"), (ORGANIZATION, "v")],
        expect![[r#"
            u__org__o__domain__d__project__p__key__k: deleted
            u__org__o__domain__d__key__k: not found
            u__org__o__domain__d__project____key__k: not found
            u__org__o__key__k: found
            = organization "v""#]],
    )
    .await;
    check(&[(PROJECT, "deleted")], expect![[r#"
        u__org__o__domain__d__project__p__key__k: deleted
        u__org__o__domain__d__key__k: not found
        u__org__o__domain__d__project____key__k: not found
        u__org__o__key__k: not found
        u__org__o__domain____project____key__k: not found
        = not found in the fake; create the secret under one of these ids, or correct the key or the pod's labels: u__org__o__domain__d__project__p__key__k (project; marked for deletion, `aws secretsmanager restore-secret` brings it back), u__org__o__domain__d__key__k (domain), u__org__o__domain__d__project____key__k (domain), u__org__o__key__k (organization), u__org__o__domain____project____key__k (organization)"#]]).await;
}

#[tokio::test]
async fn doubt_never_falls_through_to_a_broader_scope() {
    for (kind, message) in
        [("denied", "the fake denies"), ("down", "the fake is unavailable for"), ("broken", "the fake has")]
    {
        let text = walk(&[(PROJECT, kind), (DOMAIN, "wrong")], OnAccessDenied::Stop).await;
        assert!(text.contains(&format!("= {message} {PROJECT}")) && !text.contains("wrong"), "{text}");
        // Also where the other form of the same scope could not be read.
        let text = walk(&[(DOMAIN_PADDED, kind), (ORGANIZATION, "wrong")], OnAccessDenied::Stop).await;
        assert!(text.contains(&format!("= {message} {DOMAIN_PADDED}")) && !text.contains("wrong"), "{text}");
    }
    check(
        &[(DOMAIN_PADDED, "down"), (DOMAIN, "sure")],
        expect![[r#"
            u__org__o__domain__d__project__p__key__k: not found
            u__org__o__domain__d__key__k: found
            = domain "sure""#]],
    )
    .await;
}

#[tokio::test]
async fn a_denied_id_may_be_configured_to_be_an_absent_one() {
    let text = walk(&[(PROJECT, "denied"), (DOMAIN, "v")], OnAccessDenied::NextScope).await;
    assert!(text.ends_with("= domain \"v\""), "{text}");
    let text = walk(&[(PROJECT, "denied")], OnAccessDenied::NextScope).await;
    assert!(text.ends_with(&format!("= the fake denies {PROJECT}: explained (Code)")), "{text}");
    let text = walk(&[(PROJECT, "down"), (DOMAIN, "wrong")], OnAccessDenied::NextScope).await;
    assert!(text.ends_with(&format!("= the fake is unavailable for {PROJECT}: explained (Code)")), "{text}");
}

#[tokio::test]
async fn a_denied_form_does_not_hide_the_other_form_of_its_scope() {
    let text = walk(&[(DOMAIN, "denied"), (DOMAIN_PADDED, "v")], OnAccessDenied::Stop).await;
    assert!(text.ends_with("= domain \"v\""), "{text}");
}

#[tokio::test]
async fn a_found_secret_does_not_wait_for_the_form_that_could_not_win() {
    let text = walk(&[(DOMAIN, "v"), (DOMAIN_PADDED, "silent")], OnAccessDenied::Stop).await;
    assert!(text.ends_with("= domain \"v\""), "{text}");
}

/// Answers nobody before all five ids were asked for.
struct Together(tokio::sync::Barrier);

impl SecretSource for Together {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        async move {
            self.0.wait().await;
            Fake([(ORGANIZATION, "broad")].into()).get(id, version).await
        }
        .boxed()
    }

    fn place(&self) -> &str {
        "the fake"
    }
}

#[tokio::test]
async fn an_eager_look_up_is_one_call_deep() {
    let walk = look_up(&planned(), &Together(tokio::sync::Barrier::new(5)), OnAccessDenied::Stop, Depth::Eager).await;
    assert_eq!(walk.end.unwrap().secret.value.text(), Some("broad"));
}

/// Counts the rounds: calls that begin while no other is under way begin one.
#[derive(Default)]
struct Rounds {
    rounds: std::sync::atomic::AtomicUsize,
    under_way: std::sync::atomic::AtomicUsize,
}

impl SecretSource for Rounds {
    fn get<'a>(&'a self, id: &'a SecretId, version: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        use std::sync::atomic::Ordering::Relaxed;
        async move {
            if self.under_way.fetch_add(1, Relaxed) == 0 {
                self.rounds.fetch_add(1, Relaxed);
            }
            tokio::task::yield_now().await;
            self.under_way.fetch_sub(1, Relaxed);
            Fake([(ORGANIZATION, "broad")].into()).get(id, version).await
        }
        .boxed()
    }

    fn place(&self) -> &str {
        "the fake"
    }
}

#[tokio::test]
async fn a_cold_secret_of_the_organization_costs_three_rounds_and_one_if_eager() {
    for (depth, rounds) in [(Depth::Sequential, 3), (Depth::Eager, 1)] {
        let source = Rounds::default();
        let walk = look_up(&planned(), &source, OnAccessDenied::Stop, depth).await;
        assert_eq!(walk.end.unwrap().secret.value.text(), Some("broad"));
        assert_eq!(source.rounds.into_inner(), rounds);
    }
}
