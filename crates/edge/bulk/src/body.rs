//! The bodies of requests that are read as a whole. All of them together have a budget of memory; data that is streamed to a
//! file needs none.

use axum::body::Body;
use bytes::Bytes;
use landfall_http::Share;
use landfall_http::body::{Unreadable, read_unpacked};
use landfall_model::{BulkFault, Fault, RequestFault, ServiceFault};

/// Why a body has no end.
const INCOMPLETE: &str = "The HTTP entity body ended early or cannot be decompressed";

/// Reads a body of at most `most` bytes.
///
/// # Errors
/// [`RequestFault::TooLarge`], [`RequestFault::JsonInvalid`] if it ended early, [`ServiceFault::Busy`].
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, Fault> {
    read_unpacked(body, most).await.map_err(of_request)
}

/// Reads a body for the API before 2.0.
///
/// # Errors
/// [`BulkFault::BatchTooLarge`], [`BulkFault::BatchUnreadable`] if it ended early, [`ServiceFault::Busy`].
pub(crate) async fn read_classic(body: Body, most: usize) -> Result<Bytes, Fault> {
    let read = read_unpacked(body, most).await;
    read.map_err(|unreadable| match unreadable {
        Unreadable::TooLarge => Fault::Bulk(BulkFault::BatchTooLarge),
        Unreadable::Incomplete | Unreadable::Damaged(_) => {
            let reason = INCOMPLETE.to_owned();
            Fault::Bulk(BulkFault::BatchUnreadable { reason })
        }
        other => of_request(other),
    })
}

/// Bytes that were made from a body, within the same budget.
///
/// # Errors
/// [`ServiceFault::Busy`].
pub(crate) fn held(bytes: Vec<u8>) -> Result<Bytes, Fault> {
    let mut share = Share::known().map_err(of_request)?;
    share.cover(bytes.len()).map_err(of_request)?;
    Ok(share.hold(bytes))
}

/// The refusal of a body that ended early.
pub(crate) fn incomplete() -> Fault {
    Fault::Request(RequestFault::JsonInvalid {
        reason: INCOMPLETE.to_owned(),
        line: 1,
        column: 1,
    })
}

fn of_request(unreadable: Unreadable) -> Fault {
    match unreadable {
        Unreadable::TooLarge => Fault::Request(RequestFault::TooLarge),
        Unreadable::Overloaded => Fault::Service(ServiceFault::Busy),
        Unreadable::Incomplete | Unreadable::Damaged(_) => incomplete(),
        Unreadable::EncodingUnknown(media_type) => {
            Fault::Request(RequestFault::MediaTypeUnsupported { media_type })
        }
    }
}
