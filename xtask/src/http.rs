//! A blocking HTTP/1.1 client for tests: one kept connection, JSON bodies, plain loopback TCP.
//!
//! It is small on purpose: a test that kills the server must know exactly which request was answered, and a client
//! that retries or pools would hide that.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// No answer takes longer than a held poll is allowed to in these tests.
const TIMEOUT: Duration = Duration::from_secs(30);
/// An answer with more than this is no answer of ours.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// One connection to the server.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    /// What every request bears as its `Authorization` header.
    pub(crate) authorization: Option<String>,
}

/// An answer that arrived whole.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            authorization: None,
        })
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Response> {
        self.send("GET", path, "application/json", "")
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// # Errors
    /// When the connection breaks before the answer is whole: the request may have been carried out or not.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &str,
    ) -> io::Result<Response> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n",
            self.stream.get_ref().peer_addr()?
        );
        if let Some(authorization) = &self.authorization {
            write!(request, "Authorization: {authorization}\r\n").expect("a string takes any text");
        }
        if !body.is_empty() {
            write!(request, "Content-Type: {content_type}\r\n").expect("a string takes any text");
        }
        if !body.is_empty() || method != "GET" {
            write!(request, "Content-Length: {}\r\n", body.len()).expect("a string takes any text");
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.receive()
    }

    /// Posts an envelope and waits for its whole answer.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) fn send_soap(&mut self, path: &str, envelope: &str) -> io::Result<Response> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nSOAPAction: \"\"\r\nContent-Type: text/xml\r\n\
             Content-Length: {}\r\n\r\n{envelope}",
            self.stream.get_ref().peer_addr()?,
            envelope.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.receive()
    }

    fn receive(&mut self) -> io::Result<Response> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| broken("no status line"))?;
        let mut length = None;
        let mut is_chunked = false;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| broken("no header"))?;
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok(),
                "transfer-encoding" => is_chunked = value.trim().eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        let body = match (is_chunked, length) {
            (true, _) => self.chunks()?,
            (false, Some(length)) => self.exactly(length)?,
            (false, None) => Vec::new(),
        };
        let body = String::from_utf8(body).map_err(|_| broken("body is not UTF-8"))?;
        Ok(Response { status, body })
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(';').next().unwrap_or_default();
            let size =
                usize::from_str_radix(size.trim(), 16).map_err(|_| broken("no chunk size"))?;
            body.extend(self.exactly(size)?);
            self.line()?;
            if size == 0 {
                return Ok(body);
            }
            if body.len() > BODY_BYTES_MAX {
                return Err(broken("body too long"));
            }
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > BODY_BYTES_MAX {
            return Err(broken("body too long"));
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// Answers one request with `answer`, whatever it was.
    fn exchange(answer: &'static str) -> io::Result<Response> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || -> io::Result<()> {
            let (mut stream, _) = listener.accept()?;
            let mut request = [0; 1024];
            let _ = stream.read(&mut request)?;
            stream.write_all(answer.as_bytes())
        });
        let response = Connection::open(address)?.get("/");
        server.join().expect("the server does not panic")?;
        response
    }

    #[test]
    fn a_body_of_known_length_is_read_whole() {
        let response = exchange("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((response.status, response.body.as_str()), (201, "{}"));
    }

    #[test]
    fn a_chunked_body_is_joined() {
        let response = exchange(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!(response.body, "abcd");
    }

    #[test]
    fn an_answer_without_a_body_is_whole() {
        let response = exchange("HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        assert_eq!((response.status, response.body.as_str()), (204, ""));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        assert!(exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").is_err());
        assert!(exchange("HTTP/1.1 200 OK\r\nContent-Le").is_err());
    }
}
