use std::convert::Infallible;
use std::future::{Future, pending};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::progress::Progress;
use crate::stream::Stream;
use crate::{ConnectionLimits, Shutdown};

/// A client that connects while this server drains is asked to go elsewhere after so long.
const MOMENT: Duration = Duration::from_secs(1);

/// A connection from its first byte to its last.
pub(crate) struct Connection<S> {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) service: S,
    pub(crate) limits: ConnectionLimits,
    pub(crate) shutdown: Shutdown,
}

impl<S, F> Connection<S>
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    pub(crate) async fn run(self, stream: TcpStream, _place: OwnedSemaphorePermit) {
        // Answers are small and waited for: no reason to hold a packet back.
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else { return self.http(stream, false).await };
        match timeout(self.limits.header_timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.http(stream, is_http2).await;
            }
            Ok(Err(error)) => debug!(%error, "a TLS handshake failed"),
            Err(_) => debug!("a TLS handshake took too long"),
        }
    }

    async fn http<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: I, is_http2: bool) {
        let ConnectionLimits { header_timeout, idle_timeout, max_age, drain_delay, .. } = self.limits;
        let mut builder = Builder::new(TokioExecutor::new());
        // Runs while the connection is idle, too.
        builder.http1().timer(TokioTimer::new()).header_read_timeout(idle_timeout);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(header_timeout);
        let farewell = Farewell::new(self.shutdown.clone(), max_age);
        let progress = Progress::default();
        let (service, leaving, at_work) = (self.service, farewell.clone(), progress.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let work = at_work.work();
            let is_http1 = request.version() <= Version::HTTP_11;
            let (answer, leaving) = (service(request), leaving.clone());
            async move {
                let mut response = answer.await;
                drop(work);
                if is_http1 && leaving.is_due() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let stream = Stream::new(stream, progress.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let given_up = async {
            match is_http2 {
                true => farewell.due().await,
                // An idle connection of HTTP/1 cannot be closed without the risk that a request is just being sent:
                // until nothing else is left, it is closed together with an answer.
                false => self.shutdown.asked_since(drain_delay).await,
            }
        };
        let slow = async { if is_http2 { pending().await } else { progress.is_slow(header_timeout).await } };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = given_up => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = slow => return debug!("the head of a request took too long"),
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended with an error");
        }
    }
}

/// When a client is to be sent elsewhere: its connection is old, or this server is on its way out.
#[derive(Clone)]
struct Farewell {
    shutdown: Shutdown,
    opened: Instant,
    old: Option<Instant>,
}

impl Farewell {
    fn new(shutdown: Shutdown, max_age: Duration) -> Self {
        let opened = Instant::now();
        // Not all at the same time.
        let old = (!max_age.is_zero()).then(|| opened + max_age.mul_f64(0.75 + 0.5 * fastrand::f64()));
        Self { shutdown, opened, old }
    }

    fn is_due(&self) -> bool {
        self.shutdown.is_asked() || self.old.is_some_and(|old| Instant::now() >= old)
    }

    /// One that is opened during a shutdown has a moment, so that its client gets on while it cannot know of another
    /// server yet.
    async fn due(mut self) {
        let old = async {
            match self.old {
                Some(old) => sleep_until(old).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = self.shutdown.asked() => sleep_until(self.opened + MOMENT).await,
            () = old => {}
        }
    }
}
