use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::warn;

use crate::connection::Serving;
use crate::{Certificate, CertificateError, ConnectionLimits, Shutdown};

/// After a failed `accept` (too many open files, say) the next one waits so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The address is taken or not ours.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// Clients that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port that nobody listens at yet.
pub struct Reserved {
    address: SocketAddr,
    socket: TcpSocket,
}

impl Reserved {
    /// Takes a port, which other processes of the same user may take too if it is shared: whoever of them listens serves.
    ///
    /// # Errors
    /// The address cannot be had.
    pub fn new(address: SocketAddr, is_shared: bool) -> Result<Self, BindError> {
        let reserve = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // Connections of the process before may still be closing.
            socket.set_reuseaddr(true)?;
            socket.set_reuseport(is_shared)?;
            socket.bind(address)?;
            Ok(socket)
        };
        reserve().map(|socket| Self { address, socket }).map_err(|source| BindError { address, source })
    }

    /// Listens, for plain HTTP.
    ///
    /// # Errors
    /// Another process, which does not share the port, has begun to.
    pub fn listen(self) -> Result<Bound, BindError> {
        let Self { address, socket } = self;
        let listener = socket.listen(BACKLOG).map_err(|source| BindError { address, source })?;
        Ok(Bound { listener, tls: None })
    }
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
    pub fn plain(address: SocketAddr) -> Result<Self, BindError> {
        Reserved::new(address, false)?.listen()
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

    /// Accepts connections until a shutdown is asked for, and then for a while longer, in which all clients are asked to
    /// go elsewhere. What they have asked for is answered.
    pub async fn serve<S, F>(self, service: S, limits: ConnectionLimits, shutdown: Shutdown)
    where
        S: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(limits.connections));
        let serving = Arc::new(Serving { tls: self.tls, service, limits: limits.clone(), shutdown: shutdown.clone() });
        let drained = shutdown.asked_since(limits.drain_delay);
        tokio::pin!(drained);
        loop {
            let (stream, place) = tokio::select! {
                () = &mut drained => break,
                accepted = accept(&self.listener, &places) => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            tokio::spawn(Arc::clone(&serving).run(stream, place));
        }
        drop(self.listener);
        // Every connection has a place: when all are to be had, there is none left.
        let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
        if timeout(limits.drain_timeout, places.acquire_many(all)).await.is_err() {
            warn!("connections were still open when the time to drain was over");
        }
    }
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
