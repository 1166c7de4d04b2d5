//! The way back to the app: what it gets stands in the query of its address, or in the fragment.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use landfall_model::Fault;
use tracing::debug;

use crate::answer::NOT_STORED;
use crate::pages;

/// Where in the address the answer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Where the app's server reads it.
    Query,
    /// Where only the app's page reads it.
    Fragment,
}

/// An address that the user may be sent to, and the state that the app gets back.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) uri: String,
    pub(crate) state: Option<String>,
    pub(crate) part: Part,
}

impl Redirect {
    /// Sends the user there with these names and texts, then the state.
    pub(crate) fn to(&self, members: &[(&str, &str)]) -> Response {
        let location = [(header::LOCATION, self.address(members))];
        (StatusCode::FOUND, NOT_STORED, pages::GUARDS, location).into_response()
    }

    /// Sends the user there with the reason why the app gets nothing.
    ///
    /// Wire: `error`, `error_description` with `+` for blanks.
    pub(crate) fn refusal(&self, fault: &Fault) -> Response {
        let wire = landfall_wire::authorization(fault);
        let description = wire.description.as_str();
        debug!(
            error = wire.error,
            error_description = description,
            "refused"
        );
        self.to(&[("error", wire.error), ("error_description", description)])
    }

    fn address(&self, members: &[(&str, &str)]) -> String {
        let sign = match self.part {
            Part::Fragment => '#',
            Part::Query if self.uri.contains('?') => '&',
            Part::Query => '?',
        };
        let answer = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(members)
            .extend_pairs(self.state.as_deref().map(|state| ("state", state)))
            .finish();
        format!("{}{sign}{answer}", self.uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(uri: &str, part: Part) -> Redirect {
        Redirect {
            uri: uri.to_owned(),
            state: Some("a b&c".to_owned()),
            part,
        }
    }

    #[test]
    fn the_answer_joins_the_address_where_it_belongs() {
        let members = [("code", "x.y")];
        for (uri, part, address) in [
            (
                "https://a/cb",
                Part::Query,
                "https://a/cb?code=x.y&state=a+b%26c",
            ),
            (
                "https://a/cb?k=v",
                Part::Query,
                "https://a/cb?k=v&code=x.y&state=a+b%26c",
            ),
            (
                "app:done",
                Part::Fragment,
                "app:done#code=x.y&state=a+b%26c",
            ),
        ] {
            assert_eq!(redirect(uri, part).address(&members), address);
        }
    }
}
