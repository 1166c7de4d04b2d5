//! Tunnels to the vendor's host names, for clients whose host cannot be configured: they use this server as HTTPS proxy.
//!
//! A tunnel ends in this process; nothing is connected to, and other hosts are refused. Source: RFC 9110, section 9.3.6.

use std::io;

use http::uri::Authority;
use landfall_model::limits::TUNNEL_HEAD_BYTES_MAX;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::hosts::vendor;
use crate::listener::pauses::PEEK_RETRY;

/// The ports that the vendor's hosts have. Source: "Supported Endpoints" of the Pub/Sub API.
const PORTS: [u16; 2] = [443, 7443];

/// How it ends.
const HEAD_END: &[u8] = b"\r\n\r\n";

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

const REFUSED: &[u8] = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// The request for a tunnel.
#[derive(Debug, PartialEq, Eq)]
pub struct TunnelRequest {
    /// The length of its head, which is taken off the stream.
    pub head_bytes: usize,
    /// Whether it is for a host of the vendor, at a port that the vendor has.
    pub is_vendors: bool,
}

/// Takes the request for a tunnel off the stream and answers it. What follows is for the host that was asked for.
///
/// # Errors
/// Also when the tunnel is refused.
pub(crate) async fn open(stream: &mut TcpStream) -> io::Result<()> {
    let mut begin = vec![0; TUNNEL_HEAD_BYTES_MAX];
    let asked = loop {
        let seen = stream.peek(&mut begin).await?;
        if let Some(asked) = TunnelRequest::parse(begin.get(..seen).unwrap_or_default())? {
            break asked;
        }
        // The socket stays readable, so wait by the clock.
        sleep(PEEK_RETRY).await;
    };
    begin.truncate(asked.head_bytes);
    stream.read_exact(&mut begin).await?;
    if asked.is_vendors {
        return stream.write_all(ESTABLISHED).await;
    }
    stream.write_all(REFUSED).await?;
    stream.shutdown().await?;
    Err(io::Error::other("a tunnel to another host was asked for"))
}

impl TunnelRequest {
    /// Reads the beginning of a stream; nothing as long as the head is not whole. Its fields are about the way to a proxy,
    /// which ends here.
    ///
    /// # Errors
    /// The head has more than [`TUNNEL_HEAD_BYTES_MAX`] bytes.
    pub fn parse(begin: &[u8]) -> io::Result<Option<Self>> {
        let end = begin
            .windows(HEAD_END.len())
            .position(|bytes| bytes == HEAD_END);
        let Some(end) = end else {
            return if begin.len() < TUNNEL_HEAD_BYTES_MAX {
                Ok(None)
            } else {
                Err(io::ErrorKind::InvalidData.into())
            };
        };
        let target = begin.strip_prefix(b"CONNECT ");
        let target = target.and_then(|target| target.split(|byte| *byte == b' ').next());
        let target = target.and_then(|target| Authority::try_from(target).ok());
        let is_vendors = target.is_some_and(|target| {
            vendor::has(target.host())
                && target.port_u16().is_some_and(|port| PORTS.contains(&port))
        });
        Ok(Some(Self {
            head_bytes: end + HEAD_END.len(),
            is_vendors,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_vendors(target: &str) -> bool {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        let asked =
            TunnelRequest::parse(format!("{head}\x16\x03").as_bytes()).expect("well-formed");
        let asked = asked.expect("whole");
        assert_eq!(asked.head_bytes, head.len());
        asked.is_vendors
    }

    #[test]
    fn only_the_vendors_hosts_at_their_ports_are_tunnelled_to() {
        assert!(is_vendors("login.salesforce.com:443"));
        assert!(is_vendors("api.pubsub.salesforce.com:7443"));
        for other in [
            "login.salesforce.com",
            "login.salesforce.com:22",
            "example.com:443",
            "127.0.0.1:443",
            "/services",
            "",
        ] {
            assert!(!is_vendors(other), "{other}");
        }
    }

    #[test]
    fn only_the_method_connect_asks_for_a_tunnel() {
        for method in ["", "GET", "connect", " CONNECT"] {
            let head = format!("{method} login.salesforce.com:443 HTTP/1.1\r\n\r\n");
            let asked = TunnelRequest::parse(head.as_bytes()).expect("well-formed");
            assert!(!asked.expect("whole").is_vendors, "{method}");
        }
    }

    #[test]
    fn a_head_is_waited_for_up_to_its_limit() {
        assert_eq!(
            TunnelRequest::parse(b"CONNECT login.sales").expect("well-formed"),
            None
        );
        let mut long = b"CONNECT a:443 HTTP/1.1\r\nX: ".to_vec();
        long.resize(TUNNEL_HEAD_BYTES_MAX, b'x');
        assert!(TunnelRequest::parse(&long).is_err());
    }
}
