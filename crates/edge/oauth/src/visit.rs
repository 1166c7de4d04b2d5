//! What a request contains about the client that logs in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use http::uri::Authority;
use landfall_auth::{Source, Visit};

/// The visit of an app. Behind a proxy it comes from there, as documented: "the IP address of the first proxy".
///
/// Source: "`LoginEventStream`" (Platform Events Developer Guide), `SourceIp`, `LoginUrl`.
pub(crate) fn of(parts: &Parts, client_id: &str) -> Visit {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let host = parts.uri.authority().map(Authority::host);
    Visit {
        source_ip: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()),
        host: host.unwrap_or_default().to_owned(),
        client_id: client_id.to_owned(),
    }
}

/// Where a login comes from: behind a trusted proxy, the client's own address.
pub(crate) fn source(parts: &Parts) -> Source {
    let source = parts.extensions.get::<Source>().copied();
    source.unwrap_or(Source::UNKNOWN)
}
