//! The second port: faults, and what IAM may hide.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use fsw_aws_emulator::{Effect, Emulator, Fault};
use serde::Deserialize;
use tokio::net::TcpListener;

/// A fault, as it is posted.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default = "all")]
    probability: f64,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    code: String,
    /// In milliseconds; wins over an error.
    #[serde(default)]
    latency: u64,
}

fn all() -> f64 {
    1.0
}

/// Serves for as long as this process runs.
pub(crate) async fn serve(address: SocketAddr, emulator: Arc<Emulator>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    let router = Router::new()
        .route("/faults", post(add).delete(clear).get(met))
        .route("/clear", post(clear))
        .route("/arn/{id}", get(arn))
        .with_state(emulator);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(())
}

/// Whatever its content type says: `kubectl create --raw` says none.
async fn add(State(emulator): State<Arc<Emulator>>, body: String) -> Result<(), String> {
    let wanted: Wanted = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    let effect = match wanted.latency {
        0 => Effect::Error(wanted.status, wanted.code.leak(), "as asked for".to_owned()),
        milliseconds => Effect::Latency(milliseconds),
    };
    emulator.fault(Fault { service: "secretsmanager", effect, probability: wanted.probability });
    Ok(())
}

/// Reads the body, which says nothing: a client that is still writing it must not find the connection closed.
async fn clear(State(emulator): State<Arc<Emulator>>, _: String) {
    emulator.clear_faults();
}

async fn met(State(emulator): State<Arc<Emulator>>) -> String {
    emulator.faults_met().to_string()
}

async fn arn(State(emulator): State<Arc<Emulator>>, Path(id): Path<String>) -> String {
    emulator.arn(&id).await
}
