//! No log holds a value, however talkative; in a process of its own, since the log is the process's.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use common::{ask, server, source};
use fsw_source::Version;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

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

#[tokio::test]
async fn no_log_line_holds_a_value() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new("trace"))
        .with_writer(captured.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{\"SecretString\":\"s3cret\"}";
    let garbage = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{\"SecretString\":s3cret  ";
    for answer in [good, garbage] {
        let source = source(&server(Some(answer)).await).await;
        ask(&source, &Version::Current).await;
    }
    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("GetSecretValue") && log.contains("UnreadableResponse"), "{log}");
    let leaks: Vec<_> = log.lines().filter(|line| line.contains("s3cret")).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
