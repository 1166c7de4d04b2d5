//! The spelling of `RequestFault`.

use landfall_model::RequestFault;

use super::{grant_error, json_error, not_found, on_bayeux, on_rest};
use crate::rest::RestError;
use crate::{Wire, bayeux};

/// Source: "Status Codes and Error Responses" (REST API Developer Guide), and recorded responses where it is silent. `Source: none` for
/// the texts of `TooLarge` and `PayloadFormatInvalid`.
pub(super) fn spell(fault: &RequestFault) -> Wire {
    match fault {
        RequestFault::ResourceNotFound => on_rest(not_found()),
        // Source: responses that clients of Apex REST classes quote.
        RequestFault::ApexUrlUnmatched => on_rest(RestError::plain(
            404,
            "NOT_FOUND",
            "Could not find a match for URL",
        )),
        RequestFault::MethodNotAllowed { method, allowed } => on_rest(RestError::plain(
            405,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{method}' not allowed. Allowed are {allowed}"),
        )),
        RequestFault::MediaTypeUnsupported { media_type } => on_rest(RestError::plain(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("Content-Type header specified in HTTP request is not supported: {media_type}"),
        )),
        // Source: mocks of the service in WWW::Salesforce, which quote it.
        RequestFault::PartsInvalid { reason } => on_rest(RestError::plain(
            400,
            "INVALID_MULTIPART_REQUEST",
            reason.as_str(),
        )),
        RequestFault::TooLarge => Wire {
            rest: Some(RestError::plain(
                413,
                "EXCEEDED_MAX_SIZE_REQUEST",
                "Maximum Request Size Exceeded",
            )),
            bayeux: Some(bayeux::REQUEST_TOO_LARGE.to_owned()),
            oauth: Some(grant_error("invalid_request", "request too large")),
            grpc: None,
        },
        RequestFault::BodyMissing => on_rest(json_error(
            "The HTTP entity body is required, but this request has no entity body.",
        )),
        RequestFault::JsonInvalid {
            reason,
            line,
            column,
        } => Wire {
            bayeux: Some(format!("400::{reason}")),
            ..on_rest(json_error(&format!(
                "{reason} at [line:{line}, column:{column}]"
            )))
        },
        RequestFault::XmlInvalid { reason } => {
            on_rest(RestError::plain(400, "XML_PARSER_ERROR", reason.as_str()))
        }
        RequestFault::PayloadFormatInvalid { value } => on_rest(RestError::plain(
            400,
            "ILLEGAL_QUERY_PARAMETER_VALUE",
            format!("The value of the payloadFormat parameter is not valid here: {value}"),
        )),
        RequestFault::PreconditionFailed => on_rest(RestError::plain(412, "", "")),
        RequestFault::ConditionDateInvalid { header } => on_rest(RestError::plain(
            400,
            "INVALID_HEADER",
            format!("The value of the header {header} is not a valid HTTP date"),
        )),
        RequestFault::VersionUnsupported => Wire {
            // The versions below 31.0; Source: "API End-of-Life Policy" (REST API Developer Guide).
            rest: Some(RestError::plain(
                410,
                "GONE",
                "The requested resource is no longer available",
            )),
            ..on_bayeux(bayeux::VERSION_UNSUPPORTED)
        },
    }
}
