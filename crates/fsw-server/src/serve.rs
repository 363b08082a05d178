use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::lingering::Lingering;
use crate::{Certificate, CertificateError, Shutdown};

/// After a failed `accept` (too many open files, say) the next one waits so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A client that connects while this server drains is asked to go elsewhere after so long.
const MOMENT: Duration = Duration::from_secs(1);

/// What one client may cost.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// So many connections at a time; more wait to be accepted.
    pub connections: usize,
    /// How long a client may take for its TLS handshake, and for the head of each request.
    pub header_timeout: Duration,
    /// How long an HTTP/2 connection is used before its client is asked to open another; zero: for ever.
    pub max_age: Duration,
    /// How long to go on accepting once a shutdown was asked for, for clients that have not noticed.
    pub drain_delay: Duration,
    /// How long connections may take to end after that.
    pub drain_timeout: Duration,
}

/// The address is taken or not ours.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// A listener that has its port.
pub struct Bound {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Bound {
    /// Takes a port for plain HTTP.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn plain(address: SocketAddr) -> Result<Self, BindError> {
        let listener = TcpListener::bind(address).await.map_err(|source| BindError { address, source })?;
        Ok(Self { listener, tls: None })
    }

    /// Serves TLS with this certificate.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub fn with_tls(self, certificate: &Arc<Certificate>) -> Result<Self, CertificateError> {
        let tls = Some(TlsAcceptor::from(Arc::new(certificate.server_config()?)));
        Ok(Self { tls, ..self })
    }

    /// The address, with the port that port 0 became.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Accepts connections until a shutdown is asked for, and then for a while longer. Clients that are connected are
    /// asked at once to go elsewhere, as are new ones after a moment; what they have asked for is answered.
    pub async fn serve<S, F>(self, service: S, limits: ConnectionLimits, shutdown: Shutdown)
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(limits.connections));
        let drained = drained(shutdown.clone(), limits.drain_delay);
        tokio::pin!(drained);
        loop {
            let (stream, place) = tokio::select! {
                () = &mut drained => break,
                accepted = accept(&self.listener, &places) => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            let connection = Connection {
                tls: self.tls.clone(),
                service: service.clone(),
                limits: limits.clone(),
                shutdown: shutdown.clone(),
            };
            tokio::spawn(connection.run(stream, place));
        }
        drop(self.listener);
        // Every connection has a place: when all are to be had, there is none left.
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        if timeout(limits.drain_timeout, places.acquire_many(all)).await.is_err() {
            warn!("connections were still open when the time to drain was over");
        }
    }
}

async fn drained(mut shutdown: Shutdown, delay: Duration) {
    shutdown.asked().await;
    sleep(delay).await;
}

/// The next connection and its place among those that may be open.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, place)),
        Err(error) => {
            warn!(%error, "a connection could not be accepted");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// When a connection is to be given up: old, or this server is on its way out. One that is opened then has a moment, so
/// that its client gets on while it cannot know of another server yet.
async fn retired(mut shutdown: Shutdown, max_age: Duration) {
    let since = Instant::now();
    let aged = async {
        match max_age {
            Duration::ZERO => pending().await,
            // Not all at the same time.
            age => sleep(age.mul_f64(0.75 + 0.5 * fastrand::f64())).await,
        }
    };
    tokio::select! {
        () = shutdown.asked() => sleep_until(since + MOMENT).await,
        () = aged => {}
    }
}

struct Connection<S> {
    tls: Option<TlsAcceptor>,
    service: S,
    limits: ConnectionLimits,
    shutdown: Shutdown,
}

impl<S, F> Connection<S>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    async fn run(self, stream: TcpStream, _place: OwnedSemaphorePermit) {
        // Answers are small and waited for: no reason to hold a packet back.
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else { return self.http(stream, Duration::ZERO).await };
        match timeout(self.limits.header_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                // An HTTP/1 client may be sending a request just when its idle connection is closed.
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let max_age = if is_http2 { self.limits.max_age } else { Duration::ZERO };
                self.http(stream, max_age).await;
            }
            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
            Err(_) => debug!("a TLS handshake took too long"),
        }
    }

    async fn http<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: I, max_age: Duration) {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(self.limits.header_timeout);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(self.limits.header_timeout);
        let service = self.service;
        let service = service_fn(move |request| {
            let response = service(request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        let connection = builder.serve_connection(TokioIo::new(Lingering::new(stream)), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = retired(self.shutdown, max_age) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended with an error");
        }
    }
}
