//! Logging in without asking: the credentials of developer orgs are public.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};

use crate::Made;
use crate::orgs::{CREDENTIALS, not_opened, rendered};
use crate::refusal::Refusal;

pub(crate) const LOG_IN: Call = Call {
    method: "post",
    path: "logins",
    id: "logIn",
    summary: "A login session of the administrator of an org, with its access token",
    parameters: &[],
    reads: &[Member::optional(
        "org",
        Kind::Text,
        "The id of the org; the first one unless given",
    )],
    status: 201,
    answers: CREDENTIALS,
    refusals: &[(500, "The login failed")],
};

pub(crate) async fn log_in(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.input.text("org");
    let login = made.orgs.log_in(org).await.map_err(not_opened)?;
    let credentials = login.ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "org-not-found",
            format!("the process has no open org {}", org.unwrap_or_default()),
        )
    })?;
    Ok(rendered(made, &credentials))
}
