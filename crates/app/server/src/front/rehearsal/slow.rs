//! Answers that come slowly: in pieces, with pauses between.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use landfall_model::limits::TIMER_LATE_MAX;
use tokio::time::{Instant, Sleep, sleep_until};

/// How often an answer of so many bytes a second goes on. Unit: times a second.
const PIECES_A_SECOND: u64 = 20;

/// A body in pieces.
pub(super) struct Slow {
    body: Body,
    /// What of the body has not gone out.
    waiting: Bytes,
    piece: usize,
    pause: Pause,
    /// The pause since the last piece.
    pausing: Option<Pin<Box<Sleep>>>,
}

/// How long a piece keeps the next one waiting.
#[derive(Clone, Copy)]
enum Pause {
    Fixed(Duration),
    /// As long as it takes at so many bytes a second.
    AtRate(u64),
}

impl Slow {
    /// A body at so many bytes a second.
    pub(super) fn at_rate(body: Body, bytes: u64) -> Self {
        let piece = bytes / PIECES_A_SECOND;
        Self::new(body, piece, Pause::AtRate(bytes.max(1)))
    }

    /// A body in pieces of so many bytes.
    pub(super) fn sliced(body: Body, bytes: u64, pause: Duration) -> Self {
        Self::new(body, bytes, Pause::Fixed(pause))
    }

    fn new(body: Body, piece: u64, pause: Pause) -> Self {
        Self {
            body,
            waiting: Bytes::new(),
            piece: usize::try_from(piece).unwrap_or(usize::MAX).max(1),
            pause,
            pausing: None,
        }
    }
}

impl Pause {
    fn after(self, bytes: usize) -> Duration {
        match self {
            Self::Fixed(pause) => pause,
            Self::AtRate(rate) => {
                let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / rate)
            }
        }
    }
}

impl hyper::body::Body for Slow {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.waiting.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)?) else {
                return Poll::Ready(None);
            };
            match frame.into_data() {
                Ok(data) => self.waiting = data,
                Err(other) => return Poll::Ready(Some(Ok(other))),
            }
        }
        let begin = match &mut self.pausing {
            Some(pausing) => {
                ready!(pausing.as_mut().poll(context));
                // Pauses of late timers do not add up.
                let late = pausing.deadline() + TIMER_LATE_MAX;
                let now = Instant::now();
                if now < late { pausing.deadline() } else { now }
            }
            None => Instant::now(),
        };
        let bytes = self.piece.min(self.waiting.len());
        self.pausing = Some(Box::pin(sleep_until(begin + self.pause.after(bytes))));
        Poll::Ready(Some(Ok(Frame::data(self.waiting.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let waiting = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        let body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(waiting));
        if let Some(upper) = body.upper() {
            hint.set_upper(upper.saturating_add(waiting));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use hyper::body::Body as _;
    use tokio::time::pause;

    use super::*;

    /// The sizes of the pieces, and the hundredths of a second after which each came.
    async fn pieces(mut body: Slow) -> Vec<(usize, u128)> {
        let begin = Instant::now();
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.expect("in memory").into_data().expect("data");
            pieces.push((data.len(), begin.elapsed().as_millis() / 10));
        }
        assert!(body.is_end_stream());
        pieces
    }

    #[tokio::test]
    async fn a_sliced_answer_comes_in_pieces_with_pauses() {
        pause();
        let body = Slow::sliced(Body::from("12345"), 2, Duration::from_millis(100));
        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(pieces(body).await, [(2, 0), (2, 10), (1, 20)]);
    }

    #[tokio::test]
    async fn an_answer_comes_at_its_rate() {
        pause();
        let body = Slow::at_rate(Body::from(vec![0; 2_000]), 1_000);
        let pieces = pieces(body).await;
        assert_eq!(pieces.first(), Some(&(50, 0)));
        assert_eq!(pieces.last(), Some(&(50, 195)));
    }

    #[tokio::test]
    async fn the_slowest_rate_is_a_byte_a_second() {
        pause();
        let body = Slow::at_rate(Body::from("abc"), 1);
        assert_eq!(pieces(body).await, [(1, 0), (1, 100), (1, 200)]);
    }
}
