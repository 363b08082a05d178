//! What one client may cost the others: reviews that wait, bodies that do not come.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use fsw_admission::{Denial, Limits, Metrics, MutatePod, Mutation, PATH, PodReview, Service};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all, pending, ready};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, SizeHint};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::task::yield_now;

const LARGEST: usize = 6 * 1024 * 1024;

/// Admits pods at once, unless they are named `waiting`.
struct Admit;

impl MutatePod for Admit {
    fn mutate(&self, review: PodReview) -> BoxFuture<'_, Result<Mutation, Denial>> {
        match review.name.as_str() {
            "waiting" => pending().boxed(),
            _ => ready(Ok(Mutation::default())).boxed(),
        }
    }
}

fn service(concurrent_reviews: usize) -> Service {
    let limits = Limits {
        body: LARGEST,
        concurrent_reviews,
        timeout: Duration::from_secs(10),
        retry_after: Duration::from_secs(3),
    };
    Service::new(Arc::new(Admit), limits, Metrics::register(&mut Registry::default()))
}

/// A body that has its length, or tells none, or never comes.
struct Sent {
    body: Option<Bytes>,
    announced: Option<u64>,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match &mut self.get_mut().body {
            None => Poll::Pending,
            Some(body) if body.is_empty() => Poll::Ready(None),
            Some(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A review of a pod with this name and so many bytes of something.
fn review(name: &str, padding: usize) -> Bytes {
    let pod = json!({"metadata": {"name": name, "annotations": {"padding": "x".repeat(padding)}}, "spec": {}});
    let kind = json!({"group": "", "version": "v1", "kind": "Pod"});
    let request = json!({"uid": "u", "kind": kind, "namespace": "ns", "operation": "CREATE", "object": pod});
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    review.to_string().into()
}

fn whole(body: Bytes) -> Sent {
    Sent { announced: Some(body.len() as u64), body: Some(body) }
}

fn request(body: Sent) -> Request<Sent> {
    Request::post(PATH).header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
}

async fn json_of(response: Response<Full<Bytes>>) -> Value {
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

type Answer = Pin<Box<dyn Future<Output = Response<Full<Bytes>>>>>;

/// Begins to answer, with a task's whole budget.
async fn begin(service: &Service, body: Sent) -> (Answer, Option<Response<Full<Bytes>>>) {
    yield_now().await;
    let mut answer: Answer = Box::pin(service.answer(request(body)));
    let at_once = (&mut answer).now_or_never();
    (answer, at_once)
}

/// Whether a small review is answered without anything else having to happen.
async fn is_served(service: &Service) -> bool {
    match begin(service, whole(review("ready", 10))).await {
        (_, Some(answer)) => json_of(answer).await["response"]["allowed"] == true,
        (_, None) => false,
    }
}

async fn waits(service: &Service, body: Sent) -> Answer {
    let (answer, at_once) = begin(service, body).await;
    assert!(at_once.is_none());
    answer
}

#[tokio::test(start_paused = true)]
async fn as_many_pods_wait_as_may_and_one_that_needs_not_wait_is_served_all_the_same() {
    let service = service(2);
    let waiting = [(); 2].map(|()| waits(&service, whole(review("waiting", 10))));
    let waiting = join_all(waiting).await;
    let third = || async { json_of(service.answer(request(whole(review("waiting", 10)))).await).await };
    let status = third().await["response"]["status"].take();
    assert_eq!((&status["code"], &status["details"]["retryAfterSeconds"]), (&json!(429), &json!(3)));
    assert!(status["message"].as_str().unwrap().ends_with("(secretsWebhook.maxConcurrentReviews)"), "{status}");
    assert!(is_served(&service).await);
    drop(waiting);
    drop(waits(&service, whole(review("waiting", 10))).await);
}

#[tokio::test(start_paused = true)]
async fn large_bodies_that_do_not_come_hold_up_only_each_other() {
    let service = service(512);
    let never = || Sent { body: None, announced: Some(LARGEST as u64) };
    let mut stuck = Vec::new();
    for _ in 0..8 {
        stuck.push(waits(&service, never()).await);
    }
    assert!(is_served(&service).await);
    let response = service.answer(request(whole(review("ready", 100_000)))).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    for answer in stuck {
        assert_eq!(answer.await.status(), StatusCode::REQUEST_TIMEOUT);
    }
    json_of(service.answer(request(whole(review("ready", 100_000)))).await).await;
}

#[tokio::test(start_paused = true)]
async fn waiting_pods_hold_what_they_have_and_no_more() {
    let service = service(5_000);
    let mut waiting = Vec::new();
    // As many as the room for small bodies would hold, and more.
    for _ in 0..1_000 {
        waiting.push(waits(&service, whole(review("waiting", 30_000))).await);
    }
    // Of unknown length, each could be as large as may be.
    for _ in 0..100 {
        waiting.push(waits(&service, Sent { body: Some(review("waiting", 100_000)), announced: None }).await);
    }
    assert!(is_served(&service).await);
    json_of(service.answer(request(whole(review("ready", 100_000)))).await).await;
    for _ in 0..40 {
        waiting.push(waits(&service, whole(review("waiting", 1_000_000))).await);
    }
    assert!(is_served(&service).await);
    let response = service.answer(request(whole(review("ready", 1_000_000)))).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
