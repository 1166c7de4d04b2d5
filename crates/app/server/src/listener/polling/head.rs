//! Which requests are polls: HTTP/1.1 posts below `/cometd/`, with a body of known length and nothing that asks for more.
//!
//! Source: RFC 9112; whatever is doubtful is left to the library.

use bytes::{Buf, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use landfall_model::limits::{POLL_HEADERS_MAX, REQUEST_HEAD_BYTES_MAX, STREAMING_BODY_BYTES_MAX};

/// Fields that change how the message is read or the connection goes on.
const DOUBTFUL: [HeaderName; 4] = [
    header::TRANSFER_ENCODING,
    header::EXPECT,
    header::UPGRADE,
    header::TRAILER,
];

/// What the first bytes of a request are.
#[derive(Debug)]
pub enum Parsed {
    /// The head of a poll, taken off the bytes.
    Poll(Box<Head>),
    /// Not for here; the bytes are untouched.
    Other,
    /// Not known yet.
    Partial,
}

/// The head of a poll.
#[derive(Debug)]
pub struct Head {
    /// Without a body.
    pub request: Request<()>,
    /// The length of the body: [`STREAMING_BODY_BYTES_MAX`] at most.
    pub body_bytes: usize,
    /// What the head of the same client's next poll looks like.
    pub pattern: Pattern,
}

/// What a head looks like, whatever the length of the body: that of the same client's next poll looks the same.
#[derive(Debug)]
pub struct Pattern {
    before_length: Box<[u8]>,
    after_length: Box<[u8]>,
}

impl Pattern {
    /// That of a head in which the length is these digits.
    fn new(head: &[u8], digits: &[u8]) -> Option<Self> {
        let begin = digits.as_ptr().addr().checked_sub(head.as_ptr().addr())?;
        Some(Self {
            before_length: head.get(..begin)?.into(),
            after_length: head.get(begin + digits.len()..)?.into(),
        })
    }

    /// Takes a head like this off the bytes. Gives the length of the body.
    pub fn take(&self, read: &mut BytesMut) -> Option<usize> {
        let from_length = read.strip_prefix(&*self.before_length)?;
        let digits = from_length.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, after) = from_length.split_at(digits);
        if !after.starts_with(&self.after_length) {
            return None;
        }
        let body_bytes = length(digits)?;
        let head_bytes = self.before_length.len() + digits.len() + self.after_length.len();
        read.advance(head_bytes);
        Some(body_bytes)
    }
}

/// The length of a body that may be a poll's.
fn length(digits: &[u8]) -> Option<usize> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let bytes = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (is_number && bytes <= STREAMING_BODY_BYTES_MAX).then_some(bytes)
}

/// Looks at the bytes of a connection.
pub fn parse(read: &mut BytesMut) -> Parsed {
    let mut lines = [httparse::EMPTY_HEADER; POLL_HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut lines);
    let head_bytes = match parsed.parse(read) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if read.len() < REQUEST_HEAD_BYTES_MAX => {
            return Parsed::Partial;
        }
        Ok(httparse::Status::Partial) | Err(_) => return Parsed::Other,
    };
    match poll(&parsed, read.get(..head_bytes).unwrap_or_default()) {
        Some(head) => {
            read.advance(head_bytes);
            Parsed::Poll(Box::new(head))
        }
        None => Parsed::Other,
    }
}

/// The head, if it is that of a poll.
fn poll(parsed: &httparse::Request<'_, '_>, head: &[u8]) -> Option<Head> {
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
    sole(&headers, &header::CONTENT_LENGTH)?;
    let mut lines = parsed.headers.iter();
    let digits = lines
        .find(|line| header::CONTENT_LENGTH == line.name)?
        .value;
    let body_bytes = length(digits)?;
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = target.parse().ok()?;
    *request.headers_mut() = headers;
    Some(Head {
        request,
        body_bytes,
        pattern: Pattern::new(head, digits)?,
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
        let request = head.request;
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

    #[test]
    fn the_next_head_of_a_client_differs_in_the_length_alone() {
        let Parsed::Poll(head) = parse(&mut BytesMut::from(POLL)) else {
            panic!("it is one");
        };
        let pattern = head.pattern;
        for (text, length) in [
            (POLL.replace("Length: 2", "Length: 137"), Some(137)),
            (POLL.to_owned(), Some(2)),
            (POLL.replace("Length: 2", "Length: 32769"), None),
            (POLL.replace("Length: 2", "Length: "), None),
            (POLL.replace("Length: 2", "Length: +2"), None),
            (POLL.replace("Host: h", "Host: i"), None),
            (POLL.replace("\r\n\r\n", "\r\nX: y\r\n\r\n"), None),
            (POLL[..POLL.len() - 3].to_owned(), None),
        ] {
            let mut read = BytesMut::from(text.as_str());
            assert_eq!(pattern.take(&mut read), length, "{text}");
            let left = if length.is_some() { "[]" } else { &text };
            assert_eq!(&*read, left.as_bytes());
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
