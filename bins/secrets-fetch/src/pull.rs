use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fsw_aws::{AwsSource, Metrics, Settings};
use fsw_naming::{FilePath, SecretReference};
use fsw_sidecar::{ARN, FILE_NAME, MODE, ORDERS, PullOrder, WRITE_DIRECTORY};
use fsw_source::{Answer, Patient, SecretId, SecretSource, SecretValue, SourceError, WaitingRoom, json_key};
use futures_util::future::join_all;
use prometheus_client::registry::Registry;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::identity::identity;
use crate::{Environment, Failure, files};

/// How long to try where `FSW_TIMEOUT` does not say.
const TIMEOUT: Duration = Duration::from_secs(60);
/// One attempt takes at most so long; a hanging one must leave time for another.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Opening a connection takes at most so long.
const CONNECT: Duration = Duration::from_secs(2);

/// A secret to fetch and where it goes.
struct Order {
    secret: SecretReference,
    paths: Vec<FilePath>,
}

/// Fetches all secrets at once; writes files only if all are there.
pub(crate) fn pull(environment: &Environment) -> Result<(), Failure> {
    let orders = orders(environment)?;
    let folder = Path::new(environment.get("FSW_DIRECTORY").map_or(WRITE_DIRECTORY, String::as_str));
    let mode = files::mode(environment.get(MODE), folder)?;
    let deadline = Instant::now() + timeout(environment.get("FSW_TIMEOUT"))?;
    let cannot = |error: std::io::Error| Failure::Work(format!("cannot start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let values = runtime.block_on(async {
        // The first process of a container has no default way to end at a SIGTERM.
        let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
        tokio::select! {
            values = fetch(&orders, deadline) => values.map_err(|text| failure(&text, environment)),
            _ = terminate.recv() => Err(Failure::Terminated),
        }
    })?;
    for (order, value) in orders.iter().zip(&values) {
        files::write(folder, &order.paths, value.bytes(), mode)?;
    }
    Ok(())
}

fn failure(text: &str, environment: &Environment) -> Failure {
    Failure::Work(format!("{text}; asked as {}", identity(environment)))
}

/// The secrets to fetch: the list, or the one that AWS's own image would fetch.
fn orders(environment: &Environment) -> Result<Vec<Order>, Failure> {
    let input = |text: String| Failure::Input(text);
    let orders: Vec<PullOrder> = match (environment.get(ORDERS), environment.get(ARN), environment.get(FILE_NAME)) {
        (Some(json), ..) => serde_json::from_str(json).map_err(|error| {
            input(format!("{ORDERS} is not a JSON list of {{\"secret\", \"paths\"}}: column {}", error.column()))
        })?,
        (None, Some(arn), Some(path)) => vec![PullOrder { secret: arn.clone(), paths: vec![path.clone()] }],
        _ => return Err(input(format!("nothing to fetch: set {ORDERS}, or {ARN} and {FILE_NAME}; see --help"))),
    };
    let read = |order: PullOrder| {
        let secret = SecretReference::parse(&order.secret).map_err(|error| input(error.to_string()))?;
        let paths = order.paths.iter().map(|path| FilePath::parse(path).map_err(|error| input(error.to_string())));
        let paths = paths.collect::<Result<Vec<_>, _>>()?;
        match paths.is_empty() {
            true => Err(input(format!("{secret} has no paths"))),
            false => Ok(Order { secret, paths }),
        }
    };
    orders.into_iter().map(read).collect()
}

fn timeout(seconds: Option<&String>) -> Result<Duration, Failure> {
    let Some(text) = seconds else { return Ok(TIMEOUT) };
    match text.strip_suffix('s').unwrap_or(text).parse::<u32>() {
        Ok(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds.into())),
        _ => Err(Failure::Input(format!("FSW_TIMEOUT is {text:?}; expected seconds, such as 60"))),
    }
}

/// The values in the order of the orders, or a sentence about each that cannot be had.
async fn fetch(orders: &[Order], deadline: Instant) -> Result<Vec<Arc<SecretValue>>, String> {
    let mut sources: BTreeMap<&str, Patient> = BTreeMap::new();
    for region in orders.iter().map(|order| order.secret.arn.region()) {
        if !sources.contains_key(region) {
            let settings = Settings {
                region: Some(region.to_owned()),
                endpoint_url: None,
                attempt_timeout: ATTEMPT,
                connect_timeout: CONNECT,
            };
            let source = AwsSource::connect(&settings, Metrics::register(&mut Registry::default())).await;
            let source = source.map_err(|error| error.to_string())?;
            // Nobody else waits here.
            sources.insert(region, Patient::new(Arc::new(source), deadline, WaitingRoom::new(1)));
        }
    }
    let fetches = orders.iter().map(|order| {
        let source = &sources[order.secret.arn.region()];
        async move { fetch_one(&order.secret, source).await.map_err(|text| format!("secret {}: {text}", order.secret)) }
    });
    let (mut values, mut failures) = (Vec::new(), Vec::new());
    for result in join_all(fetches).await {
        match result {
            Ok(value) => values.push(value),
            Err(text) => failures.push(text),
        }
    }
    if failures.is_empty() { Ok(values) } else { Err(failures.join("; ")) }
}

async fn fetch_one(reference: &SecretReference, source: &Patient) -> Result<Arc<SecretValue>, String> {
    let place = source.place();
    let secret = match source.get(&SecretId::from(&reference.arn), &reference.version).await {
        Ok(Answer::Found(secret)) => secret,
        Ok(Answer::NotFound) => {
            let version = &reference.version;
            return Err(format!("not found in {place} in the version {version}; create it or correct the ARN"));
        }
        Ok(Answer::MarkedForDeletion) => {
            return Err("marked for deletion; `aws secretsmanager restore-secret` brings it back".to_owned());
        }
        Ok(Answer::Stale(_)) => return Err(format!("{place} gave an old answer")),
        Err(SourceError::Denied(failure)) => return Err(format!("denied: {failure}")),
        Err(SourceError::Unavailable(failure)) => return Err(format!("{place} is unavailable: {failure}")),
        Err(SourceError::Unusable(failure)) => return Err(format!("cannot be used: {failure}")),
    };
    match &reference.json_key {
        Some(key) => json_key(&secret.value, key).map(Arc::new).map_err(|error| error.to_string()),
        None => Ok(secret.value),
    }
}
