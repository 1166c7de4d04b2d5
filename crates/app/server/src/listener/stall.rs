//! A connection whose peer has stopped reading ends after a while, and gives back what it held.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use landfall_model::limits::RESPONSE_STALL_MAX;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream with an end to waiting for its peer. Costs nothing but a pointer while the peer reads.
#[derive(Debug)]
pub(crate) struct Unstalled<S> {
    stream: S,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Unstalled<S> {
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            stalled: None,
        }
    }

    /// The result of a write: one that made no progress for too long fails.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(RESPONSE_STALL_MAX)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, advance, pause};

    use super::*;

    #[tokio::test]
    async fn a_peer_that_reads_slowly_is_waited_for() {
        pause();
        let (near, mut far) = duplex(4);
        let mut near = Unstalled::new(near);
        let writing = tokio::spawn(async move { near.write_all(&[0; 16]).await });
        let mut taken = [0; 4];
        for _ in 0..4 {
            advance(RESPONSE_STALL_MAX / 2).await;
            far.read_exact(&mut taken).await.expect("there is more");
        }
        writing.await.expect("no panic").expect("all is written");
    }

    #[tokio::test]
    async fn a_peer_that_stops_reading_is_left() {
        pause();
        let begin = Instant::now();
        let (near, _far) = duplex(4);
        let mut near = Unstalled::new(near);
        let error = near.write_all(&[0; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begin.elapsed() >= RESPONSE_STALL_MAX);
    }
}
