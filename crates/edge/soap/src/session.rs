//! Logging in and out, and what a client asks about its login.
//!
//! Source: "Utility API Calls", `login()`, `logout()` (SOAP API Developer Guide).

use landfall_auth::{Attempt, Grant, Source, Visit};
use landfall_envelope::Envelope;
use landfall_http::denied;
use landfall_model::{Fault, RecordFault, RecordId};
use landfall_wire::dates;
use landfall_xml::Writer;

use crate::call::{Call, Endpoint};
use crate::commit::{check_count, write_error};
use crate::{SoapState, user_info};

/// The object whose records log in.
const USER: &str = "User";

/// The one call that needs no login.
pub(crate) const LOGIN: &str = "login";

/// Answers a login.
///
/// Wire: elements in the order of the WSDL. Clients: the official Python sample of the Pub/Sub API takes the fourth for the
/// address, the fifth for the session id, and of the seventh the ninth for the org.
pub(crate) async fn login(
    state: &SoapState,
    endpoint: &Endpoint,
    envelope: &Envelope,
    source: Source,
    visit: impl FnOnce() -> Visit,
) -> Result<String, Fault> {
    let argument = |name| {
        envelope
            .operation
            .child(name)
            .map(|given| given.text.as_str())
    };
    let username = argument("username").unwrap_or_default().trim();
    // A password may begin or end with a blank.
    let password = argument("password").unwrap_or_default();
    let attempt = Attempt { username, source };
    let outcome = state.auth.session(attempt, password).await;
    let auth = &state.auth;
    auth.tell(Grant::Session, outcome.as_ref(), Some(username), visit);
    let granted = outcome.map_err(denied)?;
    let token = granted.access_token.as_str();
    let login = auth.api_login(token)?;
    let expired = auth.password_expired(login.user_id).await;
    let expired = expired.map_err(denied)?;
    let info = user_info::of(state, &login).await?;
    let Endpoint {
        version, base_url, ..
    } = endpoint;
    let org = login.org_id.short();
    let api = endpoint.dialect.segment();
    let mut w = Writer::new();
    w.element("result", |w| {
        w.text(
            "metadataServerUrl",
            &format!("{base_url}/services/Soap/m/{version}/{org}"),
        );
        w.boolean("passwordExpired", expired);
        w.boolean("sandbox", false);
        w.text(
            "serverUrl",
            &format!("{base_url}/services/Soap/{api}/{version}/{org}"),
        );
        w.text("sessionId", token);
        w.text("userId", login.user_id.as_str());
        w.element("userInfo", |w| info.write(w));
    });
    Ok(w.finish())
}

/// Ends the login of the call. Its answer is empty.
pub(crate) async fn logout(call: &Call<'_>) -> Result<(), Fault> {
    call.state.auth.revoke(call.token).await.map_err(denied)
}

/// Ends the logins of these session ids.
///
/// Source: `invalidateSessions()` (SOAP API Developer Guide); none for whose sessions a user may end.
pub(crate) async fn invalidate(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let tokens = call.arguments("sessionIds");
    check_count(tokens.len())?;
    for token in tokens {
        let ended = end(call, token.text.trim()).await;
        w.element("result", |w| {
            if let Err(fault) = &ended {
                write_error(call, w, fault);
            }
            w.boolean("success", ended.is_ok());
        });
    }
    Ok(())
}

/// Ends a login of the caller, or of anybody if the caller may change everything.
async fn end(call: &Call<'_>, token: &str) -> Result<(), Fault> {
    let auth = &call.state.auth;
    let login = auth.authenticate(token)?;
    if login.user_id != call.login.user_id && !call.login.permissions().modify_all_data {
        return Err(Fault::Record(RecordFault::AccessDenied));
    }
    auth.revoke(token).await.map_err(denied)
}

/// Gives a user another password: the caller, or anybody if the caller may change everything. Its result is empty.
///
/// Source: `setPassword()` (SOAP API Developer Guide); none for which rights are sufficient.
pub(crate) async fn set_password(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let given = ["userId", "userID"];
    let given = given.into_iter().find_map(|name| call.argument(name));
    let given = given.unwrap_or_default();
    let user = call
        .catalog()
        .entity(USER)
        .ok_or(Fault::Record(RecordFault::Unknown))?;
    let id = RecordId::parse(given).map_err(|_| Fault::Record(RecordFault::Unknown))?;
    if id.prefix() != user.key_prefix {
        return Err(Fault::Record(RecordFault::Unknown));
    }
    if id != call.login.user_id && !call.login.permissions().modify_all_data {
        return Err(Fault::Record(RecordFault::AccessDenied));
    }
    // A password may begin or end with a blank.
    let password = call.envelope.operation.child("password");
    let password = password.map_or("", |given| given.text.as_str());
    let changed = call.state.auth.set_password(id, password).await;
    changed.map_err(|error| match error {
        landfall_auth::Error::UserUnknown { .. } => Fault::Record(RecordFault::Unknown),
        error => denied(error),
    })?;
    w.element("result", |_| ());
    Ok(())
}

/// Answers with the caller.
pub(crate) async fn user_info(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let info = user_info::of(call.state, &call.login).await?;
    w.element("result", |w| info.write(w));
    Ok(())
}

/// Answers with the time.
pub(crate) fn server_timestamp(call: &Call<'_>, w: &mut Writer) {
    let now = call.state.engine.clock().now();
    w.element("result", |w| w.text("timestamp", &dates::render_utc(now)));
}
