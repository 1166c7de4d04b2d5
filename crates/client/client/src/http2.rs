//! HTTP/2 to one target over one connection, as gRPC wants it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::codegen::Service;
use tracing::debug;

use crate::error::Error;
use crate::target::Target;
use crate::tls::{self, Trust};

/// How long making the connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Time between two pings: what has silently gone is noticed.
const PING_EVERY: Duration = Duration::from_mins(1);

/// How long the answer to a ping may take.
const PING_MAX: Duration = Duration::from_secs(20);

/// One connection, shared by its clones. In cleartext the peer is known to speak HTTP/2.
#[derive(Clone)]
pub(crate) struct Channel(SendRequest<Body>);

impl Channel {
    pub(crate) async fn connect(target: &Target, trust: &Trust) -> Result<Self, Error> {
        tokio::time::timeout(CONNECT_MAX, connect_unhurried(target, trust))
            .await
            .unwrap_or_else(|_| Err(unreachable(target, io::ErrorKind::TimedOut.into())))
    }
}

/// The origin that requests name.
pub(crate) fn origin(target: &Target) -> Result<Uri, Error> {
    Ok(Uri::builder()
        .scheme(if target.is_https() { "https" } else { "http" })
        .authority(target.authority())
        .path_and_query("/")
        .build()?)
}

async fn connect_unhurried(target: &Target, trust: &Trust) -> Result<Channel, Error> {
    let failed = |error| unreachable(target, error);
    let stream = TcpStream::connect((target.host(), target.port()))
        .await
        .map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    if !target.is_https() {
        return speak(target, stream).await;
    }
    let name = ServerName::try_from(target.host().to_owned())
        .map_err(|error| failed(io::Error::other(error)))?;
    let stream = tls::connector(trust, "h2")?
        .connect(name, stream)
        .await
        .map_err(failed)?;
    speak(target, stream).await
}

async fn speak<S>(target: &Target, stream: S) -> Result<Channel, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let authority = target.authority();
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|source| Error::Connection {
            authority: authority.clone(),
            source,
        })?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%authority, %error, "connection ended with an error");
        }
    });
    Ok(Channel(sender))
}

fn unreachable(target: &Target, source: io::Error) -> Error {
    Error::Connect {
        authority: target.authority(),
        source,
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future =
        Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send + 'static>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
