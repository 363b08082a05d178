//! An HTTPS client as small as a test needs: one connection, which trusts one authority.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// An open connection.
pub enum Client {
    /// Speaks HTTP/1.1.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// Speaks HTTP/2.
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// Opens a TLS connection to `localhost` at this address.
///
/// # Errors
/// It is refused, or the certificate is not of this authority (PEM).
pub async fn connect_tls(
    address: SocketAddr,
    authority: &str,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let mut config =
        builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

impl Client {
    /// Connects with HTTP/1.1.
    ///
    /// # Errors
    /// See [`connect_tls`].
    pub async fn http1(address: SocketAddr, authority: &str) -> std::io::Result<Self> {
        let stream = connect_tls(address, authority, b"http/1.1").await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self::Http1(sender))
    }

    /// Connects with HTTP/2.
    ///
    /// # Errors
    /// See [`connect_tls`].
    pub async fn http2(address: SocketAddr, authority: &str) -> std::io::Result<Self> {
        let stream = connect_tls(address, authority, b"h2").await?;
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self::Http2(sender))
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Bytes>> {
        let response = match self {
            Self::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Self::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        whole(response).await
    }

    /// Waits until the server has closed the connection.
    pub async fn closed(&self) {
        let is_closed = || match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        };
        while !is_closed() {
            tokio::task::yield_now().await;
        }
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> hyper::Result<Response<Bytes>> {
        let uri = format!("https://localhost{path}");
        let request = Request::post(uri).header("host", "localhost").header("content-type", "application/json");
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }
}

async fn whole(response: Response<Incoming>) -> hyper::Result<Response<Bytes>> {
    let (head, body) = response.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}
