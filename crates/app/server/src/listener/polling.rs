//! HTTP/1.1 as long polls use it, with next to no memory while a poll is held.
//!
//! A connection of the HTTP library keeps buffers of 16 KiB as long as it is open, and a connection of the Streaming API is
//! open for hours to carry an event now and then. Here such a connection is served as long as its requests are plain posts
//! to the Streaming API. The first that is anything else goes to the library, with all that was read and the rest of the
//! connection: nothing else about HTTP is decided here.

mod head;
mod reply;

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};

use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use landfall_model::limits::{self, HTTP1_HEAD_MAX};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::front::paced;
use crate::front::rehearsal::{HalfClose, half_close};
use crate::front::scheme::Scheme;
use crate::front::{Answer, Front, Known, Serving};
use crate::phase::{Listener, Phase};
pub use head::{Head, Parsed, Pattern, parse as parse_poll};

/// Bytes asked for at once: most requests come whole.
const READ_BYTES: usize = 4 * 1024;

/// What comes on a connection that is not for here.
pub(crate) struct Rest<S> {
    /// Read already.
    pub(crate) read: Bytes,
    pub(crate) stream: S,
}

/// A connection that polls.
pub(crate) struct Polling<S> {
    pub(crate) stream: S,
    pub(crate) front: Arc<Front>,
    pub(crate) peer: SocketAddr,
    pub(crate) scheme: Scheme,
    pub(crate) phase: Listener,
}

/// What a client sends next.
enum Next {
    /// A poll with the head of the one before it, and the length of its body.
    Known(Serving, usize),
    Poll(Box<Head>),
    Other,
    /// Nothing: the connection is over.
    End,
}

/// The head of the last poll, and what it decided.
struct Last {
    pattern: Pattern,
    known: Known,
}

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl<S: AsyncRead + AsyncWrite + Unpin> Polling<S> {
    /// Serves the connection up to its end, or up to the first request that is not for here.
    ///
    /// # Errors
    /// What the connection or an answer's body fails with.
    pub(crate) async fn serve(mut self) -> io::Result<Option<Rest<S>>> {
        let mut read = BytesMut::new();
        let mut last = None;
        let mut phase = self.phase.clone();
        let mut draining = pin!(phase.reached(Phase::Draining));
        let mut alarm = pin!(sleep_until(Instant::now() + HTTP1_HEAD_MAX));
        loop {
            let waits = (draining.as_mut(), alarm.as_mut());
            let answer = match self.next(&mut read, last.as_ref(), waits).await? {
                Next::Known(serving, bytes) => {
                    self.known(&mut read, last.as_mut(), serving, bytes).await?
                }
                // The futures of what is rare are boxes: a connection that waits holds nothing for them.
                Next::Poll(head) => Box::pin(self.poll(&mut read, &mut last, head)).await?,
                Next::End => None,
                Next::Other => {
                    return Ok(Some(Rest {
                        read: read.freeze(),
                        stream: self.stream,
                    }));
                }
            };
            let Some(answer) = answer else {
                return Ok(None);
            };
            let Some(answer) = self.answered(answer, &mut read).await? else {
                return Ok(None);
            };
            let is_last = self.phase.phase() >= Phase::Draining;
            match answer {
                Answer::Messages(messages) => {
                    reply::write_messages(&mut self.stream, messages, is_last).await?;
                }
                Answer::Response(response)
                    if response.extensions().get::<HalfClose>().is_some() =>
                {
                    Box::pin(half_close(&mut self.stream)).await?;
                    return Ok(None);
                }
                Answer::Response(response) => {
                    Box::pin(reply::write(&mut self.stream, response, is_last)).await?;
                }
            }
            if is_last {
                return Ok(None);
            }
        }
    }

    /// The answer to come to a poll with the head of the last one; none if the connection ends before.
    async fn known(
        &mut self,
        read: &mut BytesMut,
        last: Option<&mut Last>,
        serving: Serving,
        bytes: usize,
    ) -> io::Result<Option<Answering>> {
        if !self.has_body(read, bytes).await? {
            return Ok(None);
        }
        let body = read.get(..bytes).unwrap_or_default();
        let answer = last.map(|last| -> Answering {
            Box::pin(self.front.answer_known(&mut last.known, serving, body))
        });
        used(read, bytes);
        Ok(answer)
    }

    /// The answer to come to a poll; none if the connection ends before.
    async fn poll(
        &mut self,
        read: &mut BytesMut,
        last: &mut Option<Last>,
        head: Box<Head>,
    ) -> io::Result<Option<Answering>> {
        let Head {
            request,
            body_bytes,
            pattern,
        } = *head;
        let known = self.front.known(&request, self.peer, self.scheme);
        *last = known.map(|known| Last { pattern, known });
        if !self.has_body(read, body_bytes).await? {
            return Ok(None);
        }
        let body = Bytes::copy_from_slice(read.get(..body_bytes).unwrap_or_default());
        used(read, body_bytes);
        let front = Arc::clone(&self.front);
        let answer = front.answer(request.map(|()| Body::from(body)), self.peer, self.scheme);
        Ok(Some(Box::pin(async move {
            let Ok(response) = answer.await;
            Answer::Response(response)
        })))
    }

    /// Reads the head of the next request.
    async fn next(
        &mut self,
        read: &mut BytesMut,
        last: Option<&Last>,
        (mut draining, mut alarm): (Pin<&mut impl Future<Output = ()>>, Pin<&mut Sleep>),
    ) -> io::Result<Next> {
        let deadline = Instant::now() + HTTP1_HEAD_MAX;
        loop {
            if let Some(known) = last.and_then(|last| last.next(read)) {
                return Ok(known);
            }
            let is_idle = read.is_empty();
            if !is_idle {
                match head::parse(read) {
                    Parsed::Poll(head) => return Ok(Next::Poll(head)),
                    Parsed::Other => return Ok(Next::Other),
                    Parsed::Partial => {}
                }
            }
            let bytes = tokio::select! {
                biased;
                bytes = more(&mut self.stream, read) => bytes?,
                () = draining.as_mut(), if is_idle => return Ok(Next::End),
                // Who is silent for too long is left without a word, as by the library.
                () = reached(alarm.as_mut(), deadline) => return Ok(Next::End),
            };
            if bytes == 0 {
                return Ok(Next::End);
            }
        }
    }

    /// Reads the body of a request. False if the client ends before.
    async fn has_body(&mut self, read: &mut BytesMut, bytes: usize) -> io::Result<bool> {
        if read.len() >= bytes {
            return Ok(true);
        }
        let deadline = Instant::now() + paced::allowed(u64::try_from(bytes).unwrap_or(u64::MAX));
        while read.len() < bytes {
            let end = deadline.min(Instant::now() + limits::BODY_PAUSE_MAX);
            if timeout_at(end, more(&mut self.stream, read)).await?? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits for the answer; none if the client leaves before, which ends its poll.
    async fn answered(
        &mut self,
        mut answer: Answering,
        read: &mut BytesMut,
    ) -> io::Result<Option<Answer>> {
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return Ok(Some(answer)),
                early = more(&mut self.stream, read), if read.len() < limits::POLL_EARLY_BYTES_MAX => {
                    if early? == 0 {
                        return Ok(None);
                    }
                }
            }
        }
    }
}

/// Ends at a point in time. The alarm of a connection may be set for an earlier one and is moved when it goes off: to set
/// it for each request would cost more than a look at it.
async fn reached(mut alarm: Pin<&mut Sleep>, deadline: Instant) {
    loop {
        alarm.as_mut().await;
        if deadline <= alarm.deadline() {
            return;
        }
        alarm.as_mut().reset(deadline);
    }
}

/// Reads what there is, by way of the stack: a connection that waits for its client holds no buffer for it. 0 at the end.
async fn more<S: AsyncRead + Unpin>(stream: &mut S, read: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|context| {
        let mut space = [MaybeUninit::uninit(); READ_BYTES];
        let mut bytes = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut bytes))?;
        read.extend_from_slice(bytes.filled());
        Poll::Ready(Ok(bytes.filled().len()))
    })
    .await
}

/// Takes the body of a request off. The buffer is given back if nothing else is in it.
fn used(read: &mut BytesMut, bytes: usize) {
    if read.len() == bytes {
        *read = BytesMut::new();
    } else {
        read.advance(bytes);
    }
}

impl Last {
    /// The next poll, if it is like the last one and may be answered alike.
    fn next(&self, read: &mut BytesMut) -> Option<Next> {
        if read.is_empty() {
            return None;
        }
        let serving = self.known.serving()?;
        let bytes = self.pattern.take(read)?;
        Some(Next::Known(serving, bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_goes_off_too_early_is_moved() {
        let (begun, seconds) = (Instant::now(), Duration::from_secs);
        let mut alarm = pin!(sleep_until(begun + seconds(1)));
        for deadline in [begun + seconds(5), begun + seconds(7)] {
            reached(alarm.as_mut(), deadline).await;
            let late = Instant::now().checked_duration_since(deadline);
            assert!(late.is_some_and(|late| late < seconds(1)));
        }
    }
}
