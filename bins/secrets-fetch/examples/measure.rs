//! Measures a build of `secrets-fetch`: its size, and time and memory of pulling 20 secrets from an AWS that answers after
//! 20 ms.
//!
//! `cargo run --example measure -p secrets-fetch -- PATH-OF-THE-BINARY`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool for the desk")]

use std::process::{Command, Stdio};
use std::time::Instant;

use fsw_aws_emulator::{Effect, Emulator, Fault};
use serde_json::json;

const SECRETS: usize = 20;
const LATENCY_MS: u64 = 20;
const RUNS: usize = 11;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let binary = std::env::args().nth(1).unwrap_or_else(|| "target/debug/secrets-fetch".to_owned());
    let emulator = Emulator::start("us-west-2").await;
    let mut orders = Vec::new();
    for n in 0..SECRETS {
        emulator.put(&format!("k{n}"), &"x".repeat(1024)).await;
        let secret = emulator.arn(&format!("k{n}")).await;
        orders.push(json!({"secret": secret, "paths": [format!("k{n}")]}));
    }
    emulator.fault(Fault { service: "secretsmanager", effect: Effect::Latency(LATENCY_MS), probability: 1.0 });
    println!("{binary}: {} bytes", std::fs::metadata(&binary).unwrap().len());
    let orders = json!(orders).to_string();
    let mut runs: Vec<_> = (0..RUNS).map(|_| run(&binary, &emulator.url(), &orders)).collect();
    runs.sort_unstable();
    let (median, _) = runs[RUNS / 2];
    let memory = runs.iter().map(|(_, memory)| *memory).max().unwrap_or_default();
    println!(
        "{SECRETS} secrets at {LATENCY_MS} ms: median {median} ms of {RUNS} runs, slowest {} ms",
        runs[RUNS - 1].0
    );
    println!("peak resident memory: at least {memory} KiB");
}

/// Milliseconds from the start to the end, and the highest memory mark that was seen on the way, in KiB.
fn run(binary: &str, url: &str, orders: &str) -> (u128, u64) {
    let volume = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut child = Command::new(binary)
        .env_clear()
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "AKIAADMIN")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("FSW_DIRECTORY", volume.path())
        .env("FSW_SECRETS", orders)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    loop {
        let status = std::fs::read_to_string(&status_file).unwrap_or_default();
        let mark =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(mark.unwrap_or_default());
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            assert_eq!(std::fs::read_dir(volume.path()).unwrap().count(), SECRETS);
            return (start.elapsed().as_millis(), memory);
        }
    }
}
