//! Answers on their way to clients: in pieces, within the memory of their connection and of the process, and for as long as
//! the client reads.
//!
//! The HTTP library takes from a body what the connection takes from the library. So an answer leaves its memory piece by
//! piece, each a copy: no buffer below keeps the whole of it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::{Buf as _, Bytes};
use hyper::body::{Body as _, Frame, SizeHint};
use landfall_model::ServiceFault;
use landfall_model::limits::{
    ANSWER_BYTES_COUNTED, ANSWER_PIECE_BYTES, ANSWERS_KIB_MAX, ANSWERS_OF_CONNECTION_KIB_MAX,
    RESPONSE_STALL_MAX,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tracing::debug;

use crate::front;

/// Memory for the answers of a process that clients have not read yet. Unit of the permits: KiB.
#[derive(Clone, Debug)]
pub(crate) struct Answers(Arc<Semaphore>);

impl Default for Answers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ANSWERS_KIB_MAX)))
    }
}

impl Answers {
    /// The part of a new connection.
    pub(crate) fn of_connection(&self) -> ConnectionAnswers {
        let semaphore = || Arc::new(Semaphore::new(ANSWERS_OF_CONNECTION_KIB_MAX));
        ConnectionAnswers {
            all: Arc::clone(&self.0),
            sent: semaphore(),
            waiting: semaphore(),
        }
    }
}

/// Memory for the answers of a connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionAnswers {
    all: Arc<Semaphore>,
    /// For answers that are being sent.
    sent: Arc<Semaphore>,
    /// For answers that wait until others have been read.
    waiting: Arc<Semaphore>,
}

/// What a large answer has of the memory.
#[derive(Debug)]
struct Share {
    _all: OwnedSemaphorePermit,
    _sent: OwnedSemaphorePermit,
}

impl ConnectionAnswers {
    /// The answer in pieces, once the connection has memory for it; a refusal if too much waits for the client already.
    pub(crate) async fn send(&self, response: Response) -> Response {
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        let share = if bytes > ANSWER_BYTES_COUNTED {
            let Some(share) = self.share(bytes).await else {
                debug!(bytes, "answer refused: clients have not read others");
                return front::refusal(&ServiceFault::Busy.into());
            };
            Some(share)
        } else {
            None
        };
        let progress = PROGRESS.try_with(Arc::clone).ok();
        response.map(|body| {
            Body::new(Pieces {
                body,
                rest: Bytes::new(),
                is_large: false,
                progress,
                _share: share,
            })
        })
    }

    async fn share(&self, bytes: u64) -> Option<Share> {
        let kib = usize::try_from(bytes.div_ceil(1024)).ok()?;
        let of = |most: usize| u32::try_from(kib.min(most)).ok();
        let own = of(ANSWERS_OF_CONNECTION_KIB_MAX)?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(of(ANSWERS_KIB_MAX)?);
        let all = all.ok()?;
        let at_once = Arc::clone(&self.sent).try_acquire_many_owned(own);
        let sent = if let Ok(sent) = at_once {
            sent
        } else {
            let _waiting = self.waiting.try_acquire_many(own).ok()?;
            let sent = Arc::clone(&self.sent).acquire_many_owned(own).await;
            sent.ok()?
        };
        Some(Share {
            _all: all,
            _sent: sent,
        })
    }
}

tokio::task_local! {
    /// Of the stream whose request the task works on.
    static PROGRESS: Arc<Progress>;
}

/// How many pieces the library has taken, and whether the last waits for the client: even, it does not; odd, it does.
#[derive(Debug, Default)]
struct Progress(AtomicU64);

impl Progress {
    fn handed_over(&self) {
        self.0.fetch_or(1, Ordering::Relaxed);
    }

    fn asked_for(&self) {
        let count = self.0.load(Ordering::Relaxed);
        self.0
            .store(count.next_multiple_of(2) + 2, Ordering::Relaxed);
    }

    /// The piece that waits for the client.
    fn waiting(&self) -> Option<u64> {
        let count = self.0.load(Ordering::Relaxed);
        (count % 2 == 1).then_some(count)
    }
}

/// Works on a request of an HTTP/2 connection, up to the end of its answer or until the client has taken nothing of it for
/// too long, which ends the stream. The connection and its other streams go on.
pub(crate) async fn while_read<F: Future<Output = ()>>(request: F) {
    let progress = Arc::new(Progress::default());
    let mut request = pin!(PROGRESS.scope(Arc::clone(&progress), request));
    let mut stall: Option<(u64, Pin<Box<Sleep>>)> = None;
    let is_done = poll_fn(|context| {
        if request.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        let Some(piece) = progress.waiting() else {
            stall = None;
            return Poll::Pending;
        };
        let (of, end) = stall.get_or_insert_with(|| (piece, Box::pin(sleep(RESPONSE_STALL_MAX))));
        if *of != piece {
            *of = piece;
            end.as_mut().reset(Instant::now() + RESPONSE_STALL_MAX);
        }
        end.as_mut().poll(context).map(|()| false)
    });
    if !is_done.await {
        debug!("stream ended: the client does not read");
    }
}

/// A body in pieces.
struct Pieces {
    body: Body,
    /// What is left of the frame that was read.
    rest: Bytes,
    /// Whether that frame had more than a piece.
    is_large: bool,
    progress: Option<Arc<Progress>>,
    _share: Option<Share>,
}

impl Pieces {
    fn piece(&mut self) -> Frame<Bytes> {
        // A small frame is no slice of something large; a large one is copied to its end.
        let piece = if !self.is_large && self.rest.len() <= ANSWER_PIECE_BYTES {
            std::mem::take(&mut self.rest)
        } else {
            let piece = self.rest.get(..ANSWER_PIECE_BYTES).unwrap_or(&self.rest);
            let piece = Bytes::copy_from_slice(piece);
            self.rest.advance(piece.len());
            piece
        };
        if let Some(progress) = &self.progress {
            progress.handed_over();
        }
        Frame::data(piece)
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Some(progress) = &this.progress {
            progress.asked_for();
        }
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(this.piece())));
        }
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            other => return Poll::Ready(other),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => {
                this.is_large = data.len() > ANSWER_PIECE_BYTES;
                this.rest = data;
                this.piece()
            }
            Err(trailers) => trailers,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let mut hint = self.body.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint.set_lower(hint.lower().saturating_add(rest));
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::time::{pause, timeout};

    use super::*;

    const MEBIBYTE: usize = 1024 * 1024;

    fn response(bytes: usize) -> Response {
        Response::new(Body::from(vec![7; bytes]))
    }

    #[tokio::test]
    async fn an_answer_is_sent_whole_and_in_pieces() {
        let answers = Answers::default().of_connection();
        let mut body = answers.send(response(MEBIBYTE + 1)).await.into_body();
        assert_eq!(body.size_hint().exact(), u64::try_from(MEBIBYTE + 1).ok());
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            let piece = frame.expect("in memory").into_data().expect("data");
            assert!(piece.len() <= ANSWER_PIECE_BYTES);
            read += piece.len();
        }
        assert_eq!(read, MEBIBYTE + 1);
    }

    #[tokio::test]
    async fn the_answers_of_a_connection_have_a_bound() {
        let memory = Answers::default();
        let connection = memory.of_connection();
        let most = ANSWERS_OF_CONNECTION_KIB_MAX / 1024;
        let mut sent = Vec::new();
        for _ in 0..most {
            sent.push(connection.send(response(MEBIBYTE)).await);
        }
        assert!(sent.iter().all(|response| response.status() == 200));
        let mut waiting = Vec::new();
        for _ in 0..most {
            let connection = connection.clone();
            waiting.push(tokio::spawn(async move {
                connection.send(response(MEBIBYTE)).await
            }));
        }
        while connection.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = connection.send(response(MEBIBYTE)).await;
        assert_eq!(refused.status(), 503, "no third lot is kept");
        let small = connection.send(response(1_000)).await;
        assert_eq!(small.status(), 200, "small answers are always sent");
        let other = memory.of_connection().send(response(MEBIBYTE)).await;
        assert_eq!(other.status(), 200, "other connections have their own");
        drop(sent);
        for waiting in waiting {
            assert_eq!(waiting.await.expect("no panic").status(), 200);
        }
    }

    #[tokio::test]
    async fn the_answers_of_a_process_have_a_bound() {
        let (memory, mut kept) = (Answers::default(), Vec::new());
        for _ in 0..ANSWERS_KIB_MAX / ANSWERS_OF_CONNECTION_KIB_MAX {
            let bytes = ANSWERS_OF_CONNECTION_KIB_MAX * 1024;
            // Its size counts, not its content: nobody reads it.
            let body = http_body_util::Full::new(Bytes::from(vec![0; bytes]));
            kept.push(
                memory
                    .of_connection()
                    .send(Response::new(Body::new(body)))
                    .await,
            );
        }
        let refused = memory.of_connection().send(response(MEBIBYTE)).await;
        assert_eq!(refused.status(), 503);
        kept.pop();
        let sent = memory.of_connection().send(response(MEBIBYTE)).await;
        assert_eq!(sent.status(), 200);
    }

    #[tokio::test]
    async fn a_stream_that_waits_for_events_goes_on() {
        pause();
        let (_events, none) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(1);
        let waits = while_read(async {
            let answers = Answers::default().of_connection();
            let body = Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(none));
            let mut body = answers.send(Response::new(body)).await.into_body();
            body.frame().await;
        });
        let waited = timeout(RESPONSE_STALL_MAX * 10, waits).await;
        waited.expect_err("it does not end");
    }

    #[tokio::test]
    async fn a_slow_reader_gets_all() {
        pause();
        let mut read = 0;
        while_read(async {
            let answers = Answers::default().of_connection();
            let mut body = answers.send(response(MEBIBYTE)).await.into_body();
            while let Some(piece) = body.frame().await {
                read += piece.expect("in memory").into_data().expect("data").len();
                sleep(RESPONSE_STALL_MAX / 2).await;
            }
        })
        .await;
        assert_eq!(read, MEBIBYTE);
    }

    #[derive(Clone)]
    struct Watching;

    impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Watching {
        fn execute(&self, request: F) {
            tokio::spawn(while_read(request));
        }
    }

    #[tokio::test]
    async fn an_http2_stream_that_nobody_reads_ends_alone() {
        pause();
        let (near, far) = tokio::io::duplex(MEBIBYTE);
        let answers = Answers::default().of_connection();
        let service = hyper::service::service_fn(move |request: http::Request<_>| {
            let _: http::Request<hyper::body::Incoming> = request;
            let answers = answers.clone();
            async move { Ok::<_, std::convert::Infallible>(answers.send(response(MEBIBYTE)).await) }
        });
        let server = hyper::server::conn::http2::Builder::new(Watching);
        tokio::spawn(server.serve_connection(TokioIo::new(near), service));
        let (mut client, connection) =
            hyper::client::conn::http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(65_535)
                .initial_connection_window_size(16 * 1_048_576)
                .handshake::<_, http_body_util::Empty<Bytes>>(TokioIo::new(far))
                .await
                .expect("HTTP/2 is spoken");
        tokio::spawn(connection);
        let request = || http::Request::get("http://localhost/").body(http_body_util::Empty::new());
        let unread = client.send_request(request().expect("a request")).await;
        let unread = unread.expect("an answer");
        sleep(RESPONSE_STALL_MAX * 2).await;
        let rest = unread.into_body().collect().await;
        rest.expect_err("its end is gone");
        let other = client.send_request(request().expect("a request")).await;
        let other = other.expect("the connection goes on").into_body();
        let other = other.collect().await.expect("it is read");
        assert_eq!(other.to_bytes().len(), MEBIBYTE);
    }
}
