//! Answers that are made while they are sent: no more of them is in memory than the client is about to get.

use std::io;
use std::ops::Range;

use axum::body::Body;
use bytes::Bytes;
use landfall_model::limits::{BULK_PIECES_BUFFERED_MAX, JOB_FILE_CHUNK_BYTES};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::spawn_blocking;
use tokio_stream::wrappers::ReceiverStream;
use tracing::error;

use crate::error::Error;
use crate::job_file::JobFile;
use landfall_engine::chain;

/// Bytes of a file that are read at once.
const PIECE_BYTES: usize = JOB_FILE_CHUNK_BYTES;

/// Where an answer goes, piece by piece.
pub(crate) struct Pieces(Sender<io::Result<Bytes>>);

/// An answer about a job, as `make` hands it on.
pub(crate) fn body<F>(job: String, make: impl FnOnce(Pieces) -> F) -> Body
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let (pieces, sent) = channel(BULK_PIECES_BUFFERED_MAX);
    let broken = pieces.clone();
    let made = make(Pieces(pieces));
    tokio::spawn(async move {
        if let Err(failure) = made.await {
            error!(job, error = %chain(&failure), "the results of a bulk job cannot be read");
            // A client that has hung up does not hear it.
            let _ = broken.send(Err(io::Error::other("unreadable"))).await;
        }
    });
    Body::from_stream(ReceiverStream::new(sent))
}

impl Pieces {
    /// Hands a piece on; says whether the client still listens.
    pub(crate) async fn send(&self, piece: Vec<u8>) -> bool {
        piece.is_empty() || self.0.send(Ok(piece.into())).await.is_ok()
    }

    /// Hands a part of a file on; says whether the client still listens.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::ContentChanged`] if the file is shorter.
    pub(crate) async fn part(&self, file: JobFile, part: Range<u64>) -> Result<bool, Error> {
        let mut at = part.start;
        while at < part.end {
            let most = usize::try_from(part.end - at).unwrap_or(PIECE_BYTES);
            let piece = read(file.clone(), at, most.min(PIECE_BYTES)).await?;
            if piece.is_empty() {
                return Err(Error::ContentChanged);
            }
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            if !self.send(piece).await {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

async fn read(file: JobFile, at: u64, most: usize) -> Result<Vec<u8>, Error> {
    spawn_blocking(move || file.read(at, most).map_err(|source| file.failed(source))).await?
}
