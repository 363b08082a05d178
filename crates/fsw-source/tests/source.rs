//! The file store keeps values exact and silent, and a patient source asks again exactly as long as it may.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fsw_naming::{IdForm, Key, Scope, candidates};
use fsw_source::{Answer, Failure, FileStore, Patient, SecretId, SecretSource, SourceError, Version, WaitingRoom};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending, ready};
use tokio::time::Instant;

fn id() -> SecretId {
    let scope = Scope::new("o", "d", "p").unwrap();
    candidates(&scope, &Key::parse(b"k").unwrap(), &[IdForm::Documented]).unwrap()[0].ids[0].clone()
}

async fn read(yaml_value: &str) -> Vec<u8> {
    let store = FileStore::from_yaml("f", &format!("{}: {yaml_value}", id())).unwrap();
    let Answer::Found(secret) = store.get(&id(), &Version::Current).await.unwrap() else { panic!("not found") };
    secret.value.bytes().to_vec()
}

#[tokio::test]
async fn a_store_gives_the_exact_bytes() {
    assert_eq!(read("plain").await, b"plain");
    assert_eq!(read("'0123'").await, b"0123");
    assert_eq!(read("''").await, b"");
    assert_eq!(read("{string: \"two\\nlines\"}").await, b"two\nlines");
    assert_eq!(read("{binary: AP8=}").await, [0, 0xff]);
    assert_eq!(read("|\n  a\n  b\n").await, b"a\nb\n");
}

#[track_caller]
fn refused(yaml: &str, message: &str) {
    assert_eq!(FileStore::from_yaml("f.yaml", yaml).unwrap_err().to_string(), message);
}

#[test]
fn a_broken_store_is_described_without_its_values() {
    refused("a: 0123", "f.yaml: secret \"a\" is no text; put a number, true, false or null in quotes");
    refused("a: yes", "f.yaml: secret \"a\" is no text; put a number, true, false or null in quotes");
    refused("a: {string: s3cret, binary: s3cret}", "f.yaml: secret \"a\" needs either `string` or `binary`");
    refused("a: {binary: s3cret!}", "f.yaml: secret \"a\" is not base64 in `binary`");
    refused("a: {strong: s3cret}", "f.yaml: secret \"a\" is no text; put a number, true, false or null in quotes");
    for yaml in ["- s3cret", "a: 's3cret", "a: s3cret\na: s3cret", "s3cret"] {
        let message = FileStore::from_yaml("f.yaml", yaml).unwrap_err().to_string();
        assert!(message.starts_with("f.yaml is not a map") && !message.contains("s3cret"), "{message}");
    }
}

#[tokio::test]
async fn neither_store_nor_answer_shows_a_value() {
    let store = FileStore::from_yaml("f", &format!("{}: s3cret", id())).unwrap();
    let answer = store.get(&id(), &Version::Current).await.unwrap();
    let debug = format!("{store:?} {answer:?}");
    assert!(debug.contains("redacted") && !debug.contains("s3cret"), "{debug}");
}

/// Fails a number of times, then answers; or never answers.
struct Flaky {
    failures: usize,
    calls: AtomicUsize,
    error: fn(Arc<Failure>) -> SourceError,
    hangs: bool,
}

impl Flaky {
    fn new(failures: usize) -> Self {
        Self { failures, calls: AtomicUsize::new(0), error: SourceError::Unavailable, hangs: false }
    }
}

impl SecretSource for Flaky {
    fn get<'a>(&'a self, _: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        if self.hangs {
            return pending().boxed();
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let failure = Failure { code: "ThrottlingException".into(), explanation: "slow down".into(), request_id: None };
        ready(if call < self.failures { Err((self.error)(failure.into())) } else { Ok(Answer::NotFound) }).boxed()
    }

    fn place(&self) -> &str {
        "nowhere"
    }
}

async fn ask(source: Flaky, patience: Duration, room: &WaitingRoom) -> (String, usize) {
    let source = Arc::new(source);
    let patient = Patient::new(source.clone(), Instant::now() + patience, room.clone());
    let answer = match patient.get(&id(), &Version::Current).await {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => error.to_string(),
    };
    (answer, source.calls.load(Ordering::Relaxed))
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_source_that_comes_back_is_asked_again() {
    assert_eq!(ask(Flaky::new(3), LONG, &WaitingRoom::new(1)).await, ("NotFound".to_owned(), 4));
}

#[tokio::test]
async fn what_waiting_cannot_mend_is_said_at_once() {
    let denied = Flaky { error: SourceError::Denied, ..Flaky::new(usize::MAX) };
    let (answer, calls) = ask(denied, LONG, &WaitingRoom::new(1)).await;
    assert_eq!((answer.as_str(), calls), ("access denied: slow down (ThrottlingException)", 1));
}

#[tokio::test]
async fn the_deadline_ends_the_waiting() {
    let (answer, calls) = ask(Flaky::new(usize::MAX), Duration::from_millis(300), &WaitingRoom::new(1)).await;
    assert!(answer.starts_with("unavailable: slow down") && answer.ends_with("(ThrottlingException)"), "{answer}");
    assert!(calls >= 2, "{calls}");
    let hanging = Flaky { hangs: true, ..Flaky::new(0) };
    let (answer, _) = ask(hanging, Duration::from_millis(1), &WaitingRoom::new(1)).await;
    assert_eq!(answer, "unavailable: no answer from nowhere before the review's deadline (Timeout)");
}

#[tokio::test]
async fn a_full_waiting_room_answers_at_once_and_an_idle_one_is_not_entered() {
    let room = WaitingRoom::new(1);
    let seat = room.sit().unwrap();
    let (answer, calls) = ask(Flaky::new(usize::MAX), LONG, &room).await;
    assert_eq!(
        (answer.as_str(), calls),
        (
            "unavailable: slow down; 1 reviews wait for it already (secretsWebhook.maxWaitingReviews) (ThrottlingException)",
            1
        )
    );
    assert_eq!(ask(Flaky::new(0), LONG, &room).await, ("NotFound".to_owned(), 1));
    drop(seat);
    assert_eq!(room.taken(), 0);
}
