use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::{Health, State};

/// The admin port's answers: `/livez`, `/readyz`, `/metrics`.
pub fn admin_service<B>(
    health: Health,
    registry: Arc<Registry>,
) -> impl Fn(Request<B>) -> std::future::Ready<Response<Full<Bytes>>> + Clone {
    move |request| {
        std::future::ready(match request.uri().path() {
            "/livez" => plain(StatusCode::OK, "ok\n"),
            "/readyz" => match health.get() {
                State::Ready => plain(StatusCode::OK, "ok\n"),
                State::Starting => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
                State::Draining => plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
            },
            "/metrics" => metrics(&registry),
            _ => plain(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n"),
        })
    }
}

fn metrics(registry: &Registry) -> Response<Full<Bytes>> {
    let mut text = String::new();
    if encode(&mut text, registry).is_err() {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n");
    }
    let mut response = Response::new(Full::new(Bytes::from(text)));
    let open_metrics = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, open_metrics);
    response
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}
