//! The bytes of a request: bounded, and unpacked.
//!
//! Clients: those of the Java connector pack their requests unless told not to.

use std::error::Error;
use std::io::Read;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use landfall_model::limits::SOAP_BODY_BYTES_MAX;
use landfall_model::{Fault, SoapFault};

/// Reads the body of a request.
///
/// # Errors
/// [`Fault::RequestTooLarge`], [`Fault::MediaTypeUnsupported`] for an encoding that is not read,
/// [`SoapFault::EnvelopeInvalid`] if it breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let bytes = to_bytes(body, SOAP_BODY_BYTES_MAX).await.map_err(|error| {
        if is_too_long(error.source()) {
            Fault::RequestTooLarge
        } else {
            broken()
        }
    })?;
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    match encoding.as_deref() {
        None | Some("" | "identity") => Ok(bytes),
        Some("gzip" | "x-gzip") => unpacked(&bytes),
        Some(other) => Err(Fault::MediaTypeUnsupported {
            media_type: other.to_owned(),
        }),
    }
}

fn is_too_long(error: Option<&(dyn Error + 'static)>) -> bool {
    matches!(error, Some(error) if error.is::<http_body_util::LengthLimitError>())
}

/// No more than a body may have: a small packed body can hold an endless one.
fn unpacked(bytes: &[u8]) -> Result<Bytes, Fault> {
    let limit = u64::try_from(SOAP_BODY_BYTES_MAX).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    GzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|_| broken())?;
    if content.len() > SOAP_BODY_BYTES_MAX {
        return Err(Fault::RequestTooLarge);
    }
    Ok(content.into())
}

fn broken() -> Fault {
    Fault::Soap(SoapFault::EnvelopeInvalid {
        reason: "Premature end of file.".to_owned(),
    })
}
