//! The envelope of an answer.
//!
//! Clients: jsforce finds the root by `:Envelope` and the body by `:Body`, takes the first key of the body, so neither has
//! attributes of its own there, and reads `result` without a prefix; simple-salesforce looks for `sf:exceptionCode` and
//! `sf:exceptionMessage` by exactly these names.
//! Source: "Error Handling" (SOAP API Developer Guide).

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use landfall_model::{Fault, Refused};
use landfall_wire::{SoapError, SoapFaultKind};
use landfall_xml::Writer;

/// Media type of every answer.
const XML: &str = "text/xml; charset=UTF-8";

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"";
const INSTANCE: &str = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

/// Which of the two APIs a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `/services/Soap/u`: a record names its object in an element of its own.
    Partner,
    /// `/services/Soap/c`: the object is the type of the record's element.
    Enterprise,
}

impl Dialect {
    /// The namespace of calls and results.
    pub(crate) const fn namespace(self) -> &'static str {
        match self {
            Self::Partner => "urn:partner.soap.sforce.com",
            Self::Enterprise => "urn:enterprise.soap.sforce.com",
        }
    }

    /// The segment of the path.
    pub(crate) const fn segment(self) -> &'static str {
        match self {
            Self::Partner => "u",
            Self::Enterprise => "c",
        }
    }

    /// The namespace of records.
    const fn records(self) -> &'static str {
        match self {
            Self::Partner => "urn:sobject.partner.soap.sforce.com",
            Self::Enterprise => "urn:sobject.enterprise.soap.sforce.com",
        }
    }

    const fn faults(self) -> &'static str {
        match self {
            Self::Partner => "urn:fault.partner.soap.sforce.com",
            Self::Enterprise => "urn:fault.enterprise.soap.sforce.com",
        }
    }
}

/// What a call comes to.
pub(crate) struct Results {
    /// The elements within `…Response`.
    pub(crate) xml: String,
    /// How many requests there were today, and how many there may be; none for a login.
    pub(crate) requests: Option<(u64, u64)>,
    /// Why records were refused.
    pub(crate) refused: Vec<Fault>,
}

/// Answers a call with its results.
pub(crate) fn success(dialect: Dialect, operation: &str, results: Results) -> Response {
    let (namespace, records) = (dialect.namespace(), dialect.records());
    let mut w = Writer::new();
    w.raw(HEAD);
    w.raw(&format!(
        " xmlns=\"{namespace}\" xmlns:sf=\"{records}\"{INSTANCE}>"
    ));
    if let Some(requests) = results.requests {
        w.element("soapenv:Header", |w| write_limit(w, requests));
    }
    w.element("soapenv:Body", |w| {
        w.element(&format!("{operation}Response"), |w| w.raw(&results.xml));
    });
    w.raw("</soapenv:Envelope>");
    let mut response = xml(StatusCode::OK, w.finish());
    if !results.refused.is_empty() {
        response.extensions_mut().insert(Refused(results.refused));
    }
    response
}

/// Source: `LimitInfoHeader` (SOAP API Developer Guide).
fn write_limit(w: &mut Writer, (used, most): (u64, u64)) {
    w.element("LimitInfoHeader", |w| {
        w.element("limitInfo", |w| {
            w.text("current", &used.to_string());
            w.text("limit", &most.to_string());
            w.text("type", "API REQUESTS");
        });
    });
}

/// Answers with a fault.
pub(crate) fn failure(dialect: Dialect, fault: &Fault) -> Response {
    let error = landfall_wire::soap(fault);
    let mut w = Writer::new();
    w.raw(HEAD);
    w.raw(&format!(" xmlns:sf=\"{}\"{INSTANCE}>", dialect.faults()));
    w.element("soapenv:Body", |w| {
        w.element("soapenv:Fault", |w| {
            let (code, text) = error.fault();
            w.text("faultcode", &code);
            w.text("faultstring", &text);
            if let Some(element) = error.kind.element() {
                w.element("detail", |w| detail(w, element, &error));
            }
        });
    });
    w.raw("</soapenv:Envelope>");
    let mut response = xml(StatusCode::INTERNAL_SERVER_ERROR, w.finish());
    response.extensions_mut().insert(Refused::from(fault));
    response
}

fn detail(w: &mut Writer, element: &str, error: &SoapError) {
    let name = format!("sf:{element}");
    w.typed(&name, &format!("xsi:type=\"{name}\""), |w| {
        w.text("sf:exceptionCode", error.code);
        w.text("sf:exceptionMessage", &error.message);
        if SoapFaultKind::has_place(error.kind) {
            // Source: recorded answers have -1 where there is no place.
            let (row, column) = error.place().map_or((-1, -1), |(row, column)| {
                (i64::from(row), i64::from(column))
            });
            w.text("sf:row", &row.to_string());
            w.text("sf:column", &column.to_string());
        }
    });
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, XML)], body).into_response()
}
