//! A server that refuses connections for a while, as one that is restarted does.
//!
//! The address stays taken meanwhile, so that nothing else gets it, but nobody listens on it: the operating system refuses
//! connections to it.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use tracing::info;

use crate::connections::Connections;
use crate::listener::pauses::ACCEPT_RETRY;

/// How many connections may wait to be accepted, as with any other listener.
const BACKLOG: u32 = 1024;

/// Waits until connections are to be refused; until when they are.
pub(crate) async fn asked_for(refused_until: &mut watch::Receiver<Option<Instant>>) -> Instant {
    loop {
        if refused_until.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if let Some(until) = *refused_until.borrow_and_update() {
            return until;
        }
    }
}

/// Refuses connections to an address that nobody listens on any more, until a point in time.
pub(crate) async fn refuse(
    address: SocketAddr,
    until: Instant,
    connections: &Connections,
) -> TcpListener {
    info!(%address, "connections are refused for a while: a fault has fired");
    loop {
        match taken(address) {
            Ok(socket) => {
                sleep_until(until.into()).await;
                match socket.listen(BACKLOG) {
                    Ok(listener) => return listener,
                    Err(error) => connections.failed(&error),
                }
            }
            Err(error) => connections.failed(&error),
        }
        sleep(ACCEPT_RETRY).await;
    }
}

/// Takes an address without listening on it.
fn taken(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}
