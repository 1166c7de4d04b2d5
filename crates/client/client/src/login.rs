//! Logging in by OAuth 2.0.

use std::fmt::{self, Write as _};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::error::Error;
use crate::http_client::HttpClient;
use crate::target::Target;

/// How long a login may take: hashing passwords is slow by design.
const WITHIN: Duration = Duration::from_secs(30);

/// How to prove who one is.
#[derive(Clone)]
pub enum Grant {
    /// With user name and password.
    Password {
        /// User name.
        username: String,
        /// Password, with the security token after it where the org wants one.
        password: String,
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: String,
    },
    /// As the connected app itself.
    ClientCredentials {
        /// Consumer key.
        client_id: String,
        /// Consumer secret.
        client_secret: String,
    },
}

/// The credential of a login. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Takes a token as the org gave it.
    pub const fn new(token: String) -> Self {
        Self(token)
    }

    /// The text, for an `Authorization` header.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// What a login gives.
#[derive(Clone, Debug)]
pub struct Login {
    /// The credential.
    pub access_token: AccessToken,
    /// Where to use it.
    pub instance: Target,
}

/// Logs in at the client's target.
///
/// # Errors
/// [`Error::LoginRefused`]; [`Error::Shape`]; those of [`HttpClient::send`].
/// Source: "OAuth 2.0 Username-Password Flow for Special Scenarios", "OAuth 2.0 Client Credentials Flow".
pub(crate) async fn login(http: &HttpClient, grant: &Grant) -> Result<Login, Error> {
    let body = match grant {
        Grant::Password {
            username,
            password,
            client_id,
            client_secret,
        } => form(&[
            ("grant_type", "password"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("username", username),
            ("password", password),
        ]),
        Grant::ClientCredentials {
            client_id,
            client_secret,
        } => form(&[
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret),
        ]),
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri("/services/oauth2/token")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let answer = http.send(request, WITHIN).await?;
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
    if !answer.status.is_success() {
        return Err(match text("error") {
            Some(error) => Error::LoginRefused {
                error,
                description: text("error_description").unwrap_or_default(),
            },
            None => answer.unexpected(),
        });
    }
    let token = text("access_token").ok_or(Error::Shape("a login without access_token"))?;
    let instance = match text("instance_url") {
        Some(url) => url.parse()?,
        None => http.target().clone(),
    };
    Ok(Login {
        access_token: AccessToken(token),
        instance,
    })
}

/// Wire: `application/x-www-form-urlencoded`.
fn form(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_survives_any_value() {
        assert_eq!(
            form(&[("a", "x&y=z+1 %"), ("b", "é")]),
            "a=x%26y%3Dz%2B1%20%25&b=%C3%A9"
        );
    }

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(
            format!("{:?}", AccessToken::new("00D!secret".to_owned())),
            "AccessToken(..)"
        );
    }
}
