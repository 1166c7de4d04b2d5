//! The envelope of an answer.
//!
//! Source: recorded answers; the WSDL of the Metadata API.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use landfall_model::{Fault, Refused};
use landfall_xml::Writer;

/// The namespace of calls and results.
pub(crate) const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

const XML: &str = "text/xml; charset=UTF-8";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"";
const INSTANCE: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Answers a call with what its results consist of.
pub(crate) fn success(operation: &str, results: &str) -> Response {
    let mut w = Writer::new();
    w.raw(HEAD);
    w.raw(&format!(" xmlns=\"{NAMESPACE}\"{INSTANCE}>"));
    w.element("soapenv:Body", |w| {
        w.element(&format!("{operation}Response"), |w| w.raw(results));
    });
    w.raw("</soapenv:Envelope>");
    xml(StatusCode::OK, w.finish())
}

/// Answers with a fault, which has no details on this API.
pub(crate) fn failure(fault: &Fault) -> Response {
    let error = landfall_wire::soap(fault);
    let mut w = Writer::new();
    w.raw(HEAD);
    w.raw(&format!(" xmlns:sf=\"{NAMESPACE}\"{INSTANCE}>"));
    w.element("soapenv:Body", |w| {
        w.element("soapenv:Fault", |w| {
            let (code, text) = error.fault();
            w.text("faultcode", &code);
            w.text("faultstring", &text);
        });
    });
    w.raw("</soapenv:Envelope>");
    let mut response = xml(StatusCode::INTERNAL_SERVER_ERROR, w.finish());
    response.extensions_mut().insert(Refused::from(fault));
    response
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, XML)], body).into_response()
}
