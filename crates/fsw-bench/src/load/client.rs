use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;

use super::Target;

/// An open connection to a webhook.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", target.port)).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        let stream = target.tls.connect(ServerName::try_from("localhost")?, stream).await.context("no TLS")?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Sends a review as the API server does, and waits for the whole answer; what is no answer is an error.
    pub(crate) async fn exchange(&mut self, body: Bytes) -> anyhow::Result<Bytes> {
        self.sender.ready().await?;
        let request = Request::post("/mutate--v1-pod?timeout=10s")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, */*")
            .header(header::USER_AGENT, "kube-apiserver-admission")
            .body(Full::new(body))?;
        let response = self.sender.send_request(request).await?;
        anyhow::ensure!(response.status() == 200, "a review was answered with HTTP {}", response.status());
        Ok(response.into_body().collect().await?.to_bytes())
    }
}
