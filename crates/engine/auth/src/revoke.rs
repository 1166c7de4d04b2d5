//! How a token ends by request, and what a token is good for.

use landfall_model::{Fault, LoginFault, RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};

use crate::app::Client;
use crate::documents::forgotten;
use crate::error::Error;
use crate::keeper::forget;
use crate::refresh::Refreshing;
use crate::scopes::Scopes;
use crate::token::TokenHash;
use crate::{Auth, Shared};

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Shown with each request.
    Access,
    /// Shown to get access tokens.
    Refresh,
}

/// What a live token is good for.
///
/// Source: "`OpenID` Connect Token Introspection" (Salesforce Help).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveToken {
    /// Which kind it is.
    pub kind: TokenKind,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The app that it was issued to.
    pub client_id: String,
    /// Whose it is.
    pub user_id: RecordId,
    /// The name they log in with.
    pub username: String,
    /// When its present life began: of an access token, when it was used last.
    ///
    /// Clients: take the difference to the end for the session timeout.
    pub issued: Timestamp,
    /// When it ends if it is not used; none for a refresh token, which ends only by revocation.
    pub expires: Option<Timestamp>,
}

impl Auth {
    /// Ends a token: an access token by itself, a refresh token with all access tokens that came from it.
    ///
    /// Source: "Revoke OAuth Tokens" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with [`LoginFault::TokenTypeUnsupported`] if it is not a live token.
    pub async fn revoke(&self, token: &str) -> Result<(), Error> {
        let shared = std::sync::Arc::clone(&self.0);
        let hash = TokenHash::of(token);
        // A task of its own: what has begun must end, also when the client does not wait for the answer.
        tokio::spawn(async move { shared.revoke(&hash).await })
            .await
            .map_err(|_| landfall_engine::Error::Stopped)?
    }

    /// What a token is good for, if it is live and was issued to the asking app. Not a use of it.
    ///
    /// # Errors
    /// Refused with the faults of the client.
    pub async fn introspect(
        &self,
        client: Client<'_>,
        token: &str,
    ) -> Result<Option<ActiveToken>, Error> {
        let shared = &*self.0;
        let app = shared.apps.identify(client)?;
        let hash = TokenHash::of(token);
        let now = shared.engine.clock().now();
        if let Some(login) = shared.logins.find(&hash) {
            let live = login.is_live() && now < login.expires();
            let active = live && login.client_id == app.client_id;
            return Ok(active.then(|| ActiveToken {
                kind: TokenKind::Access,
                scopes: login.scopes.clone(),
                client_id: login.client_id.clone(),
                user_id: login.user_id,
                username: login.username.as_ref().to_owned(),
                issued: login.used(),
                expires: Some(login.expires()),
            }));
        }
        let token = shared.refresh_tokens.find(&hash);
        let Some(token) = token.filter(|token| token.client_id == app.client_id) else {
            return Ok(None);
        };
        let user = shared.users.by_id(token.user).await?;
        let active = user.filter(|user| user.active);
        Ok(active.map(|user| ActiveToken {
            kind: TokenKind::Refresh,
            scopes: token.scopes.clone(),
            client_id: token.client_id.clone(),
            user_id: token.user,
            username: user.username,
            issued: token.created,
            expires: None,
        }))
    }
}

impl Shared {
    async fn revoke(&self, hash: &TokenHash) -> Result<(), Error> {
        let _alone = self.gate.write().await;
        let login = self.logins.find(hash).filter(|login| login.is_live());
        if let Some(login) = login {
            return self.put(forget(&[login])).await;
        }
        let token = self.refresh_tokens.find(hash);
        let token = token.ok_or(Fault::Login(LoginFault::TokenTypeUnsupported))?;
        self.put(self.without_family(&token)).await
    }

    /// What ends a refresh token and the logins that came from it.
    pub(crate) fn without_family(&self, token: &Refreshing) -> Vec<Document> {
        let family = Some(&token.family);
        let logins = self.logins.select(|login| login.family.as_ref() == family);
        let mut documents = forget(&logins);
        documents.push(forgotten(DocumentKind::RefreshToken, token.hash.key()));
        documents
    }
}
