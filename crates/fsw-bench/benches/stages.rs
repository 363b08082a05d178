//! The pure stages of a review, and the whole of it with all secrets in the cache: `cargo bench -p fsw-bench`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic, and its macros document nothing")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use fsw_config::{Config, Layers};
use fsw_injector::{apply, plan, settle};
use fsw_pod::{Pod, PodEditor};
use fsw_source::{FileStore, SecretSource};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::time::Instant;

/// Recorded at a real API server: five secrets of three scopes, as variables and files.
const RECORDING: &str = "v1-five-secrets";

fn stages(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let _entered = runtime.enter();
    let config = config();
    let source = source(&config);
    let review = fsw_testkit::recording(RECORDING).json();
    let text = review["request"]["object"].to_string();
    let body = review.to_string();
    let settings = fsw_app::injector_settings(&config);

    let annotation = review["request"]["object"]["metadata"]["annotations"]["flyte.secrets/s0"].as_str().unwrap();
    criterion.bench_function("decode an annotation", |bencher| {
        bencher.iter(|| fsw_request::decode(black_box(annotation)).unwrap());
    });
    criterion.bench_function("read a pod", |bencher| bencher.iter(|| Pod::outline(black_box(&text)).unwrap()));
    criterion.bench_function("read a pod, all of it", |bencher| {
        bencher.iter(|| serde_json::from_str::<Value>(black_box(&text)).unwrap());
    });
    let pod = PodEditor::new(Pod::outline(&text).unwrap()).unwrap();
    criterion.bench_function("plan", |bencher| bencher.iter(|| plan(black_box(&pod), &settings).unwrap()));
    let plan = plan(&pod, &settings).unwrap();
    criterion.bench_function("settle, from the cache", |bencher| {
        bencher.iter(|| runtime.block_on(settle(black_box(&plan), &settings, &source)));
    });
    let settled = runtime.block_on(settle(&plan, &settings, &source));
    criterion.bench_function("apply", |bencher| {
        let input = || (pod.clone(), settled.clone());
        bencher.iter_batched(
            input,
            |(pod, settled)| apply(pod, &plan, settled, &settings).unwrap(),
            BatchSize::SmallInput,
        );
    });
    let mutation = fsw_app::mutation(&config, Arc::new(source));
    criterion.bench_function("a whole review, from the cache", |bencher| {
        bencher.iter(|| {
            let deadline = Instant::now() + std::time::Duration::from_secs(10);
            runtime.block_on(fsw_admission::review(black_box(body.as_bytes()), deadline, &mutation)).unwrap()
        });
    });
}

fn config() -> Config {
    let settings = vec!["secretsWebhook.defaultOrganization=flyte".to_owned()];
    let layers = Layers { files: Vec::new(), environment: Vec::new(), settings };
    fsw_config::load(&layers).unwrap().config
}

/// Secrets as the demonstration has them, behind a cache.
fn source(config: &Config) -> impl SecretSource + Clone {
    let secrets = json!({
        "u__org__flyte__domain__development__project__flytesnacks__key__my_api_key": "made up",
        "u__org__flyte__domain__development__key__user_secret": "made up",
        "u__org__flyte__key__DB_Password": "made up",
        "u__org__flyte__domain__development__project__flytesnacks__key__client.pem": "made up",
        "u__org__flyte__domain____project____key__plain-any": "made up",
    });
    let store = FileStore::from_yaml("secrets.yaml", &secrets.to_string()).unwrap();
    fsw_app::cached(config, Arc::new(store), &mut Registry::default())
}

criterion_group!(benches, stages);
criterion_main!(benches);
