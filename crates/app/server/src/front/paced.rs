//! The body of a request that comes in time: without long pauses, and on the whole no slower than a trickle.
//!
//! Only the time counts in which the server waits for the client. What it takes to write to a disk or to wait for a turn
//! is not the client's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use landfall_model::limits::{BODY_BYTES_A_SECOND_MIN, BODY_PAUSE_MAX, BODY_TIME_MIN};
use tokio::time::{Instant, Sleep, sleep_until};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A body with an end to waiting for it.
#[derive(Debug)]
pub(crate) struct Paced<B> {
    body: B,
    received: u64,
    waited: Duration,
    /// Since when the client is waited for, and until when.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<B> Paced<B> {
    pub(crate) const fn new(body: B) -> Self {
        Self {
            body,
            received: 0,
            waited: Duration::ZERO,
            waiting: None,
        }
    }

    /// The time that the client may take for what has come so far.
    fn allowed(&self) -> Duration {
        allowed(self.received)
    }
}

/// The time that a client may take for so many bytes.
pub(crate) fn allowed(bytes: u64) -> Duration {
    BODY_TIME_MIN + Duration::from_secs(bytes / BODY_BYTES_A_SECOND_MIN)
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes, Error: Into<Failure>> + Unpin,
{
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
            let left = this.allowed().saturating_sub(this.waited);
            let (_, end) = this.waiting.get_or_insert_with(|| {
                let now = Instant::now();
                (now, Box::pin(sleep_until(now + left.min(BODY_PAUSE_MAX))))
            });
            return end
                .as_mut()
                .poll(context)
                .map(|()| Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())));
        };
        if let Some((since, _)) = this.waiting.take() {
            this.waited += since.elapsed();
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.received += u64::try_from(bytes).unwrap_or(u64::MAX);
                Some(Ok(frame))
            }
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc::{Sender, channel};
    use tokio::time::{advance, pause};
    use tokio_stream::wrappers::ReceiverStream;

    use super::*;

    type Sent = Result<Frame<Bytes>, io::Error>;

    fn body() -> (Sender<Sent>, Paced<StreamBody<ReceiverStream<Sent>>>) {
        let (sender, receiver) = channel(1);
        (
            sender,
            Paced::new(StreamBody::new(ReceiverStream::new(receiver))),
        )
    }

    async fn send(sender: &Sender<Sent>, bytes: usize) {
        let frame = Frame::data(Bytes::from(vec![0; bytes]));
        sender.send(Ok(frame)).await.expect("it is read");
    }

    #[tokio::test]
    async fn a_trickling_body_ends() {
        pause();
        let (sender, mut body) = body();
        let begin = Instant::now();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(BODY_PAUSE_MAX / 2).await;
                send(&sender, 1).await;
            }
        });
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                assert!(begin.elapsed() >= BODY_TIME_MIN);
                assert!(begin.elapsed() <= BODY_TIME_MIN + BODY_PAUSE_MAX);
                return;
            }
        }
        panic!("the body does not end by itself");
    }

    #[tokio::test]
    async fn a_long_pause_ends_a_body() {
        pause();
        let (_sender, mut body) = body();
        let begin = Instant::now();
        let frame = body.frame().await.expect("no end");
        frame.expect_err("nothing came");
        assert!(begin.elapsed() >= BODY_PAUSE_MAX);
    }

    #[tokio::test]
    async fn a_body_at_the_minimum_rate_is_read_to_its_end() {
        pause();
        let (sender, body) = body();
        let second = usize::try_from(BODY_BYTES_A_SECOND_MIN).expect("a small number");
        tokio::spawn(async move {
            for _ in 0..600 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                send(&sender, second).await;
            }
        });
        let whole = body.collect().await.expect("in time");
        assert_eq!(whole.to_bytes().len(), 600 * second);
    }

    #[tokio::test]
    async fn time_that_the_server_takes_does_not_count() {
        pause();
        let (sender, mut body) = body();
        for _ in 0..10 {
            send(&sender, 1).await;
            advance(BODY_TIME_MIN).await;
            let frame = body.frame().await.expect("no end");
            frame.expect("it was there");
        }
    }
}
