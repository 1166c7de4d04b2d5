//! Connections to the leader: HTTP/2, one for each request that is under way, so that no slow client or server holds up the
//! requests of others; idle ones are kept for the next.
//!
//! A leader with a certificate is reached over TLS, and is known by that certificate, which it has written where the nodes
//! find each other: no authority has to be trusted for it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::Body;
use axum::response::Response;
use http::{Request, uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use landfall_model::limits::{
    HTTP2_PING_EVERY, HTTP2_PONG_WITHIN, LEADER_CONNECT_TIMEOUT, LEADER_CONNECTION_IDLE_MAX,
    LEADER_CONNECTIONS_IDLE_MAX,
};
use landfall_store_postgres::Node as Peer;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tracing::debug;

/// The connections of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Links(Arc<Mutex<Idle>>);

/// Connections to one leader that are not in use.
#[derive(Debug, Default)]
struct Idle {
    leader: Option<Arc<Peer>>,
    links: Vec<(SendRequest<Body>, Instant)>,
}

/// A connection in use.
pub(super) struct Link {
    sender: SendRequest<Body>,
    leader: Arc<Peer>,
    links: Links,
}

/// A request without an answer.
pub(super) struct Failed {
    /// The request, if nothing of it was sent.
    pub(super) request: Option<Request<Body>>,
}

impl Links {
    /// A connection to the leader that is ready for a request.
    pub(super) async fn take(&self, leader: &Arc<Peer>) -> io::Result<Link> {
        let link = |sender| Link {
            sender,
            leader: Arc::clone(leader),
            links: self.clone(),
        };
        while let Some(mut sender) = self.idle(leader) {
            if sender.ready().await.is_ok() {
                return Ok(link(sender));
            }
        }
        let connected = timeout(LEADER_CONNECT_TIMEOUT, connect(leader)).await;
        Ok(link(connected.map_err(|_| io::ErrorKind::TimedOut)??))
    }

    fn idle(&self, leader: &Arc<Peer>) -> Option<SendRequest<Body>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.leader.as_ref() != Some(leader) {
            *idle = Idle {
                leader: Some(Arc::clone(leader)),
                links: Vec::new(),
            };
        }
        idle.links.retain(|(sender, since)| {
            !sender.is_closed() && since.elapsed() < LEADER_CONNECTION_IDLE_MAX
        });
        idle.links.pop().map(|(sender, _)| sender)
    }
}

impl Link {
    /// How the leader is reached.
    pub(super) fn scheme(&self) -> uri::Scheme {
        match self.leader.certificate {
            Some(_) => uri::Scheme::HTTPS,
            None => uri::Scheme::HTTP,
        }
    }

    /// Sends a request and waits for the beginning of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Failed> {
        let sent = self.sender.try_send_request(request).await;
        sent.map_err(|mut error| {
            let request = error.take_message();
            debug!(error = %error.into_error(), "the leader does not answer");
            Failed { request }
        })
    }

    /// Keeps the connection for the next request.
    pub(super) fn give_back(self) {
        let Self {
            sender,
            leader,
            links,
        } = self;
        let mut idle = links.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.leader.as_ref() == Some(&leader) && idle.links.len() < LEADER_CONNECTIONS_IDLE_MAX {
            idle.links.push((sender, Instant::now()));
        }
    }
}

async fn connect(leader: &Peer) -> io::Result<SendRequest<Body>> {
    let stream = TcpStream::connect(&leader.address).await?;
    stream.set_nodelay(true)?;
    let Some(certificate) = &leader.certificate else {
        return speak(stream).await;
    };
    let config = pinned(certificate).map_err(io::Error::other)?;
    // Its certificate is what it is known by: the name decides nothing.
    let name = ServerName::try_from("landfall").map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(config));
    speak(connector.connect(name, stream).await?).await
}

async fn speak<S>(stream: S) -> io::Result<SendRequest<Body>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING_EVERY)
        .keep_alive_timeout(HTTP2_PONG_WITHIN)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            debug!(%error, "connection to the leader ended");
        }
    });
    Ok(sender)
}

/// TLS with the holder of the key of exactly this certificate.
fn pinned(certificate: &[u8]) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let pin = Pin {
        certificate: CertificateDer::from(certificate.to_vec()),
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pin))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Accepts one certificate.
#[derive(Debug)]
struct Pin {
    certificate: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.certificate {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General(
                "the node shows another certificate than it has published".to_owned(),
            ))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
