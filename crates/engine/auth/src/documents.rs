//! The stored form of credentials, logins, refresh tokens and apps: see [`landfall_engine::stored`].

use landfall_engine::stored;
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::{App, AppPolicy, Grant};
use crate::certificate::Certificate;
use crate::login::Login;
use crate::scopes::Scopes;

/// How a user proves who they are. Key: the user's id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// PHC string.
    pub(crate) hash: String,
    /// SHA-256 of the security token, if the user has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) security_token: Option<String>,
    /// Whether the password has to be changed.
    #[serde(default)]
    pub(crate) expired: bool,
}

/// A login. Key: the hash of its access token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredLogin {
    pub(crate) user: String,
    pub(crate) app: String,
    pub(crate) scopes: String,
    pub(crate) created: i64,
    pub(crate) used: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) family: Option<String>,
}

impl StoredLogin {
    pub(crate) fn of(login: &Login, used: Timestamp) -> Self {
        Self {
            user: login.user_id.to_string(),
            app: login.client_id.clone(),
            scopes: login.scopes.to_string(),
            created: login.created.as_millis(),
            used: used.as_millis(),
            family: login.family.clone(),
        }
    }
}

/// A refresh token. Key: its hash.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredRefreshToken {
    pub(crate) user: String,
    pub(crate) app: String,
    pub(crate) scopes: String,
    pub(crate) created: i64,
    pub(crate) family: String,
}

/// A connected app. Key: its client id.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct StoredApp {
    secret: String,
    secret_required: bool,
    grants: Vec<String>,
    scopes: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_as: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    redirect_uris: Vec<String>,
    #[serde(default)]
    rotates_refresh_tokens: bool,
    #[serde(default)]
    requires_pkce: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(default)]
    pre_authorized: bool,
}

impl StoredApp {
    pub(crate) fn of(app: &App) -> Self {
        let grants = app.grants.iter().map(|grant| grant.as_str().to_owned());
        Self {
            secret: app.secret.clone(),
            secret_required: app.secret_required,
            grants: grants.collect(),
            scopes: app.scopes.to_string(),
            run_as: app.run_as.map(|user| user.to_string()),
            redirect_uris: app.policy.redirect_uris.clone(),
            rotates_refresh_tokens: app.policy.rotates_refresh_tokens,
            requires_pkce: app.policy.requires_pkce,
            certificate: app.policy.certificate.as_ref().map(Certificate::stored),
            pre_authorized: app.policy.pre_authorized,
        }
    }

    /// Grants that this version does not know are left out: a newer one wrote them.
    pub(crate) fn into_app(self, client_id: String) -> App {
        let grants = self
            .grants
            .iter()
            .filter_map(|name| Grant::parse(name).ok());
        App {
            client_id,
            secret: self.secret,
            secret_required: self.secret_required,
            grants: grants.collect(),
            scopes: Scopes::parse(&self.scopes),
            run_as: self.run_as.as_deref().and_then(id),
            policy: AppPolicy {
                redirect_uris: self.redirect_uris,
                rotates_refresh_tokens: self.rotates_refresh_tokens,
                requires_pkce: self.requires_pkce,
                certificate: self
                    .certificate
                    .as_deref()
                    .and_then(Certificate::from_stored),
                pre_authorized: self.pre_authorized,
            },
        }
    }
}

/// Reads an id of a document.
pub(crate) fn id(text: &str) -> Option<RecordId> {
    RecordId::parse(text).ok()
}

/// A document with content.
pub(crate) fn kept(kind: DocumentKind, key: String, content: &impl Serialize) -> Document {
    stored::document(kind, key, content)
}

/// A document to forget.
pub(crate) const fn forgotten(kind: DocumentKind, key: String) -> Document {
    Document {
        kind,
        key,
        content: None,
    }
}

/// Reads the content of a document.
pub(crate) fn read<T: DeserializeOwned>(
    kind: DocumentKind,
    content: &[u8],
) -> Result<T, landfall_engine::Error> {
    stored::read_since_before(kind.as_str(), content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_read_as_it_was_written() {
        let app = App {
            client_id: "app".to_owned(),
            secret: "s".to_owned(),
            secret_required: true,
            grants: Grant::ALL.to_vec(),
            scopes: Scopes::parse("api refresh_token"),
            run_as: Some(RecordId::EMPTY),
            policy: AppPolicy {
                requires_pkce: true,
                redirect_uris: vec!["app:done".to_owned()],
                rotates_refresh_tokens: true,
                certificate: None,
                pre_authorized: true,
            },
        };
        let kind = DocumentKind::ConnectedApp;
        let document = kept(kind, "app".to_owned(), &StoredApp::of(&app));
        let content = document.content.expect("it has content");
        let stored: StoredApp = read(kind, &content).expect("it is readable");
        let again = stored.into_app("app".to_owned());
        assert_eq!(again.secret, app.secret);
        assert_eq!(again.grants, app.grants);
        assert_eq!(again.scopes, app.scopes);
        assert_eq!(again.run_as, app.run_as);
        assert_eq!(again.policy, app.policy);
        assert!(again.secret_required);
    }
}
