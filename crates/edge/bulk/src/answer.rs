//! From an answer to an HTTP response.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use landfall_model::{Fault, Refused, RequestFault};
use landfall_wire::headers as names;

use crate::job::Form;

const CSV: HeaderValue = HeaderValue::from_static("text/csv");

/// JSON.
pub(crate) fn json(body: String) -> Response {
    with(
        StatusCode::OK,
        Some(HeaderValue::from_static(names::JSON)),
        body.into(),
    )
}

/// Lines of CSV.
pub(crate) fn csv(body: Body) -> Response {
    with(StatusCode::OK, Some(CSV), body)
}

/// What the API before 2.0 says about a job.
/// Clients: tap-salesforce compares the whole media type of JSON.
pub(crate) fn formed(status: StatusCode, form: Form, body: String) -> Response {
    with(status, Some(media_type(form.spoken())), body.into())
}

/// What a batch of the API before 2.0 has come to.
pub(crate) fn result(form: Form, body: Body) -> Response {
    with(StatusCode::OK, Some(media_type(form)), body)
}

const fn media_type(form: Form) -> HeaderValue {
    match form {
        Form::Csv => CSV,
        Form::Json => HeaderValue::from_static("application/json"),
        Form::Xml => HeaderValue::from_static("application/xml"),
    }
}

/// A status that says it all.
pub(crate) fn empty(status: StatusCode) -> Response {
    with(status, None, Body::empty())
}

/// The refusal of a request.
pub(crate) fn refusal(fault: &Fault) -> Response {
    let error = landfall_wire::rest(fault);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static(names::JSON);
    let mut response = with(status, Some(kind), error.to_string().into());
    response.extensions_mut().insert(Refused::from(fault));
    if let Fault::Request(RequestFault::MethodNotAllowed { allowed, .. }) = fault {
        let allowed = HeaderValue::from_static(allowed);
        response.headers_mut().insert(ALLOW, allowed);
    }
    if status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static(names::AUTHENTICATE_TOKEN);
        response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    }
    response
}

fn with(status: StatusCode, kind: Option<HeaderValue>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(names::NO_STORE));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(kind) = kind {
        headers.insert(CONTENT_TYPE, kind);
    }
    response
}
