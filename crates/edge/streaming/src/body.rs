//! The body of a request, within its bound.

use axum::body::{Body, Bytes};
use bytes::BytesMut;
use http_body_util::BodyExt;
use landfall_model::{Fault, RequestFault, limits};

/// Reads a body.
///
/// # Errors
/// [`RequestFault::TooLarge`]; [`RequestFault::JsonInvalid`] for one that breaks off.
pub(crate) async fn read(mut body: Body) -> Result<Bytes, Fault> {
    let (mut read, mut bytes) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            Fault::Request(RequestFault::JsonInvalid {
                reason: "the body ended early".to_owned(),
                line: 1,
                column: 1,
            })
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        bytes += data.len();
        if bytes <= limits::STREAMING_BODY_BYTES_MAX {
            read.extend_from_slice(&data);
        } else if bytes > limits::STREAMING_BODY_DISCARDED_BYTES_MAX {
            break;
        }
    }
    if bytes > limits::STREAMING_BODY_BYTES_MAX {
        return Err(Fault::Request(RequestFault::TooLarge));
    }
    Ok(read.freeze())
}
