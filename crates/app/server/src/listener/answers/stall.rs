//! The end of an HTTP/2 stream whose client has stopped reading. For whole connections see `crate::listener::stall`.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use landfall_model::limits::RESPONSE_STALL_MAX;
use tokio::time::{Instant, Sleep, sleep};
use tracing::debug;

tokio::task_local! {
    /// Of the stream whose request the task works on.
    static PROGRESS: Arc<Progress>;
}

/// That of the stream whose request the task works on; none outside of HTTP/2.
pub(super) fn progress() -> Option<Arc<Progress>> {
    PROGRESS.try_with(Arc::clone).ok()
}

/// How many pieces the library has taken, and whether the last waits for the client: even, it does not; odd, it does.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU64);

impl Progress {
    pub(super) fn handed_over(&self) {
        self.0.fetch_or(1, Ordering::Relaxed);
    }

    pub(super) fn asked_for(&self) {
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::Response;
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::time::{pause, timeout};

    use super::*;
    use crate::listener::answers::Answers;

    const MEBIBYTE: usize = 1024 * 1024;

    fn response(bytes: usize) -> Response {
        Response::new(Body::from(vec![7; bytes]))
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
