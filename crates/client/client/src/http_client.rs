//! HTTP/1.1 to one target over a few kept connections.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tracing::debug;

use crate::error::Error;
use crate::target::Target;
use crate::tls::{self, Trust};

/// Bytes of the body of an answer that is read as a whole. Longer ones are read piece by piece: [`HttpClient::open`].
const WHOLE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How long an answer's body may pause. An answer may take as long as it likes while it goes on.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Connections kept for the next request.
const IDLE_MAX: usize = 8;

/// How long making a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

type Sender = SendRequest<Full<Bytes>>;

/// Sends requests to one target.
pub struct HttpClient {
    target: Target,
    host: HeaderValue,
    tls: Option<TlsConnector>,
    idle: Mutex<Vec<Sender>>,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// An answer whose body is read piece by piece, however long it is.
pub struct Reading<'c> {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    body: Incoming,
    client: &'c HttpClient,
    /// Kept for the next request once the body has been read to its end.
    sender: Option<Sender>,
}

impl Reading<'_> {
    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// [`Error::Timeout`] if there is none for too long, [`Error::Body`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = tokio::time::timeout(PAUSE_MAX, self.body.frame())
                .await
                .map_err(|_| Error::Timeout(PAUSE_MAX))?;
            let Some(frame) = frame else {
                if let Some(sender) = self.sender.take() {
                    self.client.keep(sender);
                }
                return Ok(None);
            };
            // A frame without data is a trailer.
            if let Ok(data) = frame
                .map_err(|error| Error::Body(error.into()))?
                .into_data()
            {
                return Ok(Some(data));
            }
        }
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// As [`Self::next`]; [`Error::Body`] also if it is longer than what is read as a whole.
    pub async fn whole(mut self) -> Result<Answer, Error> {
        let mut body = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if body.len() + piece.len() > WHOLE_BYTES_MAX {
                let reason = format!("it is longer than {WHOLE_BYTES_MAX} bytes");
                return Err(Error::Body(reason.into()));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer {
            status: self.status,
            headers: self.headers,
            body: body.freeze(),
        })
    }
}

/// One GET without a login, over a connection of its own, in cleartext.
///
/// # Errors
/// Those of [`HttpClient::send`].
pub async fn get(target: Target, path: &str, within: Duration) -> Result<Answer, Error> {
    let http = HttpClient::new(target, &Trust::nobody())?;
    http.send(Request::get(path).body(Full::default())?, within)
        .await
}

impl HttpClient {
    /// A client of the target; connects when the first request is sent.
    ///
    /// # Errors
    /// [`Error::Certificates`], [`Error::Tls`], [`Error::Target`].
    pub fn new(target: Target, trust: &Trust) -> Result<Self, Error> {
        let tls = if target.is_https() {
            Some(tls::connector(trust, "http/1.1")?)
        } else {
            None
        };
        let host = HeaderValue::from_str(&target.authority()).map_err(|_| Error::Target {
            text: target.to_string(),
            reason: "its host cannot be put into a header",
        })?;
        Ok(Self {
            target,
            host,
            tls,
            idle: Mutex::default(),
        })
    }

    /// Where requests go.
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Sends a request whose URI is path and query, and reads the whole answer, which begins within `within`.
    ///
    /// # Errors
    /// Those of [`Self::open`]; [`Error::Body`].
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
    ) -> Result<Answer, Error> {
        self.open(request, within).await?.whole().await
    }

    /// Sends a request whose URI is path and query; the answer begins within `within`, and its body is still to be read.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Connection`], [`Error::Timeout`].
    pub async fn open(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
    ) -> Result<Reading<'_>, Error> {
        tokio::time::timeout(within, self.exchange(request))
            .await
            .map_err(|_| Error::Timeout(within))?
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Reading<'_>, Error> {
        request
            .headers_mut()
            .insert(header::HOST, self.host.clone());
        // A kept connection may have been closed by the peer meanwhile; then the request comes back unsent.
        while let Some(mut sender) = self.kept() {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.reading(sender, response)),
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(self.failed(error.into_error())),
                },
            }
        }
        let mut sender = self.connect().await?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(self.reading(sender, response))
    }

    fn reading(&self, sender: Sender, response: hyper::Response<Incoming>) -> Reading<'_> {
        let (parts, body) = response.into_parts();
        Reading {
            status: parts.status,
            headers: parts.headers,
            body,
            client: self,
            sender: Some(sender),
        }
    }

    fn kept(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(sender) = idle.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn keep(&self, sender: Sender) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX && !sender.is_closed() {
            idle.push(sender);
        }
    }

    async fn connect(&self) -> Result<Sender, Error> {
        tokio::time::timeout(CONNECT_MAX, self.connect_unhurried())
            .await
            .unwrap_or_else(|_| Err(self.unreachable(io::ErrorKind::TimedOut.into())))
    }

    async fn connect_unhurried(&self) -> Result<Sender, Error> {
        let stream = TcpStream::connect((self.target.host(), self.target.port()))
            .await
            .map_err(|error| self.unreachable(error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| self.unreachable(error))?;
        let Some(tls) = &self.tls else {
            return self.speak(stream).await;
        };
        let name = ServerName::try_from(self.target.host().to_owned())
            .map_err(|error| self.unreachable(io::Error::other(error)))?;
        let stream = tls
            .connect(name, stream)
            .await
            .map_err(|error| self.unreachable(error))?;
        self.speak(stream).await
    }

    async fn speak<S>(&self, stream: S) -> Result<Sender, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.failed(error))?;
        let authority = self.target.authority();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%authority, %error, "connection ended with an error");
            }
        });
        Ok(sender)
    }

    fn unreachable(&self, source: io::Error) -> Error {
        Error::Connect {
            authority: self.target.authority(),
            source,
        }
    }

    fn failed(&self, source: hyper::Error) -> Error {
        Error::Connection {
            authority: self.target.authority(),
            source,
        }
    }
}
