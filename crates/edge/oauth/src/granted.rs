//! The response to a successful grant: the same members in every flow.

use std::borrow::Cow;

use landfall_auth::{Error, Grant, Granted};

use crate::OauthState;
use crate::identity::identity_url;

/// Names and texts, in order.
///
/// Wire: `issued_at` is a text; there is no `expires_in`; `scope` is absent from password answers, as observed.
/// Clients: camel and @salesforce/core parse `id`; aiosfstream sends `token_type` back with its capital.
pub(crate) async fn members<'g>(
    state: &OauthState,
    base: &'g str,
    granted: &'g Granted,
) -> Result<Vec<(&'static str, Cow<'g, str>)>, Error> {
    let id = identity_url(base, granted.org_id, granted.user_id);
    let signature = granted.signature(&id);
    let refresh_token = granted.refresh_token.as_ref();
    let mut members = vec![("access_token", granted.access_token.as_str().into())];
    members.extend(refresh_token.map(|token| ("refresh_token", token.as_str().into())));
    // Wire: an answer to an assertion has neither signature nor time.
    let is_signed = granted.grant != Grant::JwtBearer;
    if is_signed {
        members.push(("signature", signature.into()));
    }
    if granted.grant != Grant::Password {
        members.push(("scope", granted.scopes.to_string().into()));
    }
    let id_token = state.auth.id_token(granted, base, &id).await?;
    members.extend(id_token.map(|token| ("id_token", token.into())));
    members.extend([
        ("instance_url", base.into()),
        ("id", id.into()),
        ("token_type", "Bearer".into()),
    ]);
    if is_signed {
        members.push(("issued_at", granted.issued_at_text().into()));
    }
    Ok(members)
}
