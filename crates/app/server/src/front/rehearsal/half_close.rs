//! A server that ends its side of a connection, and goes on reading what its client sends.

use std::error::Error;
use std::io;
use std::time::Duration;

use landfall_model::limits::FAULT_DELAY_MILLIS_MAX;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Bytes read at once, to be forgotten.
const READ_BYTES: usize = 1024;

/// Marks an answer that is not sent: the server ends its side of the connection instead. An error for what drives the
/// connection.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a fault ends the server's side of the connection")]
pub(crate) struct HalfClose;

/// Whether this is why a connection has failed.
pub(crate) fn is_half_close(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<HalfClose>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Ends the server's side, and waits for the client to end its own.
///
/// # Errors
/// What the connection fails with.
pub(crate) async fn half_close<S>(stream: &mut S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.shutdown().await?;
    let mut forgotten = [0; READ_BYTES];
    let client = async {
        while stream.read(&mut forgotten).await? > 0 {}
        Ok(())
    };
    let most = Duration::from_millis(FAULT_DELAY_MILLIS_MAX);
    timeout(most, client).await.unwrap_or(Ok(()))
}
