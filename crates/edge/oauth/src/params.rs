//! The parameters of a request, wherever clients put them: form body, multipart body, query, Basic header.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::request::Parts;
use http::{HeaderMap, header};
use landfall_auth::Client;
use landfall_model::{Fault, LoginFault, RequestFault, limits};

use crate::multipart;

/// The parameters of a request. Some are secrets: there is no `Debug`.
pub(crate) struct Params {
    values: BTreeMap<String, String>,
    basic: Option<(String, String)>,
}

impl Params {
    /// Reads body, query and Basic header; of parameters with one name, the first in this order counts.
    ///
    /// Clients: the device login of old command lines sends multipart; curl users put parameters into the query of a
    /// POST; simple-salesforce shows client id and secret in the Basic header only.
    pub(crate) async fn read(request: Request) -> Result<(Parts, Self), Fault> {
        let (parts, body) = request.into_parts();
        let mut params = Self {
            values: BTreeMap::new(),
            basic: basic_client(&parts.headers),
        };
        params.take_body(&parts, body).await?;
        params.take_form(parts.uri.query().unwrap_or_default().as_bytes());
        Ok((parts, params))
    }

    async fn take_body(&mut self, parts: &Parts, body: Body) -> Result<(), Fault> {
        let body = to_bytes(body, limits::OAUTH_BODY_BYTES_MAX)
            .await
            .map_err(|_| Fault::Request(RequestFault::TooLarge))?;
        for (name, value) in fields(&parts.headers, &body) {
            self.take(name, value);
        }
        Ok(())
    }

    fn take_form(&mut self, form: &[u8]) {
        for (name, value) in form_urlencoded::parse(form) {
            self.take(name.into_owned(), value.into_owned());
        }
    }

    fn take(&mut self, name: String, value: String) {
        if self.values.len() < limits::OAUTH_PARAMETERS_MAX {
            self.values.entry(name).or_insert(value);
        }
    }

    /// A parameter that is there and not empty.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let value = self.values.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// A parameter that has to be there.
    pub(crate) fn need(&self, name: &'static str) -> Result<&str, Fault> {
        self.find(name)
            .ok_or(Fault::Login(LoginFault::ParameterMissing { name }))
    }

    /// Which app asks.
    pub(crate) fn client(&self) -> Result<Client<'_>, Fault> {
        match &self.basic {
            Some((id, secret)) => Ok(Client {
                id,
                secret: Some(secret),
            }),
            None => Ok(Client {
                id: self.need("client_id")?,
                secret: self.find("client_secret"),
            }),
        }
    }
}

/// The fields of a body: of a form, or of a multipart form.
pub fn fields(headers: &HeaderMap, body: &[u8]) -> Vec<(String, String)> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    match content_type.and_then(multipart::boundary) {
        Some(boundary) => multipart::fields(body, boundary),
        None => form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
    }
}

/// Consumer key and secret of a Basic header.
pub fn basic_client(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(request: http::request::Builder, body: &str) -> Result<Params, Fault> {
        let request = request
            .body(Body::from(body.to_owned()))
            .expect("a request");
        Ok(Params::read(request).await?.1)
    }

    #[tokio::test]
    async fn body_comes_before_query_and_empty_counts_as_absent() {
        let request = http::Request::post("/token?a=query&b=query&c=");
        let params = read(request, "a=body%21&d=1+2").await.expect("readable");
        assert_eq!(params.find("a"), Some("body!"));
        assert_eq!(params.find("b"), Some("query"));
        assert_eq!(params.find("d"), Some("1 2"));
        assert_eq!(
            params.need("c"),
            Err(Fault::Login(LoginFault::ParameterMissing { name: "c" }))
        );
    }

    #[tokio::test]
    async fn the_basic_header_names_the_client() {
        let request = http::Request::post("/token").header("authorization", "Basic aWQ6c2Vj");
        let params = read(request, "client_id=other").await.expect("readable");
        let client = params.client().expect("a client");
        assert_eq!((client.id, client.secret), ("id", Some("sec")));
    }

    #[tokio::test]
    async fn a_body_beyond_the_limit_is_refused() {
        let body = "x".repeat(limits::OAUTH_BODY_BYTES_MAX + 1);
        let refused = read(http::Request::post("/token"), &body).await;
        assert_eq!(refused.err(), Some(Fault::Request(RequestFault::TooLarge)));
    }
}
