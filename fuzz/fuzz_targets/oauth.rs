//! Requests for tokens: forms and multipart forms, Basic headers, scopes, assertions, the certificates that check them.

#![no_main]

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, header};
use landfall_auth::{Certificate, Claimed, ResponseType, Scopes};
use landfall_model::limits::{OAUTH_MULTIPART_FIELDS_MAX, SCOPES_MAX};
use landfall_oauth::{basic_client, fields};
use libfuzzer_sys::fuzz_target;

fn with(name: header::HeaderName, value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(name, value)])
}

fuzz_target!(|data: &[u8]| {
    forms(data);
    basic(data);
    assertion(data);
    let _ = Certificate::from_pem(data);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        BASE64_STANDARD.encode(data)
    );
    let _ = Certificate::from_pem(pem.as_bytes());
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let scopes = Scopes::parse(text);
    assert!(scopes.names().count() <= SCOPES_MAX);
    assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
    if let Ok(kind) = ResponseType::parse(text) {
        assert_eq!(ResponseType::parse(kind.as_str()), Ok(kind));
    }
});

fn forms(data: &[u8]) {
    let form = fields(&HeaderMap::new(), data);
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(&form);
    assert_eq!(fields(&HeaderMap::new(), written.finish().as_bytes()), form);
    let kind = HeaderValue::from_static("multipart/form-data; boundary=B");
    let several = fields(&with(header::CONTENT_TYPE, kind), data);
    assert!(several.len() <= OAUTH_MULTIPART_FIELDS_MAX);
    if let Ok(kind) = HeaderValue::from_bytes(data) {
        let _ = fields(&with(header::CONTENT_TYPE, kind), b"--B\r\n\r\n--B--");
    }
}

fn basic(data: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(data) {
        let _ = basic_client(&with(header::AUTHORIZATION, value));
    }
    let value = format!("Basic {}", BASE64_STANDARD.encode(data));
    let value = HeaderValue::try_from(value).expect("no character that a header cannot have");
    let read = basic_client(&with(header::AUTHORIZATION, value));
    let sent = std::str::from_utf8(data)
        .ok()
        .and_then(|text| text.split_once(':'));
    let sent = sent.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
    assert_eq!(read, sent);
}

/// Header, claims and signature in lines; padded or not, it names the same.
fn assertion(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Claimed::parse(text);
    }
    let encoded = |engine: &dyn Fn(&[u8]) -> String| {
        let parts: Vec<String> = data.split(|byte| *byte == b'\n').map(engine).collect();
        parts.join(".")
    };
    let bare = encoded(&|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let padded = encoded(&|part| BASE64_URL_SAFE.encode(part));
    assert_eq!(Claimed::parse(&bare), Claimed::parse(&padded));
}
