//! From an answer to an HTTP response: headers that every answer has, indentation, compression.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, LAST_MODIFIED,
    LOCATION, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use landfall_model::{Fault, Refused, RequestFault, limits};
use landfall_wire::{RestError, dates, headers as names};

use crate::conditional::State;
use crate::encoding;
use crate::pretty::pretty;
use crate::xml::{self, Root};

/// Headers of an answer that has a body, besides its own and those that the server adds.
const HEADERS_USUAL: usize = 6;

/// What a resource answers.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    /// JSON, or empty for no body.
    body: String,
    /// Whether something in it has failed although the answer as a whole has not.
    has_failures: bool,
    /// What it is in, as XML.
    root: Option<Root>,
    /// Whether it is sent as XML.
    in_xml: bool,
    /// What it refuses, or what is refused in it.
    refused: Option<Box<Refused>>,
    /// Bytes in place of the body, as they are stored.
    file: Option<Vec<u8>>,
}

impl Answer {
    /// 200 with a body.
    pub fn json(body: String) -> Self {
        Self::of(StatusCode::OK, body)
    }

    /// 200 with the bytes of a file.
    ///
    /// Source: "Get Blob Data" (REST API Developer Guide), the sample's `Content-Type`.
    pub fn file(bytes: Vec<u8>) -> Self {
        let mut answer = Self::of(StatusCode::OK, String::new());
        answer.file = Some(bytes);
        answer.with(CONTENT_TYPE, "application/octetstream".to_owned())
    }

    /// Whether its body is the bytes of a file.
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// 201 with a body and the address of what was made.
    pub fn created(location: String, body: String) -> Self {
        Self::of(StatusCode::CREATED, body).with(LOCATION, location)
    }

    /// 201 with a body, for what has no address.
    pub fn enqueued(body: String) -> Self {
        Self::of(StatusCode::CREATED, body)
    }

    /// The same, telling that something in it has failed.
    #[must_use]
    pub fn with_failures(mut self) -> Self {
        self.has_failures = true;
        self
    }

    /// Whether what was asked for was not done, or not all of it.
    pub fn has_failed(&self) -> bool {
        self.has_failures || self.status == StatusCode::MULTIPLE_CHOICES || self.is_error()
    }

    /// JSON, or empty for no body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// What it is made of: status, headers, and JSON or nothing.
    pub fn into_parts(self) -> (StatusCode, Vec<(HeaderName, String)>, String) {
        (self.status, self.headers, self.body)
    }

    /// 400 with a body of its own.
    pub fn malformed(body: String) -> Self {
        Self::of(StatusCode::BAD_REQUEST, body)
    }

    /// Whether the status is of an error.
    pub fn is_error(&self) -> bool {
        self.status.is_client_error() || self.status.is_server_error()
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::of(StatusCode::NO_CONTENT, String::new())
    }

    /// 300 with the addresses to choose from.
    pub fn choices(body: String) -> Self {
        Self::of(StatusCode::MULTIPLE_CHOICES, body)
    }

    /// 304.
    pub fn not_modified() -> Self {
        Self::of(StatusCode::NOT_MODIFIED, String::new())
    }

    /// The refusal of a request.
    pub fn refusal(fault: &Fault) -> Self {
        let error: RestError = landfall_wire::rest(fault);
        let status =
            StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = Self::of(status, landfall_wire::rest_body(fault));
        answer.refused = Some(Box::new(Refused::from(fault)));
        match fault {
            Fault::Request(RequestFault::MethodNotAllowed { allowed, .. }) => {
                answer.with(ALLOW, (*allowed).to_owned())
            }
            _ if status == StatusCode::UNAUTHORIZED => {
                answer.with(WWW_AUTHENTICATE, names::AUTHENTICATE_TOKEN.to_owned())
            }
            _ => answer,
        }
    }

    fn of(status: StatusCode, body: String) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            has_failures: false,
            root: None,
            in_xml: false,
            refused: None,
            file: None,
        }
    }

    /// The same, with faults that its body reports: for observers of answers on their way out.
    #[must_use]
    pub fn reporting(mut self, faults: Vec<Fault>) -> Self {
        if !faults.is_empty() {
            let refused = self
                .refused
                .get_or_insert_with(|| Box::new(Refused(Vec::new())));
            let free = limits::REPORTED_FAULTS_MAX.saturating_sub(refused.0.len());
            refused.0.extend(faults.into_iter().take(free));
        }
        self
    }

    /// The faults that it consists of, or of which its body informs.
    pub fn reported(&self) -> &[Fault] {
        self.refused.as_ref().map_or(&[], |refused| &refused.0)
    }

    /// The same, in this element if it is sent as XML.
    #[must_use]
    pub fn rooted(mut self, root: Root) -> Self {
        self.root = Some(root);
        self
    }

    /// The same, sent as XML if it is `wanted`.
    #[must_use]
    pub const fn in_xml(mut self, wanted: bool) -> Self {
        self.in_xml |= wanted;
        self
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same with what identifies the state that it shows.
    #[must_use]
    pub fn stamped(mut self, state: &State) -> Self {
        if let Some(etag) = &state.etag {
            self = self.with(ETAG, etag.clone());
        }
        match state.modified.map(dates::render_http_date) {
            Some(date) => self.with(LAST_MODIFIED, date),
            None => self,
        }
    }

    /// The response to a request of this method with these headers.
    pub fn into_response(self, method: &Method, request: &HeaderMap) -> Response {
        let is_xml = self.in_xml && !self.body.is_empty();
        let body = if is_xml {
            xml::of_answer(&self.body, self.root.as_ref(), self.is_error())
        } else if request.contains_key(names::PRETTY_PRINT) {
            pretty(&self.body)
        } else {
            self.body
        };
        let body = self.file.unwrap_or_else(|| body.into_bytes());
        let packed = encoding::packed(request, &body);
        let is_packed = packed.is_some();
        let body = packed.unwrap_or(body);
        let length = body.len();
        let content = if method == Method::HEAD {
            Body::empty()
        } else {
            Body::from(body)
        };
        let mut response = Response::new(content);
        *response.status_mut() = self.status;
        if let Some(refused) = self.refused {
            response.extensions_mut().insert(*refused);
        }
        let headers = response.headers_mut();
        headers.reserve(HEADERS_USUAL + self.headers.len());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(names::NO_STORE));
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if length > 0 {
            let media_type = if is_xml { names::XML } else { names::JSON };
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if is_packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lists_the_allowed_methods() {
        let fault = Fault::Request(RequestFault::MethodNotAllowed {
            method: "PUT".to_owned(),
            allowed: "HEAD,GET",
        });
        let response = Answer::refusal(&fault).into_response(&Method::PUT, &HeaderMap::new());
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[ALLOW], "HEAD,GET");
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/json;charset=UTF-8"
        );
    }

    #[test]
    fn an_answer_to_head_has_the_headers_only() {
        let answer = Answer::json("{}".to_owned());
        let response = answer.into_response(&Method::HEAD, &HeaderMap::new());
        assert_eq!(response.headers()[CONTENT_LENGTH], "2");
        assert_eq!(
            axum::body::HttpBody::size_hint(response.body()).exact(),
            Some(0)
        );
    }

    #[test]
    fn a_failed_precondition_has_no_body_and_no_type() {
        let response = Answer::refusal(&Fault::Request(RequestFault::PreconditionFailed))
            .into_response(&Method::GET, &HeaderMap::new());
        assert_eq!(response.status(), 412);
        assert!(!response.headers().contains_key(CONTENT_TYPE));
    }
}
