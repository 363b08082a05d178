use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::progress::Progress;

/// A client that still sends after so long has not read that it should not.
const PATIENCE: Duration = Duration::from_secs(2);

/// A stream that tells when bytes come, and that is read on for a moment after the server is done with it. A client may be
/// sending a request just when the connection is given up; were the socket closed under it, the client would see a broken
/// pipe, and an API server would fail a pod. Read to its end, the client finds the server's word that the request was not
/// taken, and sends it elsewhere.
pub(crate) struct Stream<T: AsyncRead + Unpin + Send + 'static> {
    /// There until dropped, with its place among the connections.
    stream: Option<(T, OwnedSemaphorePermit)>,
    progress: Progress,
}

impl<T: AsyncRead + Unpin + Send + 'static> Stream<T> {
    pub(crate) fn new(stream: T, place: OwnedSemaphorePermit) -> Box<Self> {
        Box::new(Self { stream: Some((stream, place)), progress: Progress::default() })
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    fn stream(self: Pin<&mut Self>) -> io::Result<Pin<&mut T>> {
        self.get_mut()
            .stream
            .as_mut()
            .map(|(stream, _)| Pin::new(stream))
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<T: AsyncRead + Unpin + Send + 'static> Drop for Stream<T> {
    fn drop(&mut self) {
        let Some((mut stream, place)) = self.stream.take() else { return };
        // Outside of a runtime nobody is served any more.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(timeout(PATIENCE, async move {
            let mut rest = [0; 256];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            drop((stream, place));
        }));
    }
}

impl<T: AsyncRead + Unpin + Send + 'static> AsyncRead for Stream<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = self.as_mut().stream()?.poll_read(cx, buf);
        if buf.filled().len() > before {
            self.progress.bytes();
        }
        read
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Stream<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(|(stream, _)| stream.is_write_vectored())
    }
}
