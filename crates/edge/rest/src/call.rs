//! One request: who calls, what for, with what.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use landfall_auth::Login;
use landfall_engine::Definitions;
use landfall_model::limits::REST_BODY_BYTES_MAX;
use landfall_model::{Catalog, Fault};
use landfall_wire::{ApiVersion, headers as names};

use crate::encoding;
use crate::scope::Scope;
use crate::xml;

/// A request of a logged-in client for a resource.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) version: ApiVersion,
    pub(crate) login: Arc<Login>,
    /// What the org consists of as the caller sees it, for the whole request.
    pub(crate) definitions: Arc<Definitions>,
    /// After `_HttpMethod`.
    pub(crate) method: Method,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    /// Scheme and authority as the client sees them.
    pub(crate) base_url: String,
    /// Where records are read and changed.
    pub(crate) scope: Scope,
}

impl Call {
    /// The objects of the org.
    pub(crate) fn catalog(&self) -> &Catalog {
        self.definitions.catalog()
    }

    /// A query parameter; the first of its name counts.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Where changes that this call makes come from.
    ///
    /// Clients: some compare the whole text to tell their own changes, so nothing is added to it.
    /// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide), `changeOrigin`.
    pub(crate) fn origin(&self) -> String {
        let origin = format!("com/salesforce/api/rest/{}", self.version);
        let options = self.headers.get(names::CALL_OPTIONS);
        let options = options.and_then(|value| value.to_str().ok());
        match options.and_then(names::client_name) {
            Some(client) => format!("{origin};client={client}"),
            None => origin,
        }
    }
}

/// The method that a request means: POST with `_HttpMethod` stands for another one.
///
/// Source: "Update a Record" (REST API Developer Guide), for clients that cannot send PATCH.
pub(crate) fn meant_method(method: &Method, parameters: &[(String, String)]) -> Method {
    let given = parameters
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("_HttpMethod"));
    match given {
        Some((_, meant)) if method == Method::POST => {
            Method::from_bytes(meant.to_ascii_uppercase().as_bytes()).unwrap_or(Method::POST)
        }
        _ => method.clone(),
    }
}

/// Reads a body of JSON, or of a record in XML as JSON: bounded, unpacked, of a media type that is read here.
///
/// # Errors
/// [`Fault::MediaTypeUnsupported`], [`Fault::RequestTooLarge`], [`Fault::BodyMissing`], [`Fault::JsonInvalid`], [`Fault::XmlInvalid`].
pub(crate) async fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced == Some(0) {
        return Err(Fault::BodyMissing);
    }
    check_media_type(headers)?;
    if announced.is_some_and(|length| length > REST_BODY_BYTES_MAX) {
        return Err(Fault::RequestTooLarge);
    }
    let body = to_bytes(body, REST_BODY_BYTES_MAX).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        if is_too_long(source) {
            Fault::RequestTooLarge
        } else {
            Fault::JsonInvalid {
                reason: "The HTTP entity body ended early".to_owned(),
                line: 1,
                column: 1,
            }
        }
    })?;
    if body.is_empty() {
        return Err(Fault::BodyMissing);
    }
    let body = encoding::unpacked(headers, body)?;
    if is_of(headers, XML) {
        return xml::record(&body).map(Bytes::from);
    }
    Ok(body)
}

/// Media type of records in XML.
const XML: &str = "application/xml";

/// Whether a body is of a media type.
fn is_of(headers: &HeaderMap, media_type: &str) -> bool {
    let given = headers.get(CONTENT_TYPE);
    let given = given.map(|value| String::from_utf8_lossy(value.as_bytes()));
    given.is_some_and(|given| {
        let given = given.split(';').next().unwrap_or_default();
        given.trim().eq_ignore_ascii_case(media_type)
    })
}

fn is_too_long(error: Option<&(dyn std::error::Error + 'static)>) -> bool {
    matches!(error, Some(error) if error.is::<http_body_util::LengthLimitError>())
}

/// A body without a type is taken for JSON: some clients send none.
fn check_media_type(headers: &HeaderMap) -> Result<(), Fault> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let media_type = value.split(';').next().unwrap_or_default().trim();
    let known = ["", "application/json", XML];
    if known
        .iter()
        .any(|known| media_type.eq_ignore_ascii_case(known))
    {
        Ok(())
    } else {
        Err(Fault::MediaTypeUnsupported {
            media_type: value.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Vec<(String, String)> {
        crate::resource::parameters(query)
    }

    #[test]
    fn only_a_post_stands_for_another_method() {
        for (method, query, meant) in [
            (Method::POST, "_HttpMethod=PATCH", Method::PATCH),
            (Method::POST, "a=b&_httpmethod=delete", Method::DELETE),
            (Method::POST, "", Method::POST),
            (Method::POST, "_HttpMethod=%00", Method::POST),
            (Method::GET, "_HttpMethod=DELETE", Method::GET),
        ] {
            assert_eq!(meant_method(&method, &parameters(query)), meant, "{query}");
        }
    }

    #[test]
    fn only_json_and_xml_are_read() {
        let of = |value: &'static str| {
            HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(value))])
        };
        assert_eq!(check_media_type(&HeaderMap::new()), Ok(()));
        assert_eq!(
            check_media_type(&of("application/JSON; charset=UTF-8")),
            Ok(())
        );
        assert_eq!(
            check_media_type(&of("text/csv")),
            Err(Fault::MediaTypeUnsupported {
                media_type: "text/csv".to_owned()
            })
        );
    }
}
