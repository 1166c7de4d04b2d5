//! Asking a user on behalf of an app: what may be asked, who answers, and what the app gets.
//!
//! The order is [`Auth::asking_app`], [`Auth::authorization_request`], [`Auth::log_in`], [`Auth::is_approved`] or else a
//! [ticket](Auth::ticket) and an answer, [`Auth::authorize`], and for a code [`Auth::code_grant`]. Who is asked types
//! their password each time: there are no logins of browsers.
//!
//! Source: "OAuth 2.0 Web Server Flow", "OAuth 2.0 User-Agent Flow" (Salesforce Help).

use std::sync::Arc;

use landfall_model::{Fault, LoginFault, RecordId};

use crate::app::{App, Client, Grant};
use crate::attempts::Attempt;
use crate::codes::{Issued, Shown};
use crate::error::Error;
use crate::grants::{Granted, Terms};
use crate::pkce::Challenge;
use crate::redirects;
use crate::scopes::Scopes;
use crate::token::{AuthorizationCode, TokenHash};
use crate::{Auth, lock};

/// What the app gets by way of the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    /// A code, which it exchanges itself.
    Code,
    /// The access token.
    Token,
    /// The access token and an ID token.
    TokenAndIdToken,
}

impl ResponseType {
    /// Reads a `response_type`.
    ///
    /// # Errors
    /// [`LoginFault::ResponseTypeUnsupported`].
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "code" => Ok(Self::Code),
            "token" => Ok(Self::Token),
            "token id_token" | "id_token token" => Ok(Self::TokenAndIdToken),
            _ => Err(Fault::Login(LoginFault::ResponseTypeUnsupported)),
        }
    }

    /// The value of `response_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
            Self::TokenAndIdToken => "token id_token",
        }
    }

    const fn grant(self) -> Grant {
        match self {
            Self::Code => Grant::AuthorizationCode,
            Self::Token | Self::TokenAndIdToken => Grant::Implicit,
        }
    }
}

/// What an app asks for, as it says it.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizationParameters<'a> {
    /// `response_type`.
    pub response_type: ResponseType,
    /// `redirect_uri`.
    pub redirect_uri: &'a str,
    /// `scope`; without it, all scopes of the app.
    pub scope: Option<&'a str>,
    /// `code_challenge`.
    pub code_challenge: Option<&'a str>,
    /// `code_challenge_method`.
    pub code_challenge_method: Option<&'a str>,
    /// `nonce`: what the app wants to read in the ID token.
    pub nonce: Option<&'a str>,
}

/// What an app asks for and may have, if the user says yes.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    app: Arc<App>,
    response_type: ResponseType,
    redirect_uri: String,
    scopes: Scopes,
    challenge: Option<Challenge>,
    nonce: Option<String>,
}

impl AuthorizationRequest {
    /// Who asks.
    pub fn client_id(&self) -> &str {
        &self.app.client_id
    }

    /// What for.
    pub const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// What a ticket for this request is signed with.
    fn question<T>(&self, use_it: impl FnOnce(&[&[u8]]) -> T) -> T {
        let scopes = self.scopes.to_string();
        let challenge = self.challenge.as_ref().map_or(&[][..], Challenge::as_bytes);
        use_it(&[
            b"authorize",
            self.app.client_id.as_bytes(),
            self.response_type.as_str().as_bytes(),
            self.redirect_uri.as_bytes(),
            scopes.as_bytes(),
            challenge,
        ])
    }
}

/// What the app gets.
#[derive(Debug)]
pub enum Authorized {
    /// A code for [`Auth::code_grant`].
    Code(AuthorizationCode),
    /// The tokens themselves.
    Tokens(Box<Granted>),
}

/// What an app shows to have a code exchanged.
#[derive(Clone, Copy)]
pub struct CodeExchange<'a> {
    /// `code`.
    pub code: &'a str,
    /// `redirect_uri`: the same as when it asked.
    pub redirect_uri: &'a str,
    /// `code_verifier`.
    pub verifier: Option<&'a str>,
}

impl Auth {
    /// The app of the request, if the user may be sent back to this address: to no other is anything sent.
    ///
    /// # Errors
    /// [`LoginFault::ClientIdInvalid`], [`LoginFault::RedirectUriMismatch`].
    pub fn asking_app(&self, client_id: &str, redirect_uri: &str) -> Result<Arc<App>, Fault> {
        let app = self.0.apps.find(client_id)?;
        let registered = &app.policy.redirect_uris;
        if registered
            .iter()
            .any(|known| redirects::matches(known, redirect_uri))
        {
            Ok(app)
        } else {
            Err(Fault::Login(LoginFault::RedirectUriMismatch))
        }
    }

    /// What the app may ask the user for.
    ///
    /// # Errors
    /// [`LoginFault::ResponseTypeUnsupported`], [`LoginFault::ScopeInvalid`], [`LoginFault::CodeChallengeInvalid`],
    /// [`LoginFault::CodeChallengeMissing`].
    pub fn authorization_request(
        &self,
        app: Arc<App>,
        asked: AuthorizationParameters<'_>,
    ) -> Result<AuthorizationRequest, Fault> {
        let response_type = asked.response_type;
        if !app.grants.contains(&response_type.grant()) {
            return Err(Fault::Login(LoginFault::ResponseTypeUnsupported));
        }
        let scopes = match asked.scope {
            Some(text) => app.scopes.narrowed_to(text)?,
            None => app.scopes.clone(),
        };
        let challenge = match asked.code_challenge {
            Some(text) => Some(Challenge::parse(text, asked.code_challenge_method)?),
            None if app.policy.requires_pkce && asked.response_type == ResponseType::Code => {
                return Err(Fault::Login(LoginFault::CodeChallengeMissing));
            }
            None => None,
        };
        Ok(AuthorizationRequest {
            response_type,
            redirect_uri: asked.redirect_uri.to_owned(),
            scopes,
            challenge,
            nonce: asked.nonce.map(str::to_owned),
            app,
        })
    }

    /// The user of a name and a password.
    ///
    /// # Errors
    /// Refused with [`LoginFault::AuthenticationFailed`], [`LoginFault::UserInactive`] or
    /// [`LoginFault::LoginRateExceeded`].
    pub async fn log_in(
        &self,
        attempt: impl Into<Attempt<'_>>,
        password: &str,
    ) -> Result<RecordId, Error> {
        let user = self.0.verify(attempt.into(), password).await?;
        if user.active {
            Ok(user.id)
        } else {
            Err(Fault::Login(LoginFault::UserInactive).into())
        }
    }

    /// The user who counts as logged in and has approved everything, if that is the setting.
    ///
    /// # Errors
    /// Refused with [`LoginFault::UserInactive`] if there is no such user.
    pub async fn approving_user(&self) -> Result<Option<RecordId>, Error> {
        let Some(username) = &self.0.settings.auto_approve else {
            return Ok(None);
        };
        let user = self.0.users.by_name(username).await?;
        let user = user
            .filter(|user| user.active)
            .ok_or(Fault::Login(LoginFault::UserInactive))?;
        Ok(Some(user.id))
    }

    /// Whether the user need not be asked, or has approved it before: they hold a refresh token that covers as much.
    ///
    /// Source: "OAuth 2.0 JWT Bearer Flow" (Salesforce Help), "prior approval": an approval is a refresh token, and ends
    /// with it.
    pub fn is_approved(&self, request: &AuthorizationRequest, user: RecordId) -> bool {
        self.0.approves(user, &request.app, &request.scopes)
    }

    /// What shows for some minutes that this user has logged in to answer this request.
    pub fn ticket(&self, request: &AuthorizationRequest, user: RecordId) -> String {
        let now = self.0.engine.clock().now();
        request.question(|question| self.0.tickets.issue(question, user, now))
    }

    /// The user of a ticket, if it is one for this request. It is void afterwards.
    pub fn ticket_user(&self, request: &AuthorizationRequest, ticket: &str) -> Option<RecordId> {
        let now = self.0.engine.clock().now();
        request.question(|question| self.0.tickets.redeem(question, ticket, now))
    }

    /// Grants the app what the user has approved.
    ///
    /// # Errors
    /// Refused with [`LoginFault::UserInactive`] or, where tokens are given, [`LoginFault::LoginRateExceeded`].
    pub async fn authorize(
        &self,
        request: AuthorizationRequest,
        user: RecordId,
    ) -> Result<Authorized, Error> {
        let shared = &*self.0;
        let user = shared.users.by_id(user).await?;
        let user = user
            .filter(|user| user.active)
            .ok_or(Fault::Login(LoginFault::UserInactive))?;
        match request.response_type {
            ResponseType::Code => {
                let code = AuthorizationCode::make(shared.engine.entropy());
                let issued = Issued {
                    user: user.id,
                    client_id: request.app.client_id.clone(),
                    redirect_uri: request.redirect_uri,
                    scopes: request.scopes,
                    challenge: request.challenge,
                    nonce: request.nonce,
                    since: shared.engine.clock().now(),
                };
                lock(&shared.codes).insert(TokenHash::of(code.as_str()), issued);
                Ok(Authorized::Code(code))
            }
            ResponseType::Token | ResponseType::TokenAndIdToken => {
                let mut terms = Terms::asked(Grant::Implicit, request.scopes);
                if request.response_type == ResponseType::TokenAndIdToken {
                    terms = terms.identified(request.nonce);
                }
                let granted = shared.begin_new(request.app, user, terms).await?;
                Ok(Authorized::Tokens(Box::new(granted)))
            }
        }
    }

    /// A login for an authorization code, and a refresh token if the scopes say so.
    ///
    /// Source: "OAuth 2.0 Web Server Flow" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with the faults of the client, [`LoginFault::AuthenticationFailed`] for an unknown code,
    /// [`LoginFault::CodeExpired`], [`LoginFault::RedirectUriMismatch`], [`LoginFault::CodeVerifierMissing`],
    /// [`LoginFault::CodeVerifierInvalid`], [`LoginFault::UserInactive`] or [`LoginFault::LoginRateExceeded`].
    pub async fn code_grant(
        &self,
        client: Client<'_>,
        shown: CodeExchange<'_>,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::AuthorizationCode)?;
        let shown = Shown {
            hash: TokenHash::of(shown.code),
            client_id: &app.client_id,
            redirect_uri: shown.redirect_uri,
            verifier: shown.verifier,
        };
        let issued = lock(&shared.codes).exchange(shown, shared.engine.clock().now())?;
        let user = shared.users.by_id(issued.user).await?;
        let user = user.ok_or(Fault::Login(LoginFault::UserInactive))?;
        let terms = Terms::asked(Grant::AuthorizationCode, issued.scopes);
        let terms = terms.identified(issued.nonce);
        shared.begin_new(app, user, terms).await
    }
}
