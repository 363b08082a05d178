//! A fake AWS Secrets Manager: `GetSecretValue` after a set time, with a share of calls that fail.
//!
//! Which secrets there are is told by their names alone: a key that begins with `proj_`, `dom_` or `org_` is there in
//! that scope, under the id that Flyte's own webhook asks for. Values are made up, and always the same.

mod answer;
mod control;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::sleep;

pub(crate) use control::{Calls, Control, FAIR, Weather};

#[derive(Debug, Args)]
pub(crate) struct AwsArgs {
    /// Where to listen, at 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// How long each call takes, in ms; a timer adds about one.
    #[arg(long, default_value_t = 5)]
    latency: u64,
}

/// What it is like now, and what was asked.
#[derive(Default)]
struct State {
    latency_ms: AtomicU64,
    /// Shares of calls, in thousandths.
    throttled: AtomicU64,
    failing: AtomicU64,
    value_length: AtomicU64,
    found: AtomicU64,
    not_found: AtomicU64,
    failed: AtomicU64,
}

/// Serves for ever.
pub(crate) async fn serve(args: &AwsArgs) -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.context("cannot listen")?;
    let state = Arc::new(State::default());
    state.latency_ms.store(args.latency, Ordering::Relaxed);
    state.value_length.store(32, Ordering::Relaxed);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| handle(&state, request));
            // A client that goes away is no fault.
            let _ = Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn handle(state: &State, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let (status, answer) = match head.uri.path() {
        "/_calls" => (200, state.calls()),
        "/_weather" => (200, state.change(&body)),
        _ => {
            sleep(Duration::from_millis(state.latency_ms.load(Ordering::Relaxed))).await;
            state.answer(&body)
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    Ok(response)
}

impl State {
    fn calls(&self) -> Value {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({ "found": of(&self.found), "not_found": of(&self.not_found), "failed": of(&self.failed) })
    }

    fn change(&self, body: &[u8]) -> Value {
        let Ok(weather) = serde_json::from_slice::<Weather>(body) else { return json!({ "error": "no weather" }) };
        self.throttled.store(weather.throttled, Ordering::Relaxed);
        self.failing.store(weather.failing, Ordering::Relaxed);
        self.value_length.store(weather.value_length, Ordering::Relaxed);
        json!({})
    }
}
