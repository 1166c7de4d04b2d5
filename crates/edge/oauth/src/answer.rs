//! Answers of the token endpoints, in the form that the client asks for.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use landfall_auth::{Error, report};
use landfall_model::limits::JSONP_CALLBACK_CHARACTERS_MAX;
use landfall_model::{Fault, Refused, ServiceFault};
use landfall_wire::headers::JSON;
use serde::Serialize;
use tracing::debug;

use crate::xml::{self, escaped};

/// Keeps tokens out of caches. Source: RFC 6749, 5.1.
pub(crate) const NOT_STORED: [(HeaderName, HeaderValue); 2] = [
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    ),
    (header::PRAGMA, HeaderValue::from_static("no-cache")),
];

/// The media type of a call of a page's function.
pub(crate) const SCRIPT: &str = "application/javascript;charset=UTF-8";

const FORM: &str = "application/x-www-form-urlencoded";

/// How an answer is written.
///
/// Source: "OAuth 2.0 Web Server Flow" (Salesforce Help): `format`, or else the `Accept` header; JSON by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
    Form,
}

impl Format {
    /// What the request asks for. Of `Accept`, the first choice counts.
    pub(crate) fn of(parameter: Option<&str>, headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT);
        let accept = accept.and_then(|value| value.to_str().ok());
        let first = accept.and_then(|accept| accept.split([',', ';']).next());
        match (parameter, first.map(str::trim)) {
            (Some("xml"), _) | (None, Some("application/xml")) => Self::Xml,
            (Some("urlencoded"), _) | (None, Some(FORM)) => Self::Form,
            _ => Self::Json,
        }
    }

    /// The media type of answers in it.
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Xml => "application/xml;charset=UTF-8",
            Self::Form => FORM,
        }
    }

    fn render(self, members: &[(&str, &str)]) -> String {
        match self {
            Self::Json => json(members),
            Self::Xml => in_xml(members),
            Self::Form => form_urlencoded::Serializer::new(String::new())
                .extend_pairs(members)
                .finish(),
        }
    }
}

fn json(members: &[(&str, &str)]) -> String {
    let mut body = String::from("{");
    for (place, (name, value)) in members.iter().enumerate() {
        if place > 0 {
            body.push(',');
        }
        landfall_wire::write_json_string(&mut body, name);
        body.push(':');
        landfall_wire::write_json_string(&mut body, value);
    }
    body.push('}');
    body
}

fn in_xml(members: &[(&str, &str)]) -> String {
    let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth>");
    for (name, value) in members {
        body.extend(["<", name, ">", &escaped(value), "</", name, ">"]);
    }
    body.push_str("</OAuth>");
    body
}

/// Names and texts, in the order in which they are given.
pub(crate) fn members(status: StatusCode, format: Format, members: &[(&str, &str)]) -> Response {
    let media_type = [(header::CONTENT_TYPE, format.media_type())];
    (status, NOT_STORED, media_type, format.render(members)).into_response()
}

/// A refusal by its spelling for this surface.
pub(crate) fn refusal(fault: &Fault, format: Format) -> Response {
    refusal_with(fault, format, None)
}

/// A refusal whose status is another than the fault has elsewhere.
pub(crate) fn refusal_with(fault: &Fault, format: Format, status: Option<StatusCode>) -> Response {
    let wire = landfall_wire::oauth(fault);
    debug!(
        error = wire.error,
        error_description = wire.description,
        "refused"
    );
    let status = status
        .or_else(|| StatusCode::from_u16(wire.status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let description = wire.description.as_str();
    let texts = [("error", wire.error), ("error_description", description)];
    let mut response = members(status, format, &texts);
    response.extensions_mut().insert(Refused::from(fault));
    response
}

/// A JSON document.
pub(crate) fn document(content: &impl Serialize) -> Response {
    rendered(serde_json::to_string(content), JSON)
}

/// A document whose root, in XML, has a name of its own.
pub(crate) fn xml_document(root: &str, content: &impl Serialize) -> Response {
    rendered(xml::document(root, content), Format::Xml.media_type())
}

/// A JSON document as the argument of a call, for pages of other origins; as it is if the name is none of a function.
pub(crate) fn script_document(function: &str, content: &impl Serialize) -> Response {
    if !is_function_name(function) {
        return document(content);
    }
    let call = serde_json::to_string(content).map(|json| format!("{function}({json});"));
    rendered(call, SCRIPT)
}

fn rendered(body: serde_json::Result<String>, media_type: &'static str) -> Response {
    match body {
        Ok(body) => (NOT_STORED, [(header::CONTENT_TYPE, media_type)], body).into_response(),
        Err(error) => refusal(
            &report(
                &error,
                Fault::Service(ServiceFault::Internal { error_id: 0 }),
            ),
            Format::Json,
        ),
    }
}

/// Whether a text can only name a function: dots between words, nothing that could be code.
pub(crate) fn is_function_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte);
    !name.is_empty() && name.len() <= JSONP_CALLBACK_CHARACTERS_MAX && name.bytes().all(word)
}

/// A plain text.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response {
    (status, NOT_STORED, text).into_response()
}

/// The fault that a client gets.
pub(crate) fn fault_of(error: Error, endpoint: &'static str) -> Fault {
    let fault = error.fault();
    if let Fault::Service(ServiceFault::Internal { error_id }) = &fault {
        debug!(error_id, endpoint, "request about logins failed");
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_escapes_what_it_must() {
        let members = [("a", "1<2&\"3\""), ("b", "x y")];
        assert_eq!(
            Format::Json.render(&members),
            r#"{"a":"1<2&\"3\"","b":"x y"}"#
        );
        assert_eq!(Format::Form.render(&members), "a=1%3C2%26%223%22&b=x+y");
        assert!(
            Format::Xml
                .render(&members)
                .ends_with("<OAuth><a>1&lt;2&amp;\"3\"</a><b>x y</b></OAuth>")
        );
    }

    #[test]
    fn a_callback_is_a_name_and_nothing_else() {
        assert!(is_function_name("jQuery123.done_$"));
        assert!(!is_function_name("alert(1)//"));
        assert!(!is_function_name(""));
        assert!(!is_function_name(&"a".repeat(129)));
    }

    #[test]
    fn the_format_is_asked_for_by_parameter_or_by_the_first_choice_of_accept() {
        let mut headers = HeaderMap::new();
        assert_eq!(Format::of(None, &headers), Format::Json);
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("application/xml;q=1, */*"),
        );
        assert_eq!(Format::of(None, &headers), Format::Xml);
        assert_eq!(Format::of(Some("json"), &headers), Format::Json);
        assert_eq!(Format::of(Some("urlencoded"), &headers), Format::Form);
        headers.insert(
            header::ACCEPT,
            HeaderValue::from_static("text/html,application/xml"),
        );
        assert_eq!(Format::of(None, &headers), Format::Json);
    }
}
