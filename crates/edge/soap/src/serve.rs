//! HTTP: paths, methods and headers of the two endpoints.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, header};
use landfall_auth::{Source, Visit};
use landfall_envelope::Envelope;
use landfall_http::body::open_envelope;
use landfall_model::limits::{REST_REQUESTS_DAILY_DEVELOPER, SOAP_BODY_BYTES_MAX};
use landfall_model::{Fault, RequestFault, SoapFault};
use landfall_wire::versions;

use crate::SoapState;
use crate::answer::{self, Dialect, Results};
use crate::call::{Call, Endpoint, token};
use crate::{operation, session};

/// A header that every request has, and nobody reads.
///
/// Source: "Simple Object Access Protocol (SOAP) 1.1", 6.1.1; the service insists on it.
const ACTION: &str = "soapaction";

/// Answers a request for the Partner API.
pub(crate) async fn partner(State(state): State<Arc<SoapState>>, request: Request) -> Response {
    serve(&state, request, Dialect::Partner).await
}

/// Answers a request for the Enterprise API.
pub(crate) async fn enterprise(State(state): State<Arc<SoapState>>, request: Request) -> Response {
    serve(&state, request, Dialect::Enterprise).await
}

async fn serve(state: &SoapState, request: Request, dialect: Dialect) -> Response {
    if request.method() != Method::POST {
        let allow = [(header::ALLOW, "POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "Only POST allowed").into_response();
    }
    let (parts, body) = request.into_parts();
    let envelope = match read(state, &parts.headers, body).await {
        Ok(envelope) => envelope,
        Err(fault) => return answer::failure(dialect, &fault),
    };
    match answered(state, &parts, &envelope, dialect).await {
        Ok(results) => answer::success(dialect, &envelope.operation.name, results),
        Err(fault) => answer::failure(dialect, &fault),
    }
}

/// Reads an envelope: of one that is long, no more than the beginning before the caller is known.
async fn read(
    state: &SoapState,
    headers: &HeaderMap,
    body: axum::body::Body,
) -> Result<Envelope, Fault> {
    if !headers.contains_key(ACTION) {
        return Err(Fault::Soap(SoapFault::ActionMissing));
    }
    let opened = open_envelope(headers, body).await?;
    if !opened.is_whole() {
        let beginning = Envelope::beginning(opened.beginning());
        let beginning = beginning.ok_or(Fault::Request(RequestFault::TooLarge))?;
        if beginning.operation.name == session::LOGIN {
            return Err(Fault::Request(RequestFault::TooLarge));
        }
        state.auth.session_login(token(&beginning)?)?;
    }
    let body = opened.read(headers, SOAP_BODY_BYTES_MAX).await?;
    Ok(Envelope::parse(&body)?)
}

async fn answered(
    state: &SoapState,
    parts: &Parts,
    envelope: &Envelope,
    dialect: Dialect,
) -> Result<Results, Fault> {
    let version = version(parts.uri.path()).and_then(versions::parse_soap);
    let endpoint = Endpoint {
        dialect,
        version: version.ok_or(Fault::Soap(SoapFault::VersionInvalid))?,
        base_url: (state.base_url)(parts),
    };
    if envelope.operation.name == session::LOGIN {
        let source = parts.extensions.get::<Source>().copied();
        let source = source.unwrap_or(Source::UNKNOWN);
        let visit = || visit(parts, envelope);
        let granted = session::login(state, &endpoint, envelope, source, visit);
        return Ok(Results {
            xml: granted.await?,
            requests: None,
            refused: Vec::new(),
        });
    }
    let call = Call::of(state, &endpoint, envelope)?;
    call.login.identify(parts.extensions.get());
    let requests = counted(state)?;
    Ok(Results {
        xml: operation::perform(&call).await?,
        requests: Some(requests),
        refused: call.reported(),
    })
}

/// Counts a call; returns how many there were today, and how many there may be: without a limit, that of a Developer
/// Edition org.
fn counted(state: &SoapState) -> Result<(u64, u64), Fault> {
    let usage = state.engine.usage();
    let (used, verdict) = usage.request();
    verdict?;
    let most = usage.allocations().requests_daily;
    Ok((used, most.unwrap_or(REST_REQUESTS_DAILY_DEVELOPER)))
}

/// The version in `/services/Soap/u/59.0/…`; what follows is the org's id, or nothing.
fn version(path: &str) -> Option<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).nth(3)
}

/// The client that logs in, as far as the request names it.
///
/// Source: "`LoginEventStream`" (Platform Events Developer Guide), `Application`: `N/A` for a client without a name.
fn visit(parts: &Parts, envelope: &Envelope) -> Visit {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let host = parts.uri.authority().map(Authority::host);
    let client = envelope.option("CallOptions", "client");
    Visit {
        source_ip: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip()),
        host: host.unwrap_or_default().to_owned(),
        client_id: client.unwrap_or("N/A").to_owned(),
    }
}
