//! HTTP/1.1 to one target over a few kept connections.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
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

/// Bytes of one answer's body.
const RESPONSE_BYTES_MAX: usize = 32 * 1024 * 1024;

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

    /// Sends a request whose URI is path and query, and reads the whole answer within `within`.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Connection`], [`Error::Timeout`], [`Error::Body`].
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        within: Duration,
    ) -> Result<Answer, Error> {
        tokio::time::timeout(within, self.exchange(request))
            .await
            .map_err(|_| Error::Timeout(within))?
    }

    async fn exchange(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, Error> {
        request
            .headers_mut()
            .insert(header::HOST, self.host.clone());
        // A kept connection may have been closed by the peer meanwhile; then the request comes back unsent.
        while let Some(mut sender) = self.kept() {
            match sender.try_send_request(request).await {
                Ok(response) => return self.read(sender, response).await,
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
        self.read(sender, response).await
    }

    async fn read(
        &self,
        sender: Sender,
        response: hyper::Response<Incoming>,
    ) -> Result<Answer, Error> {
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, RESPONSE_BYTES_MAX)
            .collect()
            .await
            .map_err(Error::Body)?
            .to_bytes();
        self.keep(sender);
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
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
