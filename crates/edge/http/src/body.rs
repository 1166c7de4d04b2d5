//! The bytes of a request: bounded, and unpacked.

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use landfall_model::{Fault, SoapFault};

use crate::encoding;

pub use crate::encoding::Unreadable;

/// The length that a request announces.
pub fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body of at most `bytes_max` bytes, and unpacks it to at most as many.
///
/// # Errors
/// [`Unreadable`].
pub async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Unreadable> {
    if announced(headers).is_some_and(|length| length > bytes_max) {
        return Err(Unreadable::TooLarge);
    }
    let body = to_bytes(body, bytes_max).await.map_err(|error| {
        if is_too_long(std::error::Error::source(&error)) {
            Unreadable::TooLarge
        } else {
            Unreadable::Incomplete
        }
    })?;
    encoding::unpacked(headers, body, bytes_max)
}

/// The same for a SOAP envelope.
///
/// # Errors
/// [`Fault::RequestTooLarge`], [`Fault::MediaTypeUnsupported`] for an unknown encoding, [`SoapFault::EnvelopeInvalid`] for a
/// body that is incomplete or damaged.
/// Clients: those of the Java connector compress their requests by default.
pub async fn read_envelope(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Fault> {
    let read = read(headers, body, bytes_max).await;
    read.map_err(|unreadable| match unreadable {
        Unreadable::TooLarge => Fault::RequestTooLarge,
        Unreadable::Incomplete | Unreadable::Damaged(_) => {
            Fault::Soap(SoapFault::EnvelopeInvalid {
                reason: "Premature end of file.".to_owned(),
            })
        }
        Unreadable::EncodingUnknown(media_type) => Fault::MediaTypeUnsupported { media_type },
    })
}

fn is_too_long(error: Option<&(dyn std::error::Error + 'static)>) -> bool {
    matches!(error, Some(error) if error.is::<http_body_util::LengthLimitError>())
}
