//! How a fake AWS is told what to be like, and asked what it was asked.

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

/// What AWS is like.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Weather {
    /// So many of a thousand calls are throttled.
    pub(crate) throttled: u64,
    /// So many of a thousand calls fail with an internal error.
    pub(crate) failing: u64,
    /// The length of values, in bytes.
    pub(crate) value_length: u64,
}

/// A day like any other.
pub(crate) const FAIR: Weather = Weather { throttled: 0, failing: 0, value_length: 32 };

/// What was asked up to now.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) found: u64,
    pub(crate) not_found: u64,
    pub(crate) failed: u64,
}

impl Calls {
    /// What was asked since then.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            found: self.found - earlier.found,
            not_found: self.not_found - earlier.not_found,
            failed: self.failed - earlier.failed,
        }
    }

    pub(crate) fn all(self) -> u64 {
        self.found + self.not_found + self.failed
    }
}

/// A fake AWS that runs at this port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control {
    pub(crate) port: u16,
}

impl Control {
    pub(crate) async fn calls(self) -> anyhow::Result<Calls> {
        Ok(serde_json::from_slice(&self.post("/_calls", Vec::new()).await?)?)
    }

    pub(crate) async fn set(self, weather: Weather) -> anyhow::Result<()> {
        self.post("/_weather", serde_json::to_vec(&weather)?).await?;
        Ok(())
    }

    async fn post(self, path: &str, body: Vec<u8>) -> anyhow::Result<Bytes> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.context("the fake AWS is not there")?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::post(path).header("host", "localhost").body(Full::new(Bytes::from(body)))?;
        Ok(sender.send_request(request).await?.into_body().collect().await?.to_bytes())
    }
}
