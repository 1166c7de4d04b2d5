//! An answer on its way out: its head and as much of its body as is there in one write.

use std::cell::Cell;
use std::io::{self, Write as _};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::Response;
use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use httpdate::HttpDate;
use hyper::body::Body as _;
use landfall_streaming::MESSAGES_HEADERS;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::front::Messages;

/// Bytes of an ordinary head.
const HEAD_BYTES: usize = 512;

/// The header of the last answer of a connection.
const CLOSE: &[u8] = b"Connection: close\r\n";

/// Of a date. Source: RFC 9110, 5.6.7.
const DATE_BYTES: usize = 29;

/// Writes an answer; the last one of its connection says so.
///
/// # Errors
/// What the connection or the body fails with: the answer cannot be finished then, nor the connection used any further.
pub(super) async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    response: Response,
    is_last: bool,
) -> io::Result<()> {
    let (parts, body) = response.into_parts();
    let length = body.size_hint().exact();
    let mut head = head(parts.status, &parts.headers, length);
    if is_last {
        head.extend_from_slice(CLOSE);
    }
    head.extend_from_slice(b"\r\n");
    match length {
        Some(length) => write_whole(stream, head, body, length).await?,
        None => write_chunks(stream, head, body).await?,
    }
    stream.flush().await
}

/// Writes an answer of messages, its head and its body at once; the last one of its connection says so.
///
/// # Errors
/// What the connection fails with.
pub(super) async fn write_messages<S: AsyncWrite + Unpin>(
    stream: &mut S,
    messages: Messages,
    is_last: bool,
) -> io::Result<()> {
    let body = messages.take();
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(b"HTTP/1.1 200 OK\r\nDate: ");
    write_date(&mut head);
    head.extend_from_slice(&MESSAGES_HEAD);
    head.extend_from_slice(b"Content-Length: ");
    write_number(&mut head, body.len());
    head.extend_from_slice(b"\r\n");
    if is_last {
        head.extend_from_slice(CLOSE);
    }
    head.extend_from_slice(b"\r\n");
    let mut whole = Buf::chain(head.as_slice(), body.as_slice());
    stream.write_all_buf(&mut whole).await?;
    stream.flush().await
}

/// What all answers of messages have between the date and the length.
static MESSAGES_HEAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut head = b"\r\n".to_vec();
    for (name, value) in MESSAGES_HEADERS {
        write_header(&mut head, &name, &value);
    }
    head
});

fn head(status: StatusCode, headers: &HeaderMap, length: Option<u64>) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let reason = status.canonical_reason().unwrap_or_default();
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    head.push(b' ');
    head.extend_from_slice(reason.as_bytes());
    head.extend_from_slice(b"\r\nDate: ");
    write_date(&mut head);
    head.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        if *name == header::CONTENT_LENGTH || *name == header::TRANSFER_ENCODING {
            continue;
        }
        write_header(&mut head, name, value);
    }
    // Writing to memory does not fail.
    let _ = match length {
        Some(length) => write!(head, "Content-Length: {length}\r\n"),
        None => write!(head, "Transfer-Encoding: chunked\r\n"),
    };
    head
}

/// Writes the present date. Its text is made once a second.
fn write_date(head: &mut Vec<u8>) {
    thread_local! {
        static DATE: Cell<(u64, [u8; DATE_BYTES])> = const { Cell::new((0, [0; DATE_BYTES])) };
    }
    let now = SystemTime::now();
    let second = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (made, mut text) = DATE.get();
    if made != second {
        // It is as long as that.
        let _ = write!(text.as_mut_slice(), "{}", HttpDate::from(now));
        DATE.set((second, text));
    }
    head.extend_from_slice(&text);
}

/// Writes a number in decimal digits: the means of the standard library take ten times as long.
fn write_number(head: &mut Vec<u8>, number: usize) {
    let start = head.len();
    let mut rest = number;
    loop {
        let digit = u8::try_from(rest % 10).unwrap_or_default();
        head.push(b'0' + digit);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = head.get_mut(start..) {
        digits.reverse();
    }
}

fn write_header(head: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    write_name(head, name);
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

/// Writes the name of a header with a capital after every hyphen, as the library does for all other answers.
fn write_name(head: &mut Vec<u8>, name: &HeaderName) {
    let mut begins = true;
    for byte in name.as_str().bytes() {
        head.push(if begins {
            byte.to_ascii_uppercase()
        } else {
            byte
        });
        begins = byte == b'-';
    }
}

async fn write_whole<S: AsyncWrite + Unpin>(
    stream: &mut S,
    head: Vec<u8>,
    mut body: Body,
    length: u64,
) -> io::Result<()> {
    let mut head = Bytes::from(head);
    let mut left = length;
    while let Some(data) = data(&mut body).await? {
        left = u64::try_from(data.len())
            .ok()
            .and_then(|written| left.checked_sub(written))
            .ok_or_else(|| io::Error::other("a body is longer than it said"))?;
        let mut next = std::mem::take(&mut head).chain(data);
        stream.write_all_buf(&mut next).await?;
    }
    if left > 0 {
        return Err(io::Error::other("a body is shorter than it said"));
    }
    stream.write_all_buf(&mut head).await
}

async fn write_chunks<S: AsyncWrite + Unpin>(
    stream: &mut S,
    mut head: Vec<u8>,
    mut body: Body,
) -> io::Result<()> {
    while let Some(data) = data(&mut body).await? {
        if data.is_empty() {
            // An empty chunk would be the last one.
            continue;
        }
        let _ = write!(head, "{:x}\r\n", data.len());
        let before = Bytes::from(std::mem::take(&mut head));
        let mut next = before.chain(data).chain(&b"\r\n"[..]);
        stream.write_all_buf(&mut next).await?;
    }
    head.extend_from_slice(b"0\r\n\r\n");
    stream.write_all(&head).await
}

/// The next bytes of a body; the Streaming API has no trailers.
async fn data(body: &mut Body) -> io::Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal_digits() {
        for number in [0, 7, 10, 99, 100, 1_234_567, usize::MAX] {
            let mut head = b"x".to_vec();
            write_number(&mut head, number);
            assert_eq!(head, format!("x{number}").as_bytes());
        }
    }
}
