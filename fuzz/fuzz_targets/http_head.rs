//! What a connection begins with, and what the head of a request decides: polls, tunnels, hosts and origins, credentials,
//! cookies, conditions, paths, packed bodies.

#![no_main]

use bytes::BytesMut;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue};
use landfall_auth::{bearer, streaming_token};
use landfall_http::{body, conditional, path};
use landfall_metadata::is_loopback;
use landfall_model::Timestamp;
use landfall_model::limits::{STREAMING_BODY_BYTES_MAX, TUNNEL_HEAD_BYTES_MAX};
use landfall_server::{Cors, Hosts, Parsed, TunnelRequest, parse_poll};
use landfall_streaming::RequestHead;
use libfuzzer_sys::fuzz_target;

/// Headers of a request that are looked at here.
const HEADERS: usize = 64;

/// Bytes of a body that are unpacked here.
const UNPACKED_BYTES: usize = 16 * 1024;

fuzz_target!(|data: &[u8]| {
    poll(data);
    if let Ok(Some(request)) = TunnelRequest::parse(data) {
        assert!(data[..request.head_bytes].ends_with(b"\r\n\r\n"));
        assert!(!request.is_vendors || data.starts_with(b"CONNECT "));
    } else {
        assert!(data.len() >= TUNNEL_HEAD_BYTES_MAX || !contains(data, b"\r\n\r\n"));
    }
    let mut lines = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut lines);
    let Ok(httparse::Status::Complete(end)) = request.parse(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    for line in request.headers.iter() {
        let name = HeaderName::from_bytes(line.name.as_bytes());
        let value = HeaderValue::from_bytes(line.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    target(request.path.unwrap_or_default(), &headers);
    decided(&headers);
    if let Ok(unpacked) = body::beginning(&headers, &data[end..], UNPACKED_BYTES) {
        assert!(unpacked.len() <= UNPACKED_BYTES);
    }
});

fn contains(data: &[u8], mark: &[u8]) -> bool {
    data.windows(mark.len()).any(|window| window == mark)
}

/// A head is taken off whole or not touched, and the next one like it is known by its pattern.
fn poll(data: &[u8]) {
    let mut read = BytesMut::from(data);
    let Parsed::Poll(head) = parse_poll(&mut read) else {
        assert_eq!(&*read, data);
        return;
    };
    assert!(head.body_bytes <= STREAMING_BODY_BYTES_MAX);
    assert!(data.ends_with(&read) && data[..data.len() - read.len()].ends_with(b"\n"));
    let mut next = BytesMut::from(data);
    assert_eq!(head.pattern.take(&mut next), Some(head.body_bytes));
    assert_eq!(next, read);
    let taken = &data[..data.len() - read.len()];
    for end in 0..taken.len() {
        let mut cut = BytesMut::from(&taken[..end]);
        assert_eq!(head.pattern.take(&mut cut), None);
        assert!(!matches!(parse_poll(&mut cut), Parsed::Poll(_)));
    }
}

fn target(target: &str, headers: &HeaderMap) {
    let (raw, query) = target.split_once('?').unwrap_or((target, ""));
    let segments = path::segments(raw);
    assert!(segments.len() <= raw.matches('/').count() + 1);
    let parameters = path::parameters(query);
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(&parameters);
    assert_eq!(path::parameters(&written.finish()), parameters);
    if let Some(normal) = landfall_wire::normalize_path(raw) {
        assert_eq!(landfall_wire::normalize_path(&normal), None);
    }
    let _ = RequestHead::new(raw, headers, true, None);
}

fn decided(headers: &HeaderMap) {
    let text = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if let Ok(token) = bearer(text) {
        assert_eq!(streaming_token(text), Ok(token));
    }
    let _ = landfall_oauth::basic_client(headers);
    let state = conditional::State {
        etag: Some("\"00\"".to_owned()),
        modified: Some(Timestamp::from_millis(1_700_000_000_000)),
    };
    if conditional::of_write(headers, &state).is_err() {
        assert!(conditional::any(headers));
    }
    let _ = conditional::of_read(headers, &state);
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    if let Some(Ok(authority)) = host.map(Authority::try_from) {
        hosts(&authority, headers);
    }
}

/// Only loopback names are answered, and only to pages of this machine.
fn hosts(authority: &Authority, headers: &HeaderMap) {
    let hosts = Hosts::Local {
        extra: Vec::new(),
        as_salesforce: false,
    };
    if !hosts.allow(authority, headers, (&Cors::default(), &|_| false)) {
        return;
    }
    assert!(is_local(authority));
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    if let Some(("http" | "https", page)) = origin.and_then(|origin| origin.split_once("://")) {
        assert!(is_local(&page.parse().expect("an authority")));
    }
}

fn is_local(authority: &Authority) -> bool {
    is_loopback(authority.host().trim_matches(['[', ']']))
}
