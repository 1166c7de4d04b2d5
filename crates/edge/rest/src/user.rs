//! The password of a user.
//!
//! Source: "sObject User Password" (REST API Developer Guide).

use axum::body::Body;
use http::Method;
use landfall_http::json::{self, Content};
use landfall_http::{Answer, Writer, denied, json_body, refused};
use landfall_model::{
    Fault, FieldFault, FieldName, ManyFault, RecordFault, RecordId, RequestFault,
};

use crate::call::Call;
use crate::path::record_id;
use crate::scope::Scope;
use crate::state::Shared;

/// The one member of the body.
const NEW_PASSWORD: &str = "NewPassword";

/// Says whether the password has expired, or sets a new one.
///
/// The user's own, or any user's with Modify All Data.
pub(crate) async fn password(
    shared: &Shared,
    call: &Call,
    id: RecordId,
    body: Body,
) -> Result<Answer, Fault> {
    let users = call
        .catalog()
        .entity("User")
        .ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    if matches!(call.scope, Scope::Joint(_)) {
        return Err(Fault::Many(ManyFault::NotInTransaction));
    }
    let id = record_id(users, id.as_str())?;
    let known = shared.engine.row(users, id).await.map_err(refused)?;
    known.ok_or(Fault::Record(RecordFault::NotFound))?;
    if id != call.login.user_id && !call.login.permissions().modify_all_data {
        return Err(Fault::Record(RecordFault::AccessDenied));
    }
    if call.method != Method::POST {
        let expired = shared.auth.password_expired(id).await.map_err(denied)?;
        let mut w = Writer::new();
        w.object(|w| w.name("isExpired").boolean(expired));
        return Ok(Answer::json(w.finish()));
    }
    let bytes = json_body(&call.headers, body).await?;
    let password = new_password(&json::Body::parse(&bytes)?)?;
    shared
        .auth
        .set_password(id, &password)
        .await
        .map_err(denied)?;
    Ok(Answer::no_content())
}

fn new_password(body: &json::Body<'_>) -> Result<String, Fault> {
    let mut password = None;
    for (name, value) in body.members()? {
        match &value.content {
            Content::Text(text) if name == NEW_PASSWORD => password = Some(text.clone()),
            _ if name == NEW_PASSWORD => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    password
        .filter(|password| !password.is_empty())
        .ok_or_else(|| {
            Fault::Field(FieldFault::Required {
                fields: vec![FieldName::new(NEW_PASSWORD)],
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Fault> {
        new_password(&json::Body::parse(text.as_bytes())?)
    }

    #[test]
    fn the_body_has_one_member() {
        assert_eq!(read(r#"{"NewPassword":"secret"}"#), Ok("secret".to_owned()));
        assert!(matches!(
            read("{}"),
            Err(Fault::Field(FieldFault::Required { .. }))
        ));
        assert!(matches!(
            read(r#"{"NewPassword":1}"#),
            Err(Fault::Request(RequestFault::JsonInvalid { .. }))
        ));
        assert!(matches!(
            read(r#"{"Password":"x"}"#),
            Err(Fault::Request(RequestFault::JsonInvalid { reason, .. })) if reason == "Unrecognized field \"Password\""
        ));
    }
}
