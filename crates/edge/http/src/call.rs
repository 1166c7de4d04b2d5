//! One request: who calls, what for, with what.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use landfall_auth::Login;
use landfall_engine::Definitions;
use landfall_model::limits::REST_BODY_BYTES_MAX;
use landfall_model::{Catalog, Fault, RequestFault, ServiceFault};
use landfall_wire::{ApiVersion, headers as names};

use crate::body::{self, Unreadable};
use crate::space::Space;
use crate::xml;

/// A request of a logged-in client for a resource.
#[derive(Clone)]
pub struct Call {
    /// The version that the path names.
    pub version: ApiVersion,
    /// Who calls.
    pub login: Arc<Login>,
    /// What the org consists of as the caller sees it, for the whole request.
    pub definitions: Arc<Definitions>,
    /// After `_HttpMethod`.
    pub method: Method,
    /// Those of the query string, decoded.
    pub parameters: Vec<(String, String)>,
    /// Those of the request.
    pub headers: HeaderMap,
    /// Scheme and authority as the client sees them.
    pub base_url: String,
    /// Space for the answer.
    pub space: Space,
}

impl Call {
    /// The objects of the org.
    pub fn catalog(&self) -> &Catalog {
        self.definitions.catalog()
    }

    /// A query parameter; the first of its name counts.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Where changes that this call makes come from.
    ///
    /// Clients: some compare the whole text to tell their own changes, so nothing is added to it.
    /// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide), `changeOrigin`.
    pub fn origin(&self) -> String {
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
pub fn meant_method(method: &Method, parameters: &[(String, String)]) -> Method {
    let meant = parameters
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("_HttpMethod"));
    match meant {
        Some((_, meant)) if method == Method::POST => {
            Method::from_bytes(meant.to_ascii_uppercase().as_bytes()).unwrap_or(Method::POST)
        }
        _ => method.clone(),
    }
}

/// Reads a body of JSON, or of a record in XML as JSON: bounded, unpacked, of a media type that is read here.
///
/// # Errors
/// [`RequestFault::MediaTypeUnsupported`], [`RequestFault::TooLarge`], [`RequestFault::BodyMissing`],
/// [`RequestFault::JsonInvalid`], [`RequestFault::XmlInvalid`], [`ServiceFault::Busy`].
pub async fn json_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Fault> {
    json_body_up_to(headers, body, REST_BODY_BYTES_MAX).await
}

/// The same of at most so many bytes.
///
/// # Errors
/// Those of [`json_body`].
pub async fn json_body_up_to(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Fault> {
    if body::announced(headers) == Some(0) {
        return Err(RequestFault::BodyMissing.into());
    }
    check_media_type(headers)?;
    let body = whole_body(headers, body, bytes_max).await?;
    if is_of(headers, XML) {
        return Ok(Bytes::from(xml::record(&body)?));
    }
    Ok(body)
}

/// Reads a body of any media type, of at most so many bytes.
///
/// # Errors
/// Those of [`json_body`] except for the media type.
pub async fn whole_body(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Fault> {
    let read = body::read(headers, body, bytes_max).await;
    let body = read.map_err(|unreadable| match unreadable {
        Unreadable::TooLarge => Fault::Request(RequestFault::TooLarge),
        Unreadable::Incomplete => invalid("The HTTP entity body ended early".to_owned()).into(),
        Unreadable::Damaged(reason) => invalid(format!(
            "The HTTP entity body cannot be decompressed: {reason}"
        ))
        .into(),
        Unreadable::EncodingUnknown(media_type) => {
            Fault::Request(RequestFault::MediaTypeUnsupported { media_type })
        }
        Unreadable::Overloaded => Fault::Service(ServiceFault::Busy),
    })?;
    if body.is_empty() {
        return Err(RequestFault::BodyMissing.into());
    }
    Ok(body)
}

const fn invalid(reason: String) -> RequestFault {
    RequestFault::JsonInvalid {
        reason,
        line: 1,
        column: 1,
    }
}

/// Media type of records in XML.
const XML: &str = "application/xml";

/// Whether a body is of a media type.
fn is_of(headers: &HeaderMap, media_type: &str) -> bool {
    let announced = headers.get(CONTENT_TYPE);
    let announced = announced.map(|value| String::from_utf8_lossy(value.as_bytes()));
    announced.is_some_and(|announced| {
        let announced = announced.split(';').next().unwrap_or_default();
        announced.trim().eq_ignore_ascii_case(media_type)
    })
}

/// A body without a type is taken for JSON: some clients send none.
fn check_media_type(headers: &HeaderMap) -> Result<(), RequestFault> {
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
        Err(RequestFault::MediaTypeUnsupported {
            media_type: value.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> Vec<(String, String)> {
        crate::path::parameters(query)
    }

    #[test]
    fn only_a_post_may_override_its_method() {
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
            Err(RequestFault::MediaTypeUnsupported {
                media_type: "text/csv".to_owned()
            })
        );
    }
}
