use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use fsw_config::{Config, Layers, Level, Loaded, LogFormat};
use fsw_server::{
    Bound, ConnectionLimits, Health, Reserved, Shutdown, State, Token, Trigger, admin_service, init_logs,
    invalidation_service,
};
use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::args::RunArgs;
use crate::keeping::Keeping;
use crate::signals::{Signals, second_signal};
use crate::standby::{self, Place};
use crate::{certificate, cluster, metrics};

/// Longer than the 90 s for which the API server keeps an idle connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// How long leaving may take.
const A_MOMENT: Duration = Duration::from_secs(2);

/// Expired secrets are wiped from memory so often at least.
const TIDY_INTERVAL: Duration = Duration::from_secs(30);

/// Serves until it is told to stop.
pub(crate) fn run(args: &RunArgs, loaded: &Loaded, layers: &Layers) -> anyhow::Result<()> {
    start_logs(loaded)?;
    runtime()?.block_on(serve(args, &loaded.config, layers))
}

/// Starts the log, with what is odd about the configuration.
pub(crate) fn start_logs(loaded: &Loaded) -> anyhow::Result<()> {
    let log = &loaded.config.secrets_webhook.log;
    let format = match log.format {
        LogFormat::Json => fsw_server::LogFormat::Json,
        LogFormat::Text => fsw_server::LogFormat::Text,
    };
    init_logs(format, &log.level)?;
    for finding in &loaded.findings {
        match finding.level {
            Level::Ignored => info!(%finding, "configuration"),
            _ => warn!(%finding, "configuration"),
        }
    }
    Ok(())
}

pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")
}

async fn serve(args: &RunArgs, config: &Config, layers: &Layers) -> anyhow::Result<()> {
    let ours = &config.secrets_webhook;
    let mut registry = Registry::with_prefix("flyte_secrets_webhook");
    let source = fsw_app::open_source(config, &mut registry).await?;
    let cached = fsw_app::cached(config, source, &mut registry);
    let service = fsw_app::service(config, Arc::new(cached.clone()), &mut registry);
    let clear = fsw_app::invalidation(config, cached.clone());
    let measured = metrics::register_expiry(&mut registry);
    let in_order = metrics::register_order(&mut registry);
    let (mut stop, stop_at_once) = (Signals::new()?, Signals::new()?);

    let health = Health::default();
    let limits = ConnectionLimits {
        connections: ours.max_connections,
        header_timeout: ours.header_timeout,
        idle_timeout: IDLE_TIMEOUT,
        max_age: ours.max_connection_age,
        drain_delay: ours.drain.delay,
        drain_timeout: ours.drain.timeout,
    };
    // It says that this process lives while it waits for the API server, too.
    let admin = Bound::plain(SocketAddr::new(ours.listen_address, ours.admin_port))?;
    let admin_service = admin_service(health.clone(), Arc::new(registry));
    let (admin_trigger, admin_shutdown) = Shutdown::new();
    let at_once = ConnectionLimits { drain_delay: Duration::ZERO, ..limits.clone() };
    let admin = tokio::spawn(admin.serve(admin_service, at_once.clone(), admin_shutdown.clone()));
    let reserve = |port| Reserved::new(SocketAddr::new(ours.listen_address, port), ours.standby_lock.is_some());
    let reviews = reserve(config.webhook.listen_port)?;
    let invalidation = match config.webhook.cache_invalidation_port {
        0 => None,
        port => Some((reserve(port)?, invalidation_token(config)?)),
    };

    let keeper = if args.self_signed { None } else { cluster::keeper(config, layers).await? };
    let certificate = tokio::select! {
        certificate = certificate::certificate(args, config, keeper.as_ref()) => Arc::new(certificate?),
        () = stop.next() => {
            info!("stopped");
            return Ok(());
        }
    };
    let _ = measured.set(Arc::clone(&certificate));
    let watch = {
        let (certificate, every) = (Arc::clone(&certificate), ours.cert_reload_interval);
        tokio::spawn(async move { certificate.watch(every).await })
    };
    let tidy = tokio::spawn(async move { cached.tidy(TIDY_INTERVAL).await });
    let (keep_trigger, stopped) = Shutdown::new();
    let mut keeping =
        Some(Keeping { keeper, certificate: Arc::clone(&certificate), health: health.clone(), in_order, stopped });
    let mut keep = || keeping.take().and_then(Keeping::start);

    // Ready once it listens, or once it could.
    let mut kept = None;
    let _turn = match standby::place(ours.standby_lock.as_deref())? {
        Place::Serving(turn) => turn,
        Place::StandingBy(lock) => {
            kept = keep();
            info!("standing by");
            tokio::select! {
                turn = standby::turn(lock) => turn?,
                () = stop.next() => {
                    leave(&keep_trigger, kept).await;
                    info!("stopped");
                    return Ok(());
                }
            }
        }
    };
    let bound = reviews.listen()?.with_tls(&certificate)?;
    let invalidation = match invalidation {
        None => None,
        Some((port, token)) => {
            let service = invalidation_service(clear, token);
            Some(tokio::spawn(port.listen()?.serve(service, at_once, admin_shutdown)))
        }
    };
    let kept = kept.or_else(keep);
    info!(address = %bound.local_addr()?, admin_port = ours.admin_port, "listening");

    let (trigger, shutdown) = Shutdown::new();
    let reviews = bound.serve(move |request| service.answer(request), limits, shutdown);
    tokio::select! {
        () = drain(stop, &health, trigger, reviews) => {
            leave(&keep_trigger, kept).await;
            info!("stopped");
        }
        () = second_signal(stop_at_once) => warn!("stopped at once, at a second signal"),
    }
    watch.abort();
    tidy.abort();
    admin_trigger.pull();
    let _ = admin.await;
    if let Some(invalidation) = invalidation {
        let _ = invalidation.await;
    }
    Ok(())
}

/// Leaves what is kept in the cluster to other replicas.
async fn leave(trigger: &Trigger, kept: Option<JoinHandle<()>>) {
    trigger.pull();
    if let Some(kept) = kept {
        let _ = timeout(A_MOMENT, kept).await;
    }
}

/// What those who clear the cache have to show, if anything.
fn invalidation_token(config: &Config) -> anyhow::Result<Option<Arc<Token>>> {
    let token = config.secrets_webhook.cache.invalidation_token_file.as_deref().map(Token::load).transpose()?;
    if token.is_none() {
        info!(
            port = config.webhook.cache_invalidation_port,
            "anybody who reaches this port can clear the cache, as with Flyte's own webhook; secretsWebhook.cache.invalidationTokenFile asks for a token"
        );
    }
    Ok(token.map(Arc::new))
}

/// Serves until a signal, then ends what is in flight.
async fn drain(mut stop: Signals, health: &Health, trigger: Trigger, reviews: impl Future<Output = ()>) {
    let asked = async {
        stop.next().await;
        info!("draining");
        health.set(State::Draining);
        trigger.pull();
        // The trigger must live until the reviews have ended.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = asked => {}
        () = reviews => {}
    }
}
