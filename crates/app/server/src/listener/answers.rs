//! Memory for answers on their way to clients: a bound for each connection and one for the process.
//!
//! The HTTP library takes from a body what the connection takes from the library. So an answer leaves its memory piece by
//! piece ([`pieces`]); those of a large one are copies, so that no buffer below keeps the whole of it. [`stall`] ends what nobody reads.

mod pieces;
pub(crate) mod stall;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use hyper::body::Body as _;
use landfall_model::ServiceFault;
use landfall_model::limits::{
    ANSWER_BYTES_COUNTED, ANSWERS_KIB_MAX, ANSWERS_OF_CONNECTION_KIB_MAX,
};
use pieces::Pieces;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::debug;

use crate::front::refusal::refusal;

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
                return refusal(&ServiceFault::Busy.into());
            };
            Some(share)
        } else {
            None
        };
        response.map(|body| Body::new(Pieces::new(body, share)))
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use landfall_model::limits::ANSWER_PIECE_BYTES;

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
}
