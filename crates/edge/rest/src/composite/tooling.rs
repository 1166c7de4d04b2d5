//! `POST /tooling/composite`: up to 25 parts of the Tooling API that may refer to each other.
//!
//! Source: "Improve Performance with the Composite Resource", "Composite Request Body" (Tooling API Developer Guide); none for
//! the empty list of a GET. There is no resource below it: `/tooling/composite/sobjects` is `NOT_FOUND` (recorded by
//! mdapi-issues/mre-tooling-composite-delete).

use axum::body::Body;
use http::Method;
use landfall_http::Answer;
use landfall_model::Fault;

use super::part::{Changes, Rules};
use super::request::{self, is};
use crate::call::Call;
use crate::state::Shared;
use crate::versions;

const RULES: Rules = Rules {
    takes: |path| match path {
        [first, second, ..] => is(first, &["tooling"]) && is(second, &["sobjects", "query"]),
        _ => false,
    },
    takes_version: |_, _| true,
    changes: Changes::Definitions,
};

/// Answers a composite request, or lists what is below.
pub(crate) async fn parts(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    if call.method == Method::POST {
        request::answer_by(shared, call, body, &RULES).await
    } else {
        Ok(Answer::json(versions::below(
            shared,
            call,
            "tooling/composite",
        )))
    }
}
