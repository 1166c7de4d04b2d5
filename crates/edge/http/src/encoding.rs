//! Compression of bodies in both directions.
//!
//! Source: "Compression Headers" (REST API Developer Guide): `Accept-Encoding` and `Content-Encoding`, gzip or deflate.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use landfall_model::limits::REST_COMPRESSED_BYTES_MIN;

use crate::budget::Share;

/// Bytes that are unpacked before they are counted.
const PIECE_BYTES: u64 = 64 * 1024;

/// The first byte of a zlib stream with the usual window; a raw deflate stream hardly begins so.
const ZLIB_FIRST_BYTE: u8 = 0x78;

/// Why a body cannot be read. Each API has its own words for it.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// More bytes than the API takes, as sent or unpacked.
    TooLarge,
    /// The client stopped before the end.
    Incomplete,
    /// Not what its `Content-Encoding` says.
    Damaged(String),
    /// A `Content-Encoding` that is not read.
    EncodingUnknown(String),
    /// All bodies that are in memory take what there is for them.
    Overloaded,
}

/// Unpacks a request body as its header says, to at most `bytes_max` bytes.
///
/// # Errors
/// [`Unreadable::TooLarge`], [`Unreadable::Damaged`], [`Unreadable::EncodingUnknown`], [`Unreadable::Overloaded`].
pub(crate) fn unpacked(
    headers: &HeaderMap,
    body: Bytes,
    bytes_max: usize,
) -> Result<Bytes, Unreadable> {
    let unpacked = unpacking(headers, &body)?.map(|source| read_bounded(source, bytes_max));
    unpacked.unwrap_or(Ok(body))
}

/// The first bytes of what a body unpacks to, of which only the beginning is there.
///
/// # Errors
/// [`Unreadable::EncodingUnknown`].
pub fn beginning(
    headers: &HeaderMap,
    body: &[u8],
    bytes_max: usize,
) -> Result<Vec<u8>, Unreadable> {
    let Some(source) = unpacking(headers, body)? else {
        return Ok(body.get(..bytes_max).unwrap_or(body).to_vec());
    };
    let mut content = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
    // It ends somewhere, or is damaged: the one who reads the rest learns which.
    let _ = source.take(limit).read_to_end(&mut content);
    Ok(content)
}

/// What unpacks a body; nothing if it is not packed.
fn unpacking<'b>(
    headers: &HeaderMap,
    body: &'b [u8],
) -> Result<Option<Box<dyn Read + Send + 'b>>, Unreadable> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    Ok(match encoding.as_deref() {
        None | Some("" | "identity") => None,
        Some("gzip" | "x-gzip") => Some(Box::new(GzDecoder::new(body))),
        Some("deflate") if body.first() == Some(&ZLIB_FIRST_BYTE) => {
            Some(Box::new(ZlibDecoder::new(body)))
        }
        Some("deflate") => Some(Box::new(DeflateDecoder::new(body))),
        Some(other) => return Err(Unreadable::EncodingUnknown(other.to_owned())),
    })
}

/// Reads no more than a body may have: a small packed body can hold an endless one.
fn read_bounded(mut source: impl Read, bytes_max: usize) -> Result<Bytes, Unreadable> {
    let (mut content, mut share) = (Vec::new(), Share::known()?);
    loop {
        let mut piece = source.by_ref().take(PIECE_BYTES);
        let read = piece
            .read_to_end(&mut content)
            .map_err(|error| Unreadable::Damaged(error.to_string()))?;
        if content.len() > bytes_max {
            return Err(Unreadable::TooLarge);
        }
        share.cover(content.len())?;
        if read == 0 {
            return Ok(share.hold(content));
        }
    }
}

/// Packs an answer if the client asks for it and it is worth it.
pub(crate) fn packed(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < REST_COMPRESSED_BYTES_MIN || !accepts_gzip(headers) {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            let refused = weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0);
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const BYTES_MAX: usize = 1 << 20;

    fn with(name: http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn what_is_packed_unpacks() {
        let body = "{\"Name\":\"A\"}".repeat(1_000);
        let gzip = packed(
            &with(ACCEPT_ENCODING, "deflate, gzip;q=0.5"),
            body.as_bytes(),
        );
        let gzip = Bytes::from(gzip.expect("asked for"));
        assert!(gzip.len() < body.len() / 10);
        let unpacked = unpacked(&with(CONTENT_ENCODING, "gzip"), gzip, BYTES_MAX);
        assert_eq!(unpacked, Ok(Bytes::from(body)));
    }

    #[test]
    fn both_forms_of_deflate_are_read() {
        use flate2::write::{DeflateEncoder, ZlibEncoder};
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(b"{}").expect("in memory");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(b"{}").expect("in memory");
        for packed in [zlib.finish(), raw.finish()] {
            let packed = Bytes::from(packed.expect("in memory"));
            let headers = with(CONTENT_ENCODING, "deflate");
            assert_eq!(
                unpacked(&headers, packed, BYTES_MAX),
                Ok(Bytes::from_static(b"{}"))
            );
        }
    }

    #[test]
    fn a_small_body_that_unpacks_without_end_is_too_large() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![b' '; BYTES_MAX + 1];
        encoder.write_all(&zeros).expect("in memory");
        let bomb = Bytes::from(encoder.finish().expect("in memory"));
        assert_eq!(
            unpacked(&with(CONTENT_ENCODING, "gzip"), bomb, BYTES_MAX),
            Err(Unreadable::TooLarge)
        );
    }

    #[test]
    fn what_cannot_be_unpacked_is_refused() {
        let garbage = Bytes::from_static(b"{\"Name\":\"A\"}");
        assert!(matches!(
            unpacked(&with(CONTENT_ENCODING, "gzip"), garbage.clone(), BYTES_MAX),
            Err(Unreadable::Damaged(_))
        ));
        assert!(matches!(
            unpacked(&with(CONTENT_ENCODING, "br"), garbage, BYTES_MAX),
            Err(Unreadable::EncodingUnknown(_))
        ));
    }

    #[test]
    fn nobody_gets_gzip_unasked() {
        let body = vec![b' '; 10_000];
        assert!(packed(&HeaderMap::new(), &body).is_none());
        assert!(packed(&with(ACCEPT_ENCODING, "gzip;q=0"), &body).is_none());
        assert!(packed(&with(ACCEPT_ENCODING, "br"), &body).is_none());
        assert!(packed(&with(ACCEPT_ENCODING, "gzip"), b"{}").is_none());
    }
}
