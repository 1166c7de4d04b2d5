//! Masked fields in what the console reads of the REST API: no query may name them, and no answer shows their values.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt as _, Limited};
use landfall_control::Mask;
use landfall_model::limits::CONSOLE_MASKED_BYTES_MAX;
use serde_json::Value;

use super::refused;

/// What is shown in place of a value.
const MASKED: &str = "masked";

/// The member that describes a record, which no field is called.
const ATTRIBUTES: &str = "attributes";

/// The first word of the SOQL in a query string that is a masked field: conditions and aliases would show its values.
pub(super) fn named(mask: &Mask, query: &str) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find_map(|(_, text)| {
        let is_end = |c: char| !c.is_alphanumeric() && c != '_';
        text.split(is_end)
            .find(|word| mask.has(word))
            .map(str::to_owned)
    })
}

pub(super) fn refusal(name: &str) -> Response {
    let message = format!("{name} is masked in the console and cannot be in a query");
    refused(StatusCode::BAD_REQUEST, "masked", &message)
}

/// An answer without the values of masked fields.
pub(super) async fn applied(mask: &Mask, response: Response) -> Response {
    if mask.is_empty() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let too_large = || {
        let message = "the answer is too large to mask fields in it";
        refused(StatusCode::SERVICE_UNAVAILABLE, "too-large", message)
    };
    let Ok(body) = Limited::new(body, CONSOLE_MASKED_BYTES_MAX).collect().await else {
        return too_large();
    };
    let Ok(mut value) = serde_json::from_slice(&body.to_bytes()) else {
        // Not JSON: fields cannot be distinguished.
        return StatusCode::BAD_GATEWAY.into_response();
    };
    cover(mask, &mut value);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

fn cover(mask: &Mask, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| cover(mask, item)),
        Value::Object(members) => {
            for (name, member) in members {
                if name == ATTRIBUTES || member.is_null() {
                    continue;
                }
                if mask.has(name) {
                    *member = Value::from(MASKED);
                } else {
                    cover(mask, member);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask() -> Mask {
        Mask::new(&["Phone".to_owned(), "BillingCity".to_owned()])
    }

    #[test]
    fn no_query_names_a_masked_field() {
        for query in [
            "q=SELECT+Id%2C+Phone+FROM+Account",
            "q=SELECT+Id+FROM+Account+WHERE+phone+LIKE+'1%25'",
            "q=SELECT+MAX(Account.BillingStreet)+m+FROM+Contact",
        ] {
            assert!(named(&mask(), query).is_some(), "{query}");
        }
        assert_eq!(named(&mask(), "q=SELECT+Id,HomePhone+FROM+Contact"), None);
    }

    #[test]
    fn values_are_covered_at_any_depth() {
        let mut value = serde_json::json!({"records": [{
            "attributes": {"type": "Account", "phone": "of no field"},
            "Name": "Acme", "Phone": "1", "BillingAddress": {"city": "Rome"},
            "Contacts": {"records": [{"Phone": null}, {"Phone": "2"}]},
        }]});
        cover(&mask(), &mut value);
        assert_eq!(
            value,
            serde_json::json!({"records": [{
                "attributes": {"type": "Account", "phone": "of no field"},
                "Name": "Acme", "Phone": "masked", "BillingAddress": "masked",
                "Contacts": {"records": [{"Phone": null}, {"Phone": "masked"}]},
            }]})
        );
    }
}
