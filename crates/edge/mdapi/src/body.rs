//! The bytes of a request: bounded, and unpacked. Few are in memory at the same time.

use std::io::Read;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use landfall_model::limits::METADATA_REQUEST_BYTES_MAX;
use landfall_model::{Fault, SoapFault};

/// Reads the body of a request.
///
/// # Errors
/// [`Fault::RequestTooLarge`], [`Fault::MediaTypeUnsupported`] for an encoding that is not read,
/// [`SoapFault::EnvelopeInvalid`] for one that is damaged.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let bytes = to_bytes(body, METADATA_REQUEST_BYTES_MAX)
        .await
        .map_err(|_| Fault::RequestTooLarge)?;
    let encoding = headers.get(CONTENT_ENCODING);
    match encoding.map(http::HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(bytes),
        Some(b"gzip" | b"x-gzip") => unpacked(&bytes),
        Some(other) => Err(Fault::MediaTypeUnsupported {
            media_type: String::from_utf8_lossy(other).into_owned(),
        }),
    }
}

fn unpacked(bytes: &[u8]) -> Result<Bytes, Fault> {
    let limit = u64::try_from(METADATA_REQUEST_BYTES_MAX).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    let read = GzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut content);
    read.map_err(|_| {
        Fault::Soap(SoapFault::EnvelopeInvalid {
            reason: "Premature end of file.".to_owned(),
        })
    })?;
    if content.len() > METADATA_REQUEST_BYTES_MAX {
        return Err(Fault::RequestTooLarge);
    }
    Ok(content.into())
}
