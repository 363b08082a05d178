//! No log holds a value, however talkative; in a process of its own, since the log is the process's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{answer, id, server, settings, source_with};
use fsw_source::{SecretSource, Version};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// What was written since it was last taken.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Bodies that hold a value, most of them broken.
const VALUES: &[&str] = &["{\"SecretString\":\"s3cret\"}", "{\"SecretString\":s3cret", "s3cret"];

/// Refusals with words that are not ours to repeat. AWS puts no value into them; the SDK itself writes them to its trace.
const REFUSALS: &[&str] =
    &["s3cret", "{\"__type\":\"my s3cret pw\"}", "{\"__type\":\"AccessDenied\",\"Message\":\"User: s3cret may not\"}"];

/// All that can be shown of a source and of what it says.
async fn shown(answer: String) -> String {
    let source = source_with(&settings(&server(answer).await), "AKIAADMIN", "s3cret-access-key").await;
    let result = source.get(&id(), &Version::Current).await;
    let error = result.as_ref().err().map(|error| format!("{error} {} {:?}", error.failure(), error.failure()));
    format!("{source:?} {result:?} {error:?}")
}

#[tokio::test]
async fn no_log_line_and_nothing_that_comes_back_holds_a_value() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("trace"))
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut lines = Vec::new();
    for body in VALUES {
        lines.push(shown(answer(200, body)).await);
    }
    lines.push(shown("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"SecretString\":\"s3cret".to_owned()).await);
    lines.extend(captured.take().lines().map(str::to_owned));
    for body in REFUSALS {
        lines.push(shown(answer(400, body)).await);
        lines.push(shown(answer(500, body)).await);
    }
    lines.extend(captured.take().lines().filter(|line| line.contains("fsw_aws")).map(str::to_owned));
    let events = lines.iter().filter(|line| line.contains("fsw_aws::source: GetSecretValue")).count();
    assert_eq!(events, VALUES.len() + 1 + 2 * REFUSALS.len(), "{lines:#?}");
    let leaks: Vec<_> = lines.iter().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
