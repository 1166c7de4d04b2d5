//! As much of HTTP as a call to a server on this machine needs: one request on a connection of its own.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::error::Error;

/// How long an answer takes at most: the longest wait that a call can ask for, and some time to get there.
const ANSWER_MAX: Duration = Duration::from_secs(75);

/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A status, and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends a request with a body of a media type.
pub(crate) fn send(
    target: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<(&str, &str)>,
) -> Result<Answer, Error> {
    let authority = target
        .strip_prefix("http://")
        .ok_or_else(|| Error::Start(format!("{target} is not of the form http://HOST:PORT")))?;
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    // Writing to memory does not fail.
    if let Some(token) = token {
        let _ = write!(head, "Authorization: Bearer {token}\r\n");
    }
    let text = body.map_or("", |(_, text)| text);
    if let Some((media_type, _)) = body {
        let _ = write!(head, "Content-Type: {media_type}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", text.len());
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    stream.write_all(head.as_bytes())?;
    stream.write_all(text.as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(parse(&bytes)?)
}

fn parse(bytes: &[u8]) -> io::Result<Answer> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "no answer of HTTP");
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = bytes.split_at(end.ok_or_else(broken)?);
    let body = body.get(4..).unwrap_or_default();
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let header = |name: &str| {
        let mut lines = head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim))
    };
    let body = match header("content-length") {
        _ if header("transfer-encoding") == Some("chunked") => joined(body).ok_or_else(broken)?,
        Some(length) if length != body.len().to_string() => return Err(broken()),
        _ => body.to_vec(),
    };
    Ok(Answer {
        status: status.ok_or_else(broken)?,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// The chunks of a body.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// A part of a path or of a query: every byte that is no letter, digit or hyphen is written as `%XX`.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_a_length_or_chunks() {
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi"),
            ("HTTP/1.1 204 No Content\r\n\r\n", ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n",
                "hi!",
            ),
        ] {
            assert_eq!(parse(answer.as_bytes()).expect("whole").body, body);
        }
        for cut in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhi",
            "HTTP\r\n\r\n",
        ] {
            assert!(parse(cut.as_bytes()).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_channel_is_one_segment() {
        assert_eq!(segment("/data/A__c-x"), "%2Fdata%2FA%5F%5Fc-x");
    }
}
