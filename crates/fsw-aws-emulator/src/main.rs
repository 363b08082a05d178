//! `aws-emulator`: the emulator as a process or a pod. It says where it listens once its secrets are there, and ends at
//! SIGTERM. Users are set through the library, or through AWS's own interfaces (`aws --endpoint-url …`); with `--control`
//! there is a second port for what AWS has no interface for: `POST /faults` and `DELETE /faults`, `GET /arn/ID`.

mod control;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Parser;
use fsw_aws_emulator::{ACCOUNT, Emulator};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// An AWS to test against: Secrets Manager, STS and IAM behind one port
#[derive(Parser)]
#[command(name = "aws-emulator")]
struct Args {
    /// Where to listen; port 0 for a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5056")]
    listen: SocketAddr,
    /// The region it is
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The account that everything belongs to
    #[arg(long, default_value = ACCOUNT)]
    account: String,
    /// Let IAM decide who may do what
    #[arg(long)]
    enforce: bool,
    /// Secrets to begin with: id to a text, {string: TEXT} or {binary: BASE64}, as `secretsFile` has them
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// A role that anybody with a web identity may assume, and the pattern of the ARNs that it may read
    #[arg(long, value_name = "NAME=PATTERN")]
    role: Vec<String>,
    /// Where to listen for faults
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
}

/// A value to begin with.
enum Seed {
    Text(String),
    Base64(String),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // The first process of a container has no default way to end at a SIGTERM.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let seeds = args.secrets.as_deref().map(read).transpose()?.unwrap_or_default();
    let listener = TcpListener::bind(args.listen).await.with_context(|| format!("cannot listen on {}", args.listen))?;
    let emulator = Emulator::serve(listener, &args.region, &args.account);
    for (id, seed) in &seeds {
        match seed {
            Seed::Text(text) => emulator.put(id, text).await,
            Seed::Base64(base64) => emulator.put_binary(id, base64).await,
        };
    }
    for role in &args.role {
        let (name, pattern) = role.split_once('=').with_context(|| format!("--role {role}: expected NAME=PATTERN"))?;
        emulator.web_identity_role(name, pattern).await;
    }
    if args.enforce {
        emulator.enforce();
    }
    let emulator = Arc::new(emulator);
    if let Some(address) = args.control {
        control::serve(address, Arc::clone(&emulator)).await?;
    }
    announce(&emulator);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[allow(clippy::print_stdout, reason = "the ready line is what whoever started it waits for")]
fn announce(emulator: &Emulator) {
    println!("ready at {}", emulator.url());
}

/// Reads the secrets to begin with. Messages name ids, never values.
fn read(path: &Path) -> anyhow::Result<BTreeMap<String, Seed>> {
    let yaml = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let entries: BTreeMap<String, Value> = match serde_saphyr::from_str(&yaml) {
        Ok(entries) => entries,
        // The library's message may quote the text around the place.
        Err(_) => bail!("{} is not a map from secret id to value", path.display()),
    };
    let seed = |(id, value)| match seed(&value) {
        Some(seed) => Ok((id, seed)),
        None => bail!("{}: secret {id:?} is no text, {{string: TEXT}} or {{binary: BASE64}}", path.display()),
    };
    entries.into_iter().map(seed).collect()
}

fn seed(value: &Value) -> Option<Seed> {
    if let Some(text) = value.as_str() {
        return Some(Seed::Text(text.to_owned()));
    }
    match (value.get("string").and_then(Value::as_str), value.get("binary").and_then(Value::as_str)) {
        (Some(text), None) => Some(Seed::Text(text.to_owned())),
        (None, Some(base64)) => Some(Seed::Base64(base64.to_owned())),
        _ => None,
    }
}
