//! A source that says what it is told to, and what tests ask of a cache in front of it.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses a part of it, and may panic"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fsw_cache::{Cached, Metrics, Settings};
use fsw_naming::{IdForm, Key, Scope, candidates};
use fsw_source::{Answer, Failure, Secret, SecretId, SecretSource, SecretValue, SourceError, Version};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;
use tokio::time::sleep;

pub const TTL: Duration = Duration::from_secs(300);
pub const NEGATIVE_TTL: Duration = Duration::from_secs(30);

/// What a source says.
#[derive(Clone, Copy)]
pub enum Say {
    Value(&'static str),
    NotFound,
    Deleted,
    Denied,
    Unusable,
    Down,
    Throttled,
    NoCredentials,
    /// Nothing, ever.
    Hang,
    Panic,
}

/// Says the same about every id that it was told nothing special about.
pub struct Fake {
    default: Mutex<Say>,
    special: Mutex<BTreeMap<String, Say>>,
    /// Of all calls this part is answered by throttling or a fault.
    faults: Mutex<f64>,
    latency: Duration,
    gate: Semaphore,
    calls: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
}

impl Fake {
    fn with(say: Say, gate: usize, latency: Duration) -> Arc<Self> {
        Arc::new(Self {
            default: say.into(),
            special: Mutex::default(),
            faults: 0.0.into(),
            latency,
            gate: Semaphore::new(gate),
            calls: 0.into(),
            in_flight: 0.into(),
            most: 0.into(),
        })
    }

    pub fn new(say: Say) -> Arc<Self> {
        Self::with(say, Semaphore::MAX_PERMITS, Duration::ZERO)
    }

    /// Each call decides what it will answer, then waits to be let through.
    pub fn gated(say: Say) -> Arc<Self> {
        Self::with(say, 0, Duration::ZERO)
    }

    pub fn slow(say: Say, latency: Duration) -> Arc<Self> {
        Self::with(say, Semaphore::MAX_PERMITS, latency)
    }

    pub fn say(&self, say: Say) {
        *self.default.lock().unwrap() = say;
    }

    pub fn say_of(&self, id: &str, say: Say) {
        self.special.lock().unwrap().insert(id.to_owned(), say);
    }

    pub fn fail(&self, part: f64) {
        *self.faults.lock().unwrap() = part;
    }

    pub fn let_through(&self, calls: usize) {
        self.gate.add_permits(calls);
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// The most calls that were under way at a time.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Waits until so many calls have come.
    pub async fn called(&self, times: usize) {
        while self.calls() < times {
            tokio::task::yield_now().await;
        }
    }

    fn decide(&self, id: &SecretId) -> Say {
        if fastrand::f64() < *self.faults.lock().unwrap() {
            return if fastrand::bool() { Say::Throttled } else { Say::Down };
        }
        let special = self.special.lock().unwrap().get(id.as_str()).copied();
        special.unwrap_or(*self.default.lock().unwrap())
    }
}

impl SecretSource for Fake {
    fn get<'a>(&'a self, id: &'a SecretId, _: &'a Version) -> BoxFuture<'a, Result<Answer, SourceError>> {
        let say = self.decide(id);
        self.calls.fetch_add(1, Ordering::Relaxed);
        async move {
            self.most.fetch_max(self.in_flight.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            self.gate.acquire().await.unwrap().forget();
            if !self.latency.is_zero() {
                sleep(self.latency).await;
            }
            if matches!(say, Say::Hang) {
                std::future::pending::<()>().await;
            }
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            answer(say)
        }
        .boxed()
    }

    fn place(&self) -> &str {
        "the fake"
    }
}

pub const THROTTLING: &str = "ThrottlingException";

fn answer(say: Say) -> Result<Answer, SourceError> {
    let failure =
        |code: &str| Arc::new(Failure { code: code.to_owned(), explanation: "explained".to_owned(), request_id: None });
    match say {
        Say::Value(value) => Ok(Answer::Found(Secret {
            value: SecretValue::Text(value.into()).into(),
            version_id: "12345678-1234-1234-1234-123456789012".into(),
        })),
        Say::NotFound => Ok(Answer::NotFound),
        Say::Deleted => Ok(Answer::MarkedForDeletion),
        Say::Denied => Err(SourceError::Denied(failure("AccessDeniedException"))),
        Say::Unusable => Err(SourceError::Unusable(failure("NoValue"))),
        Say::Down | Say::Hang => Err(SourceError::Unavailable(failure("InternalServiceError"))),
        Say::Throttled => Err(SourceError::Unavailable(failure(THROTTLING))),
        Say::NoCredentials => Err(SourceError::Unavailable(failure(NO_CREDENTIALS))),
        Say::Panic => panic!("the fake was told to panic"),
    }
}

const NO_CREDENTIALS: &str = "NoCredentials";

pub fn is_throttling(failure: &Failure) -> bool {
    failure.code == THROTTLING
}

pub fn is_outage(failure: &Failure) -> bool {
    failure.code != NO_CREDENTIALS
}

/// Everything at its default, but without refreshing in the background.
pub fn settings() -> Settings {
    Settings {
        max_size: 32 * 1024 * 1024,
        ttl: TTL,
        negative_ttl: NEGATIVE_TTL,
        refresh_percent: 0,
        max_stale: Duration::ZERO,
        max_concurrency: 64,
        is_throttling,
        is_outage,
    }
}

/// A cache and its metrics.
pub struct Under {
    pub cached: Cached,
    registry: Registry,
}

impl Under {
    pub fn new(source: &Arc<Fake>, settings: Settings) -> Self {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        let source = Arc::clone(source) as Arc<dyn SecretSource>;
        Self { cached: Cached::new(source, settings, metrics), registry }
    }

    /// Asks for the id once, and says in words what came.
    pub async fn ask(&self, id: &SecretId) -> String {
        words(&self.cached.get(id, &Version::Current).await)
    }

    /// What a metric shows.
    pub fn metric(&self, name: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }
}

pub fn words(answer: &Result<Answer, SourceError>) -> String {
    match answer {
        Ok(Answer::Found(secret)) => secret.value.text().unwrap().to_owned(),
        Ok(Answer::Stale(stale)) => format!("{}, {} s old", words(&Ok((*stale.answer).clone())), stale.age.as_secs()),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.to_string(),
    }
}

/// A project secret's id.
pub fn id_of(key: &str) -> SecretId {
    let scope = Scope::new("o", "d", "p").unwrap();
    candidates(&scope, &Key::parse(key.as_bytes()).unwrap(), &[IdForm::Documented]).unwrap()[0].ids[0].clone()
}

pub fn id() -> SecretId {
    id_of("k")
}
