use std::convert::Infallible;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};
use tracing::debug;

use crate::progress::Progress;
use crate::stream::Stream;
use crate::{ConnectionLimits, Shutdown};

/// A client that connects while this server drains is asked to go elsewhere after so long.
const MOMENT: Duration = Duration::from_secs(1);

/// What the connections of a port have in common. There may be many that wait, so each holds only a pointer to it.
pub(crate) struct Serving<S> {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) service: S,
    pub(crate) limits: ConnectionLimits,
    pub(crate) shutdown: Shutdown,
}

impl<S, F> Serving<S>
where
    S: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    /// Serves a connection from its first byte to its last.
    pub(crate) fn run(self: Arc<Self>, stream: TcpStream, place: OwnedSemaphorePermit) -> impl Future<Output = ()> {
        // Answers are small and waited for: no reason to hold a packet back.
        let _ = stream.set_nodelay(true);
        // In boxes is what only some connections need, or only for a while; an `async fn` would keep the arguments, too.
        let begin = match &self.tls {
            Some(tls) => Ok(Box::pin(handshake(tls.accept(stream), self.limits.header_timeout, place))),
            None => Err(Stream::new(stream, place)),
        };
        async move {
            let handshake = match begin {
                Ok(handshake) => handshake,
                Err(stream) => return Box::pin(self.http1(stream)).await,
            };
            match handshake.await {
                Some((Protocol::Http2, stream)) => Box::pin(self.http2(stream)).await,
                Some((Protocol::Http1, stream)) => self.http1(stream).await,
                None => {}
            }
        }
    }

    async fn http1<I>(self: &Arc<Self>, stream: Box<Stream<I>>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (progress, opened) = (stream.progress(), Instant::now());
        let connection = self.http1_connection(stream, &progress);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.drained(opened) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = progress.is_slow(self.limits.header_timeout) => {
                return debug!("the head of a request took too long");
            }
        };
        say_how(ended);
    }

    fn http1_connection<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self: &Arc<Self>,
        stream: Box<Stream<I>>,
        progress: &Progress,
    ) -> http1::Connection<
        TokioIo<Box<Stream<I>>>,
        impl HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible, Future: Send> + use<I, S, F>,
    > {
        let farewell = Farewell::new(self.limits.max_age);
        let (serving, at_work) = (Arc::clone(self), progress.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (work, serving) = (at_work.work(), Arc::clone(&serving));
            let answer = (serving.service)(request);
            answer.map(move |mut response| {
                drop(work);
                // An idle connection cannot be closed without the risk that a request is just being sent: until nothing
                // else is left, it is closed together with an answer.
                if farewell.is_due(&serving.shutdown) {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            })
        });
        let mut builder = http1::Builder::new();
        // Runs while the connection is idle, too.
        builder.timer(TokioTimer::new()).header_read_timeout(self.limits.idle_timeout);
        builder.serve_connection(TokioIo::new(stream), service)
    }

    /// Waits until a connection is to end even if nothing was asked on it. One that was opened late has a moment to ask.
    async fn drained(&self, opened: Instant) {
        let asked = self.shutdown.asked().await;
        sleep_until((asked + self.limits.drain_delay).max(opened + MOMENT)).await;
    }

    async fn http2<I>(self: &Arc<Self>, stream: Box<Stream<I>>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).keep_alive_interval(self.limits.header_timeout);
        let farewell = Farewell::new(self.limits.max_age);
        let serving = Arc::clone(self);
        let service = service_fn(move |request| (serving.service)(request).map(Ok::<_, Infallible>));
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = farewell.due(&self.shutdown) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        say_how(ended);
    }
}

/// What a client and the server have agreed upon.
enum Protocol {
    Http1,
    Http2,
}

async fn handshake(
    accept: Accept<TcpStream>,
    allowed: Duration,
    place: OwnedSemaphorePermit,
) -> Option<(Protocol, Box<Stream<TlsStream<TcpStream>>>)> {
    match timeout(allowed, accept).await {
        Ok(Ok(stream)) => {
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            return Some((if is_http2 { Protocol::Http2 } else { Protocol::Http1 }, Stream::new(stream, place)));
        }
        Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
        Err(_) => debug!("a TLS handshake took too long"),
    }
    None
}

fn say_how(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        debug!(%error, "a connection ended with an error");
    }
}

/// When a client is to be sent elsewhere: its connection is old, or this server is on its way out.
#[derive(Clone, Copy)]
struct Farewell {
    opened: Instant,
    old: Option<Instant>,
}

impl Farewell {
    fn new(max_age: Duration) -> Self {
        let opened = Instant::now();
        // Not all at the same time.
        let old = (!max_age.is_zero()).then(|| opened + max_age.mul_f64(0.75 + 0.5 * fastrand::f64()));
        Self { opened, old }
    }

    fn is_due(self, shutdown: &Shutdown) -> bool {
        shutdown.is_asked() || self.old.is_some_and(|old| Instant::now() >= old)
    }

    /// One that is opened during a shutdown has a moment, so that its client gets on while it cannot know of another
    /// server yet.
    async fn due(self, shutdown: &Shutdown) {
        let old = async {
            match self.old {
                Some(old) => sleep_until(old).await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = shutdown.asked() => sleep_until(self.opened + MOMENT).await,
            () = old => {}
        }
    }
}
