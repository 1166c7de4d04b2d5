//! Errors in the format of the API before 2.0.

use axum::response::Response;
use http::StatusCode;
use landfall_model::Fault;

use super::info;
use crate::answer;
use crate::job::Form;

/// The refusal of a request.
pub(crate) fn refusal(fault: &Fault, form: Form) -> Response {
    let error = landfall_wire::bulk_classic(fault);
    let body = info::refusal(error.code, &error.message, form);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer::formed(status, form, body)
}
