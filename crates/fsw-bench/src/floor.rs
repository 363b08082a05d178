//! The floor: hyper and rustls, the body read, the uid found, a fixed answer.

use std::path::PathBuf;

use anyhow::Context as _;
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::tls;

#[derive(Debug, Args)]
pub(crate) struct FloorArgs {
    /// Where to listen, at 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// Where to write the certificate to trust (PEM).
    #[arg(long, value_name = "FILE")]
    ca_out: PathBuf,
    /// Read the whole body as JSON.
    #[arg(long)]
    parse: bool,
}

/// Serves for ever.
pub(crate) async fn serve(args: &FloorArgs) -> anyhow::Result<()> {
    // Whoever can connect wants to read the certificate.
    let acceptor = tls::server(&args.ca_out)?;
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await.context("cannot listen")?;
    let answer = if args.parse { parsed } else { found };
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(move |request: Request<Incoming>| async move {
                let body = request.into_body().collect().await?.to_bytes();
                Ok::<_, hyper::Error>(response(&answer(&body)))
            });
            // A client that goes away is no fault.
            let _ = Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn found(body: &[u8]) -> String {
    const BEFORE: &[u8] = br#""uid":""#;
    let after = body.windows(BEFORE.len()).position(|window| window == BEFORE).map_or(0, |at| at + BEFORE.len());
    let uid = body[after..].split(|byte| *byte == b'"').next().unwrap_or_default();
    String::from_utf8_lossy(uid).into_owned()
}

fn parsed(body: &[u8]) -> String {
    let review: Value = serde_json::from_slice(body).unwrap_or_default();
    review["request"]["uid"].as_str().unwrap_or_default().to_owned()
}

fn response(uid: &str) -> Response<Full<Bytes>> {
    let body = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{{"uid":"{uid}","allowed":true}}}}"#
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
