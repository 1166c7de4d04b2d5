//! Which requests are polls: HTTP/1.1 posts below `/cometd/`, with a body of known length and nothing that asks for more.
//!
//! Source: RFC 9112; whatever is doubtful is left to the library.

use axum::body::Body;
use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use landfall_model::limits::{POLL_HEADERS_MAX, REQUEST_HEAD_BYTES_MAX, STREAMING_BODY_BYTES_MAX};

/// Fields that change how the message is read or the connection goes on.
const DOUBTFUL: [HeaderName; 4] = [
    header::TRANSFER_ENCODING,
    header::EXPECT,
    header::UPGRADE,
    header::TRAILER,
];

/// What the bytes so far are.
pub(super) enum Parsed {
    /// The head of a poll, taken off the bytes.
    Poll(Head),
    /// Not for here; the bytes are untouched.
    Other,
    /// Not to be told yet.
    Partial,
}

/// The head of a poll.
#[derive(Debug)]
pub(super) struct Head {
    target: Uri,
    headers: HeaderMap,
    pub(super) body_bytes: usize,
}

impl Head {
    pub(super) fn request(self, body: Bytes) -> Request<Body> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.target;
        *request.headers_mut() = self.headers;
        request
    }
}

/// Looks at the bytes of a connection.
pub(super) fn parse(read: &mut BytesMut) -> Parsed {
    let mut lines = [httparse::EMPTY_HEADER; POLL_HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut lines);
    let head_bytes = match parsed.parse(read) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if read.len() < REQUEST_HEAD_BYTES_MAX => {
            return Parsed::Partial;
        }
        Ok(httparse::Status::Partial) | Err(_) => return Parsed::Other,
    };
    match poll(&parsed) {
        Some(head) => {
            read.advance(head_bytes);
            Parsed::Poll(head)
        }
        None => Parsed::Other,
    }
}

/// The head, if it is that of a poll.
fn poll(parsed: &httparse::Request<'_, '_>) -> Option<Head> {
    let target = parsed.path?;
    if parsed.method != Some("POST") || parsed.version != Some(1) || !target.starts_with("/cometd/")
    {
        return None;
    }
    let mut headers = HeaderMap::with_capacity(parsed.headers.len());
    for line in &*parsed.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    if DOUBTFUL.iter().any(|name| headers.contains_key(name))
        || sole(&headers, &header::HOST).is_none()
        || headers
            .get_all(header::CONNECTION)
            .iter()
            .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"keep-alive"))
    {
        return None;
    }
    let length = sole(&headers, &header::CONTENT_LENGTH)?.as_bytes();
    let is_number = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
    let body_bytes = std::str::from_utf8(length).ok()?.parse().ok()?;
    (is_number && body_bytes <= STREAMING_BODY_BYTES_MAX).then_some(())?;
    Some(Head {
        target: target.parse().ok()?,
        headers,
        body_bytes,
    })
}

/// The value of a header that is there once.
fn sole<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLL: &str = "POST /cometd/59.0 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n[]";

    fn is_poll(text: &str) -> bool {
        matches!(parse(&mut BytesMut::from(text)), Parsed::Poll(_))
    }

    fn is_other(text: &str) -> bool {
        let mut read = BytesMut::from(text);
        matches!(parse(&mut read), Parsed::Other) && read == text
    }

    #[test]
    fn a_plain_post_to_the_streaming_api_is_a_poll() {
        let mut read = BytesMut::from(POLL);
        let Parsed::Poll(head) = parse(&mut read) else {
            panic!("it is one");
        };
        assert_eq!(head.body_bytes, 2);
        assert_eq!(&*read, b"[]");
        let request = head.request(Bytes::from_static(b"[]"));
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.uri(), "/cometd/59.0");
        assert_eq!(request.headers()["host"], "h");
        assert!(is_poll(
            &POLL.replace("Host", "Connection: Keep-Alive\r\nhost")
        ));
    }

    #[test]
    fn anything_else_is_left_to_the_library_untouched() {
        for (from, to) in [
            ("POST", "GET"),
            ("/cometd/", "/services/"),
            ("/cometd/", "//cometd/"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("Host: h\r\n", ""),
            ("Host", "Host: h\r\nHost"),
            ("Content-Length: 2", "X: 2"),
            ("Length: 2", "Length: 2\r\nContent-Length: 2"),
            ("Length: 2", "Length: +2"),
            ("Length: 2", "Length: 32769"),
            ("Length: 2", "Length: 99999999999999999999999"),
            ("Content-Length: 2", "Transfer-Encoding: chunked"),
            ("Host", "Transfer-Encoding: chunked\r\nHost"),
            ("Host", "Expect: 100-continue\r\nHost"),
            ("Host", "Upgrade: websocket\r\nHost"),
            ("Host", "Connection: close\r\nHost"),
            ("Host", "Connection: keep-alive, Upgrade\r\nHost"),
            ("Host", "Ho st"),
            ("POST", "P\0ST"),
        ] {
            let text = POLL.replacen(from, to, 1);
            assert!(is_other(&text), "{text}");
        }
        let many = "X: y\r\n".repeat(POLL_HEADERS_MAX);
        assert!(is_other(&POLL.replace("Host", &format!("{many}Host"))));
        let long = "x".repeat(REQUEST_HEAD_BYTES_MAX);
        assert!(is_other(&format!(
            "POST /cometd/59.0 HTTP/1.1\r\nX: {long}"
        )));
    }

    #[test]
    fn a_head_is_waited_for() {
        let head = POLL.len() - 2;
        for end in 0..head {
            let mut read = BytesMut::from(&POLL[..end]);
            assert!(matches!(parse(&mut read), Parsed::Partial), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_distinguished(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut read = BytesMut::from(&bytes[..]);
            if !matches!(parse(&mut read), Parsed::Poll(_)) {
                prop_assert_eq!(&*read, &bytes[..]);
            }
        }
    }
}
