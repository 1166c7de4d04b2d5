//! One port for everything: accepting connections and telling what they speak.
//!
//! The first byte distinguishes TLS from cleartext, the first bytes of cleartext HTTP/2 from HTTP/1.1; under TLS
//! the negotiated protocol does. A developer org that answers to the vendor's host names opens tunnels to them first. Everything about a connection that takes time is bounded here.

pub(crate) mod answers;
mod pauses;
pub(crate) mod polling;
mod refusing;
mod rewound;
mod stall;
pub(crate) mod tls;
pub(crate) mod tunnel;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use landfall_model::limits::{
    CONNECTION_BUFFER_BYTES, CONNECTION_OPENING_MAX, HTTP1_HEAD_MAX, HTTP2_PING_EVERY,
    HTTP2_PONG_WITHIN, HTTP2_RESETS_MAX, HTTP2_STREAMS_MAX, REQUEST_HEAD_BYTES_MAX,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::connections::Connections;
use crate::front::rehearsal::{HalfClose, half_close, is_half_close};
use crate::front::scheme::Scheme;
use crate::front::{Front, bounded};
use crate::phase::{Listener as PhaseListener, Phase};
use answers::{Answers, ConnectionAnswers};
use pauses::{ACCEPT_RETRY, PEEK_RETRY};
use polling::Polling;
use rewound::Rewound;
use stall::Unstalled;

/// First byte of a TLS connection: a handshake record. Source: RFC 8446, section 5.1.
const TLS_HANDSHAKE: u8 = 0x16;

/// How an HTTP/2 connection with prior knowledge begins, as far as no HTTP/1 method does. Source: RFC 9113, section 3.4.
const HTTP2_BEGIN: &[u8; 2] = b"PR";

/// How a request for a tunnel begins. Source: RFC 9110, section 9.3.6.
const CONNECT_BEGIN: &[u8; 8] = b"CONNECT ";

/// Accepts connections and serves them.
pub(crate) struct Acceptor {
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether tunnels to the vendor's host names are opened.
    pub(crate) tunnels: bool,
    pub(crate) front: Arc<Front>,
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) connections_max: usize,
    pub(crate) connections: Arc<Connections>,
    pub(crate) answers: Answers,
    pub(crate) phase: PhaseListener,
}

impl Acceptor {
    /// Accepts until the server drains. Each open connection holds one of the slots.
    pub(crate) async fn run(self, mut listener: TcpListener, address: SocketAddr) {
        let mut phase = self.phase.clone();
        let mut refused_until = self.connections.refused_until();
        loop {
            let (stream, peer, slot) = tokio::select! {
                () = phase.reached(Phase::Draining) => return,
                until = refusing::asked_for(&mut refused_until) => {
                    drop(listener);
                    listener = tokio::select! {
                        () = phase.reached(Phase::Draining) => return,
                        listener = refusing::refuse(address, until, &self.connections) => listener,
                    };
                    continue;
                }
                accepted = self.accept(&listener) => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        self.connections.failed(&error);
                        sleep(ACCEPT_RETRY).await;
                        continue;
                    }
                },
            };
            let connection = Connection {
                peer,
                tls: self.tls.clone(),
                tunnels: self.tunnels,
                front: Arc::clone(&self.front),
                phase: self.phase.clone(),
                answers: self.answers.of_connection(),
                slot: Arc::new(slot),
            };
            tokio::spawn(connection.serve(stream));
        }
    }

    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let slots = Arc::clone(&self.slots);
        let slot = if let Ok(slot) = slots.try_acquire_owned() {
            slot
        } else {
            self.connections.delayed(self.connections_max);
            let slots = Arc::clone(&self.slots);
            slots.acquire_owned().await.map_err(io::Error::other)?
        };
        let (stream, peer) = listener.accept().await?;
        self.connections.accepted();
        stream.set_nodelay(true)?;
        Ok((stream, peer, slot))
    }
}

/// What a connection speaks.
enum Speech {
    Tls,
    Http1,
    /// The same, beginning with the request for a tunnel.
    Connect,
    Http2,
}

/// An open connection.
type Speaking = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// What ends a connection before its time.
type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Connection {
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    tunnels: bool,
    front: Arc<Front>,
    phase: PhaseListener,
    answers: ConnectionAnswers,
    slot: Slot,
}

/// A connection's place among all that may be open; given back when the last request on it is done with.
type Slot = Arc<OwnedSemaphorePermit>;

/// Runs the requests of an HTTP/2 connection, each a task of its own.
#[derive(Clone)]
struct Streams(Slot);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, request: F) {
        let slot = Arc::clone(&self.0);
        tokio::spawn(async move {
            answers::stall::while_read(request).await;
            drop(slot);
        });
    }
}

impl Connection {
    /// The states of opening and of each way to speak are boxes of their own: the task of an idle connection is no
    /// larger than what it speaks.
    async fn serve(self, stream: TcpStream) {
        let peer = self.peer;
        let ended = match Box::pin(self.open(stream)).await {
            Ok(Some(speaking)) => speaking.await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = ended {
            debug!(%peer, %error, "connection failed");
        }
    }

    /// Finds out what the connection speaks; nothing if the server drains meanwhile.
    async fn open(mut self, mut stream: TcpStream) -> Result<Option<Speaking>, Failure> {
        let speech = tokio::select! {
            () = self.phase.reached(Phase::Draining) => return Ok(None),
            speech = timeout(CONNECTION_OPENING_MAX, opening(&mut stream, self.tunnels)) => speech??,
        };
        let stream = Unstalled::new(stream);
        let speaking: Speaking = match (speech, self.tls.take()) {
            (Speech::Http1 | Speech::Connect, _) => Box::pin(self.http1(stream, Scheme::Http)),
            (Speech::Http2, _) => Box::pin(self.http2(stream, Scheme::Http)),
            (Speech::Tls, Some(acceptor)) => {
                let stream = timeout(CONNECTION_OPENING_MAX, acceptor.accept(stream)).await??;
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    Box::pin(self.http2(stream, Scheme::Https))
                } else {
                    Box::pin(self.http1(stream, Scheme::Https))
                }
            }
            (Speech::Tls, None) => return Err("TLS is asked for but not configured".into()),
        };
        Ok(Some(speaking))
    }

    /// Long polls are served here, everything else by the library.
    async fn http1<S>(mut self, stream: S, scheme: Scheme) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let polling = Polling {
            stream,
            front: Arc::clone(&self.front),
            peer: self.peer,
            scheme,
            phase: self.phase.clone(),
        };
        let rest = tokio::select! {
            rest = polling.serve() => rest?,
            () = self.phase.reached(Phase::Ending) => None,
        };
        match rest {
            Some(rest) => {
                let stream = Rewound::new(rest.read, rest.stream);
                Box::pin(self.any_http1(stream, scheme)).await
            }
            None => Ok(()),
        }
    }

    async fn any_http1<S>(self, mut stream: S, scheme: Scheme) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut phase = self.phase.clone();
        match self.library_http1(&mut stream, scheme).await {
            Err(error) if is_half_close(&*error) => tokio::select! {
                ended = half_close(&mut stream) => Ok(ended?),
                () = phase.reached(Phase::Ending) => Ok(()),
            },
            ended => ended,
        }
    }

    async fn library_http1<S>(self, stream: &mut S, scheme: Scheme) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let Self {
            peer,
            front,
            mut phase,
            answers,
            slot: _slot,
            ..
        } = self;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let answer = Arc::clone(&front).answer(bounded(request), peer, scheme);
            let answers = answers.clone();
            async move {
                let Ok(response) = answer.await;
                match response.extensions().get::<HalfClose>() {
                    Some(ends) => Err(*ends),
                    None => Ok(answers.send(response).await),
                }
            }
        });
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HTTP1_HEAD_MAX)
                .max_header_size(REQUEST_HEAD_BYTES_MAX)
                .max_buf_size(CONNECTION_BUFFER_BYTES)
                // Some clients compare names of headers as the service spells them.
                .title_case_headers(true)
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = phase.reached(Phase::Draining) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            ended = connection => Ok(ended?),
            () = phase.reached(Phase::Ending) => Ok(()),
        }
    }

    async fn http2<S>(self, stream: S, scheme: Scheme) -> Result<(), Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self {
            peer,
            front,
            mut phase,
            answers,
            slot,
            ..
        } = self;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let answer = Arc::clone(&front).answer(bounded(request), peer, scheme);
            let answers = answers.clone();
            async move { Ok::<_, Infallible>(answers.send(answer.await?).await) }
        });
        let mut connection = std::pin::pin!(
            http2::Builder::new(Streams(slot))
                .timer(TokioTimer::new())
                .keep_alive_interval(HTTP2_PING_EVERY)
                .keep_alive_timeout(HTTP2_PONG_WITHIN)
                .max_concurrent_streams(HTTP2_STREAMS_MAX)
                .max_send_buf_size(CONNECTION_BUFFER_BYTES)
                .max_pending_accept_reset_streams(HTTP2_RESETS_MAX)
                .max_header_list_size(u32::try_from(REQUEST_HEAD_BYTES_MAX).unwrap_or(u32::MAX))
                .serve_connection(TokioIo::new(stream), service)
        );
        tokio::select! {
            ended = connection.as_mut() => return Ok(ended?),
            () = phase.reached(Phase::Draining) => connection.as_mut().graceful_shutdown(),
        }
        tokio::select! {
            ended = connection => Ok(ended?),
            () = phase.reached(Phase::Ending) => Ok(()),
        }
    }
}

/// What the connection speaks, in the tunnel if it begins with one.
async fn opening(stream: &mut TcpStream, tunnels: bool) -> io::Result<Speech> {
    match speech(stream).await? {
        Speech::Connect if tunnels => {
            tunnel::open(stream).await?;
            speech(stream).await
        }
        speech => Ok(speech),
    }
}

/// Looks at the first bytes without taking them.
async fn speech(stream: &TcpStream) -> io::Result<Speech> {
    let mut begin = [0_u8; CONNECT_BEGIN.len()];
    loop {
        let seen = stream.peek(&mut begin).await?;
        match begin.get(..seen).unwrap_or_default() {
            [] => return Err(io::ErrorKind::UnexpectedEof.into()),
            [TLS_HANDSHAKE, ..] => return Ok(Speech::Tls),
            bytes if bytes.starts_with(HTTP2_BEGIN) => return Ok(Speech::Http2),
            bytes if bytes == CONNECT_BEGIN => return Ok(Speech::Connect),
            // A lone `P` begins POST, PUT, PATCH and PRI alike; the socket stays readable, so wait by the clock.
            bytes if HTTP2_BEGIN.starts_with(bytes) || CONNECT_BEGIN.starts_with(bytes) => {
                sleep(PEEK_RETRY).await;
            }
            _ => return Ok(Speech::Http1),
        }
    }
}
