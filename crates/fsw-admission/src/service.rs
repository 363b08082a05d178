use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, ready};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::deadline::deadline;
use crate::{Denial, DenialKind, Metrics, MutatePod, Mutation, PodReview, Reply, review};

/// Where Flyte's webhook is registered; the query is not part of it.
pub const PATH: &str = "/mutate--v1-pod";

/// Bodies that are being read or worked on may hold so many bytes in all.
const ALL_BODIES: usize = 64 * 1024 * 1024;

/// What one client may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// So many reviews are worked on at a time; more are told to come again.
    pub concurrent_reviews: usize,
    /// How long a review takes at most, where the request does not say.
    pub timeout: Duration,
    /// What those that are told to come again should wait.
    pub retry_after: Duration,
}

/// The HTTP service.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

struct Shared {
    mutate: Arc<dyn MutatePod>,
    limits: Limits,
    reviews: Semaphore,
    bodies: Semaphore,
    metrics: Metrics,
}

impl Service {
    /// A service that hands pods to `mutate`.
    pub fn new(mutate: Arc<dyn MutatePod>, limits: Limits, metrics: Metrics) -> Self {
        let reviews = Semaphore::new(limits.concurrent_reviews);
        let bodies = Semaphore::new(ALL_BODIES.max(limits.body));
        Self { shared: Arc::new(Shared { mutate, limits, reviews, bodies, metrics }) }
    }

    /// Answers one HTTP request. Its head is given up at once: its connection may have to wait.
    pub fn answer<B>(&self, request: Request<B>) -> impl Future<Output = Response<Full<Bytes>>> + use<B>
    where
        B: Body,
    {
        let arrival = Instant::now();
        if let Some(refused) = refuse_early(&request) {
            return Either::Left(ready(refused));
        }
        let deadline = deadline(request.uri().query(), self.shared.limits.timeout, arrival);
        Either::Right(Arc::clone(&self.shared).serve(request.into_body(), arrival, deadline))
    }
}

fn refuse_early<B>(request: &Request<B>) -> Option<Response<Full<Bytes>>> {
    if request.uri().path() != PATH {
        return Some(text(StatusCode::NOT_FOUND, format!("there is only {PATH}")));
    }
    if request.method() != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "send an AdmissionReview by POST");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Some(response);
    }
    let is_json = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"application/json");
    match request.headers().get(header::CONTENT_TYPE) {
        Some(other) if !is_json(other) => {
            Some(text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send an AdmissionReview as application/json"))
        }
        _ => None,
    }
}

impl Shared {
    async fn serve<B>(self: Arc<Self>, body: B, arrival: Instant, deadline: Instant) -> Response<Full<Bytes>>
    where
        B: Body,
    {
        let (_permit, body) = match self.read(body, deadline).await {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        self.decide(body, arrival, deadline).await
    }

    /// The whole body, and the room that it takes.
    async fn read<B>(
        &self,
        body: B,
        deadline: Instant,
    ) -> Result<(Option<SemaphorePermit<'_>>, Bytes), Response<Full<Bytes>>>
    where
        B: Body,
    {
        let announced = body.size_hint().upper().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let reserve = u32::try_from(announced.unwrap_or(usize::MAX).min(self.limits.body)).unwrap_or(u32::MAX);
        let read = async {
            // Never closed, so there is always a permit in the end.
            let permit = self.bodies.acquire_many(reserve).await.ok();
            (permit, read_whole(body, self.limits.body).await)
        };
        match timeout_at(deadline, read).await {
            Ok((permit, Ok(body))) => Ok((permit, body)),
            Ok((_, Err(BodyError::TooLarge))) => {
                let message = format!("a review may have {} bytes", self.limits.body);
                Err(text(StatusCode::PAYLOAD_TOO_LARGE, message))
            }
            Ok((_, Err(BodyError::Broken))) => Err(text(StatusCode::BAD_REQUEST, "the body ended before it was whole")),
            Err(_) => Err(text(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        }
    }

    async fn decide(&self, body: Bytes, arrival: Instant, deadline: Instant) -> Response<Full<Bytes>> {
        let _in_flight = self.metrics.enter();
        let crowded = Crowded(self.limits.retry_after);
        let seat = self.reviews.try_acquire();
        let mutate: &dyn MutatePod = if seat.is_ok() { &*self.mutate } else { &crowded };
        match review(body, deadline, mutate).await {
            Ok(Reply { body, outcome }) => {
                self.metrics.record(outcome, arrival.elapsed().as_secs_f64());
                let mut response = Response::new(Full::new(Bytes::from(body)));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(header::CONTENT_TYPE, json);
                response
            }
            Err(undecodable) => text(StatusCode::BAD_REQUEST, undecodable.to_string()),
        }
    }
}

enum BodyError {
    TooLarge,
    Broken,
}

/// The whole body, if it is within the limit. A larger one is read to its end all the same, or for as long as is decent,
/// and thrown away: a client that is still writing when the connection closes never sees the answer.
async fn read_whole<B: Body>(body: B, limit: usize) -> Result<Bytes, BodyError> {
    const DECENT: usize = 64 * 1024 * 1024;
    let announced = body.size_hint().upper().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while length <= DECENT {
        let Some(frame) = body.as_mut().frame().await else { break };
        let Ok(mut frame) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        let is_all = length == 0 && frame.remaining() == announced;
        length = length.saturating_add(frame.remaining());
        if is_all && length <= limit {
            // Most reviews come in one piece, which need not be copied.
            return Ok(frame.copy_to_bytes(length));
        }
        if length <= limit {
            whole.reserve(announced.min(limit).saturating_sub(whole.len()));
            whole.put(frame);
        } else {
            whole.clear();
        }
    }
    if length > limit { Err(BodyError::TooLarge) } else { Ok(whole.freeze()) }
}

/// Tells every pod to come again: more reviews are being worked on than may be.
struct Crowded(Duration);

impl MutatePod for Crowded {
    fn mutate(&self, _: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        let message = "none of the secret managers injected secret []: the webhook works on as many reviews as it may (secretsWebhook.maxConcurrentReviews)".to_owned();
        let kind = DenialKind::Unavailable { retry_after: self.0 };
        ready(Err(Denial { kind, facts: message.clone(), message })).boxed()
    }
}

fn text(status: StatusCode, message: impl Into<String>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(message.into() + "\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
