//! The bytes of a request.
//!
//! Clients: those of the Java connector compress their requests by default.

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use landfall_http::body::{self, Unreadable};
use landfall_model::limits::SOAP_BODY_BYTES_MAX;
use landfall_model::{Fault, SoapFault};

/// Reads the body of a request.
///
/// # Errors
/// [`Fault::RequestTooLarge`], [`Fault::MediaTypeUnsupported`] for an encoding that is not read,
/// [`SoapFault::EnvelopeInvalid`] if it breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let read = body::read(headers, body, SOAP_BODY_BYTES_MAX).await;
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
