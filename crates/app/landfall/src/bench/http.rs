//! The lightest HTTP/1.1 client that will do: one connection, one request at a time, bodies by length or in chunks.
//!
//! A load generator shares the machine with what it measures, so nothing is parsed that is not needed.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::ops::Range;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::outcome::{Exit, Failure};

/// Bytes of a response, head and body; a long-poll response may hold 900 KiB of events.
const RESPONSE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How much is read at once at least.
const READ_BYTES: usize = 16 * 1024;

/// Bytes of an unexpected answer that are shown.
const ANSWER_BYTES_SHOWN: usize = 500;

/// A buffer that has grown beyond this is given back between responses.
const BUFFER_BYTES_KEPT: usize = 2 * 1024 * 1024;

/// A connection to the server.
pub(super) struct Connection {
    stream: TcpStream,
    /// What was read and not yet consumed, the response at hand included.
    buffer: Vec<u8>,
    /// The response at hand in `buffer`.
    consumed: usize,
    body: Body,
    decoded: Vec<u8>,
}

enum Body {
    InBuffer(Range<usize>),
    Decoded,
}

enum Framing {
    Length(usize),
    Chunked,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await.map_err(|error| {
            Failure::new(format!("cannot connect to {address}"))
                .caused_by(&error)
                .exit(Exit::Unreachable)
        })?;
        stream.set_nodelay(true).map_err(broken)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            consumed: 0,
            body: Body::Decoded,
            decoded: Vec::new(),
        })
    }

    /// Sends a request and waits for its answer; says the status.
    pub(super) async fn call(&mut self, request: &[u8]) -> Result<u16, Failure> {
        self.stream.write_all(request).await.map_err(broken)?;
        self.receive().await
    }

    /// Sends a request that must succeed.
    pub(super) async fn succeed(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        let status = self.call(request).await?;
        if (200..300).contains(&status) {
            return Ok(self.body());
        }
        Err(Failure::new(format!(
            "the server answered {status}: {}",
            beginning(self.body())
        )))
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> &[u8] {
        match &self.body {
            Body::InBuffer(range) => self.buffer.get(range.clone()).unwrap_or_default(),
            Body::Decoded => &self.decoded,
        }
    }

    async fn receive(&mut self) -> Result<u16, Failure> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        if self.buffer.is_empty() && self.buffer.capacity() > BUFFER_BYTES_KEPT {
            self.buffer = Vec::new();
        }
        let head = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.fill().await?;
        };
        let (status, framing) = self
            .buffer
            .get(..head)
            .and_then(parse_head)
            .ok_or_else(|| Failure::new("a response is not HTTP/1.1"))?;
        match framing {
            Framing::Length(length) => {
                let end = head + length;
                while self.buffer.len() < end {
                    self.fill().await?;
                }
                self.consumed = end;
                self.body = Body::InBuffer(head..end);
            }
            Framing::Chunked => {
                self.decoded.clear();
                self.body = Body::Decoded;
                self.consumed = self.chunks(head).await?;
            }
        }
        Ok(status)
    }

    /// Decodes chunks from `at` on; says where they end.
    async fn chunks(&mut self, mut at: usize) -> Result<usize, Failure> {
        loop {
            let line_end = loop {
                let rest = self.buffer.get(at..).unwrap_or_default();
                if let Some(end) = memmem::find(rest, b"\r\n") {
                    break at + end;
                }
                self.fill().await?;
            };
            let size = self
                .buffer
                .get(at..line_end)
                .and_then(|line| std::str::from_utf8(line).ok())
                .and_then(|line| line.split(';').next())
                .and_then(|size| usize::from_str_radix(size.trim(), 16).ok())
                .filter(|size| *size <= RESPONSE_BYTES_MAX)
                .ok_or_else(|| Failure::new("a response chunk has no size"))?;
            let start = line_end + 2;
            let end = start + size;
            while self.buffer.len() < end + 2 {
                self.fill().await?;
            }
            if size == 0 {
                return Ok(end + 2);
            }
            self.decoded
                .extend_from_slice(self.buffer.get(start..end).unwrap_or_default());
            at = end + 2;
        }
    }

    async fn fill(&mut self) -> Result<(), Failure> {
        if self.buffer.len() > RESPONSE_BYTES_MAX {
            return Err(Failure::new("a response is too long"));
        }
        self.buffer.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err(Failure::new("the server closed a connection")),
            Ok(_) => Ok(()),
            Err(error) => Err(broken(error)),
        }
    }
}

/// As much of an answer as a person wants to see.
pub(super) fn beginning(answer: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(answer.get(..ANSWER_BYTES_SHOWN).unwrap_or(answer))
}

fn parse_head(head: &[u8]) -> Option<(u16, Framing)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    let status = status.parse().ok()?;
    let mut framing = Framing::Length(0);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            let length = value.trim().parse().ok()?;
            framing = (length <= RESPONSE_BYTES_MAX).then_some(Framing::Length(length))?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            framing = Framing::Chunked;
        }
    }
    Some((status, framing))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn broken(error: std::io::Error) -> Failure {
    Failure::new("a connection failed").caused_by(&error)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Answers the one request of one connection with these bytes, a few at a time.
    async fn answered_with(bytes: &'static [u8]) -> Result<(u16, Vec<u8>), Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4];
            stream.read_exact(&mut request).await.expect("a request");
            for part in bytes.chunks(3) {
                stream.write_all(part).await.expect("written");
                stream.flush().await.expect("flushed");
            }
        };
        let client = async {
            let mut connection = Connection::open(address).await?;
            let status = connection.call(b"ping").await?;
            Ok((status, connection.body().to_vec()))
        };
        tokio::join!(client, server).0
    }

    #[tokio::test]
    async fn a_body_is_read_by_its_length() {
        let (status, body) =
            answered_with(b"HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhello")
                .await
                .expect("read");
        assert_eq!((status, &*body), (201, &b"hello"[..]));
    }

    #[tokio::test]
    async fn a_body_is_read_in_chunks() {
        let (status, body) = answered_with(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
        )
        .await
        .expect("read");
        assert_eq!((status, &*body), (200, &b"abc0123456789"[..]));
    }

    #[tokio::test]
    async fn what_is_cut_off_is_a_failure() {
        assert!(
            answered_with(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")
                .await
                .is_err()
        );
        assert!(answered_with(b"SSH-2.0\r\n\r\n").await.is_err());
    }
}
