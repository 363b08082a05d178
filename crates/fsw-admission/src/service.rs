use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, ready};
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Body;
use tokio::time::Instant;

use crate::bodies::{Bodies, Held};
use crate::bounded::Bounded;
use crate::deadline::deadline;
use crate::{Metrics, MutatePod, Reply, review};

/// Where Flyte's webhook is registered; the query is not part of it.
pub const PATH: &str = "/mutate--v1-pod";

/// What one client may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body: usize,
    /// So many reviews may wait for something at a time; more are told to come again.
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
    mutate: Bounded,
    bodies: Bodies,
    timeout: Duration,
    metrics: Metrics,
}

impl Service {
    /// A service that hands pods to `mutate`.
    pub fn new(mutate: Arc<dyn MutatePod>, limits: Limits, metrics: Metrics) -> Self {
        let mutate = Bounded::new(mutate, limits.concurrent_reviews, limits.retry_after);
        let bodies = Bodies::new(limits.body);
        Self { shared: Arc::new(Shared { mutate, bodies, timeout: limits.timeout, metrics }) }
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
        let deadline = deadline(request.uri().query(), self.shared.timeout, arrival);
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
        match self.bodies.read(body, deadline).await {
            Ok((body, _room)) => self.decide(body, arrival, deadline).await,
            Err((status, message)) => text(status, message),
        }
    }

    async fn decide(&self, body: Held<'_>, arrival: Instant, deadline: Instant) -> Response<Full<Bytes>> {
        let _in_flight = self.metrics.enter();
        match review(body, deadline, &self.mutate).await {
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

fn text(status: StatusCode, message: impl Into<String>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(message.into() + "\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}
