//! How a login begins: the OAuth 2.0 grants.

use std::fmt;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use landfall_engine::faults::{FaultKind, Occasion};
use landfall_model::{Fault, LoginFault, RecordId, Timestamp, limits};
use landfall_store::{Document, DocumentKind};
use tracing::{debug, warn};

use crate::app::{App, Client, Grant};
use crate::assertion::Assertion;
use crate::attempts::{Attempt, Attempts, FailedLogins, Source};
use crate::documents::{Credential, StoredLogin, forgotten, kept, read};
use crate::error::Error;
use crate::login::{Beginning, Login};
use crate::password::hmac;
use crate::refresh::Refreshing;
use crate::scopes::Scopes;
use crate::token::{AccessToken, RefreshToken, TokenHash, random};
use crate::users::User;
use crate::{Auth, Shared, lock};

/// The password that the user of a developer org has at first.
///
/// Source: none: the contract of the developer org.
pub(crate) const DEVELOPER_PASSWORD: &str = "landfall";

/// Lengths of a security token that is appended to a password.
///
/// Source: none documented; tokens in the wild have 24 or 25 letters and digits.
pub(crate) const SECURITY_TOKEN_LENGTHS: [usize; 2] = [24, 25];

/// Random characters that name a chain of refresh tokens.
const FAMILY_RANDOM: usize = 22;

/// What a successful grant gives.
#[derive(Debug)]
pub struct Granted {
    /// The new access token.
    pub access_token: AccessToken,
    /// A refresh token, where the grant gives one.
    pub refresh_token: Option<RefreshToken>,
    /// Who acts.
    pub user_id: RecordId,
    /// The name they log in with.
    pub username: String,
    /// The org they act in.
    pub org_id: RecordId,
    /// When the access token was issued.
    pub issued_at: Timestamp,
    /// What the access token may be used for.
    pub scopes: Scopes,
    /// By which grant.
    pub grant: Grant,
    pub(crate) identified: Option<Identified>,
    signing: SigningKey,
}

/// On what terms a login begins.
pub(crate) struct Terms {
    grant: Grant,
    scopes: Scopes,
    /// Whether a refresh token comes with it.
    refreshed: bool,
    identified: Option<Identified>,
}

/// That an ID token comes with a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identified {
    /// What the app wants to read in it.
    pub(crate) nonce: Option<String>,
}

impl Terms {
    /// With everything that the app may do.
    fn of_app(grant: Grant, app: &App) -> Self {
        Self {
            grant,
            scopes: app.scopes.clone(),
            refreshed: false,
            identified: None,
        }
    }

    /// With what a user was asked for.
    pub(crate) fn asked(grant: Grant, scopes: Scopes) -> Self {
        Self {
            grant,
            refreshed: scopes.cover_refresh(),
            identified: None,
            scopes,
        }
    }

    /// With an ID token, if the scopes say so.
    #[must_use]
    pub(crate) fn identified(self, nonce: Option<String>) -> Self {
        let asked = self.scopes.contains("openid");
        Self {
            identified: asked.then_some(Identified { nonce }),
            ..self
        }
    }

    fn of_token(token: &Refreshing) -> Self {
        Self {
            grant: Grant::RefreshToken,
            scopes: token.scopes.clone(),
            refreshed: false,
            identified: None,
        }
    }
}

struct SigningKey(Arc<App>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl Granted {
    /// `issued_at` as it is sent and signed. Unit: milliseconds since the epoch, as decimal text.
    pub fn issued_at_text(&self) -> String {
        self.issued_at.as_millis().to_string()
    }

    /// The app that it was issued to.
    pub(crate) fn client_id(&self) -> &str {
        &self.signing.0.client_id
    }

    /// Proof that the answer comes from who knows the client secret.
    ///
    /// Wire: base64 with padding of HMAC-SHA256(secret, identity URL + `issued_at`).
    /// Source: "OAuth 2.0 Web Server Flow" (Salesforce Help), `signature`.
    pub fn signature(&self, identity_url: &str) -> String {
        let issued_at = self.issued_at_text();
        let parts = [identity_url.as_bytes(), issued_at.as_bytes()];
        BASE64_STANDARD.encode(hmac(self.signing.0.secret.as_bytes(), &parts))
    }
}

impl Auth {
    /// A login with user name and password.
    ///
    /// Source: "OAuth 2.0 Username-Password Flow" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with the faults of the client, [`LoginFault::AuthenticationFailed`], [`LoginFault::UserInactive`] or
    /// [`LoginFault::LoginRateExceeded`].
    pub async fn password_grant(
        &self,
        client: Client<'_>,
        attempt: impl Into<Attempt<'_>>,
        password: &str,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::Password)?;
        if !shared.settings.password_grant {
            return Err(Fault::Login(LoginFault::AuthenticationFailed).into());
        }
        let user = shared.verify(attempt.into(), password).await?;
        let terms = Terms::of_app(Grant::Password, &app);
        shared.begin_new(app, user, terms).await
    }

    /// A login with user name and password and without any app: its token may do all that the user may.
    ///
    /// Source: `login()` (SOAP API Developer Guide).
    ///
    /// # Errors
    /// Refused with [`LoginFault::AuthenticationFailed`], [`LoginFault::UserInactive`] or
    /// [`LoginFault::LoginRateExceeded`].
    pub async fn session(
        &self,
        attempt: impl Into<Attempt<'_>>,
        password: &str,
    ) -> Result<Granted, Error> {
        if !self.0.settings.password_grant {
            return Err(Fault::Login(LoginFault::AuthenticationFailed).into());
        }
        self.page_session(attempt, password).await
    }

    /// The same on a page of the server's own. Whether programs may log in with a password is no matter there.
    ///
    /// # Errors
    /// Those of [`Self::session`].
    pub async fn page_session(
        &self,
        attempt: impl Into<Attempt<'_>>,
        password: &str,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let user = shared.verify(attempt.into(), password).await?;
        let app = Arc::new(App::none());
        let terms = Terms::of_app(Grant::Session, &app);
        shared.begin_new(app, user, terms).await
    }

    /// A login of a connected app as its run-as user.
    ///
    /// Source: "OAuth 2.0 Client Credentials Flow" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with the faults of the client, [`LoginFault::ClientUserMissing`], [`LoginFault::UserInactive`] or
    /// [`LoginFault::LoginRateExceeded`].
    pub async fn client_credentials_grant(&self, client: Client<'_>) -> Result<Granted, Error> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::ClientCredentials)?;
        if client.secret.is_none() {
            return Err(Fault::Login(LoginFault::ClientCredentialsInvalid).into());
        }
        let run_as = app
            .run_as
            .ok_or(Fault::Login(LoginFault::ClientUserMissing))?;
        let user = shared.users.by_id(run_as).await?;
        let user = user.ok_or(Fault::Login(LoginFault::ClientUserMissing))?;
        let terms = Terms::of_app(Grant::ClientCredentials, &app);
        shared.begin_new(app, user, terms).await
    }

    /// A login on behalf of a user whom the app names by an assertion, which it has signed. Its audience is `base`, the
    /// server's own address if it has one, or a login host of the service.
    ///
    /// Source: "OAuth 2.0 JWT Bearer Flow" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with [`LoginFault::AssertionInvalid`], [`LoginFault::ClientIdInvalid`],
    /// [`LoginFault::GrantUnsupported`], [`LoginFault::AudienceInvalid`], [`LoginFault::AssertionExpired`],
    /// [`LoginFault::ClientNotApproved`], [`LoginFault::UserInactive`] or [`LoginFault::LoginRateExceeded`].
    pub async fn assertion_grant(
        &self,
        assertion: &str,
        base: Option<&str>,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let assertion = Assertion::parse(assertion)?;
        let app = shared.apps.find(assertion.client_id())?;
        if !app.grants.contains(&Grant::JwtBearer) {
            return Err(Fault::Login(LoginFault::GrantUnsupported).into());
        }
        let certificate = app.policy.certificate.as_ref();
        assertion.check(certificate, base, shared.engine.clock().now())?;
        let user = shared.users.by_name(assertion.username()).await?;
        let user = user.ok_or(Fault::Login(LoginFault::ClientNotApproved))?;
        let scopes = shared.approved(user.id, &app);
        let terms = Terms {
            grant: Grant::JwtBearer,
            scopes: scopes.ok_or(Fault::Login(LoginFault::ClientNotApproved))?,
            refreshed: false,
            identified: None,
        };
        shared.begin_new(app, user, terms).await
    }

    /// A new access token for a refresh token, and a new refresh token if the app rotates them.
    ///
    /// Source: "OAuth 2.0 Refresh Token Flow", "Refresh Token Rotation" (Salesforce Help).
    ///
    /// # Errors
    /// Refused with the faults of the client, [`LoginFault::RefreshTokenInvalid`] or [`LoginFault::UserInactive`].
    pub async fn refresh_grant(
        &self,
        client: Client<'_>,
        refresh_token: &str,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::RefreshToken)?;
        let hash = TokenHash::of(refresh_token);
        if app.policy.rotates_refresh_tokens {
            let _alone = shared.gate.write().await;
            let old = shared.refreshing(&app, &hash)?;
            shared.rotate(app, &old).await
        } else {
            let _shared = shared.gate.read().await;
            let token = shared.refreshing(&app, &hash)?;
            let user = shared.user_of(&token).await?;
            shared.check_rehearsal(&user, LoginFault::RefreshTokenInvalid)?;
            let terms = Terms::of_token(&token);
            let (granted, login) = shared.prepare(app, user, terms, Some(&token)).await?;
            shared.put(vec![login_document(&login)]).await?;
            Ok(granted)
        }
    }
}

/// A password that is being checked.
struct Pending<'a> {
    attempts: &'a Mutex<Attempts>,
    source: Source,
}

impl<'a> Pending<'a> {
    fn begin(attempts: &'a Mutex<Attempts>, source: Source) -> Result<Self, Fault> {
        lock(attempts).begin(source)?;
        Ok(Self { attempts, source })
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        lock(self.attempts).end(self.source);
    }
}

impl Shared {
    /// The user of this name, if the password is theirs.
    pub(crate) async fn verify(&self, attempt: Attempt<'_>, password: &str) -> Result<User, Error> {
        let clock = self.engine.clock();
        let user = self.users.by_name(attempt.username).await?;
        let id = user.as_ref().map_or(RecordId::EMPTY, |user| user.id);
        let credential = self.credential(id).await?;
        let stored = credential
            .as_ref()
            .map(|credential| credential.hash.as_str());
        let known =
            stored.is_some_and(|stored| self.passwords.verified(id, stored, password, clock.now()));
        if !known {
            lock(&self.attempts).check(attempt, clock.now())?;
            let _pending = Pending::begin(&self.attempts, attempt.source)?;
            let turn = self.passwords.turn().await?;
            // Once more: of guesses that were sent at once, all have passed the first check.
            lock(&self.attempts).check(attempt, clock.now())?;
            let candidates = self.candidates(password, credential.as_ref());
            let (right, _turn) = self.passwords.verify(turn, stored, candidates).await?;
            if !right {
                self.failed(attempt);
                return Err(Fault::Login(LoginFault::AuthenticationFailed).into());
            }
            lock(&self.attempts).succeeded(attempt, clock.now());
            if let Some(stored) = stored {
                self.passwords.remember(id, stored, password, clock.now());
            }
        }
        user.ok_or_else(|| Fault::Login(LoginFault::AuthenticationFailed).into())
    }

    /// Counts a failed login, and logs how many there were once in a while. The name is not logged: it may be a password.
    fn failed(&self, attempt: Attempt<'_>) {
        let source = attempt.source.0;
        debug!(%source, "login failed");
        let report = lock(&self.attempts).failed(attempt, self.engine.clock().now());
        if let Some(FailedLogins { failed, throttled }) = report {
            warn!(failed, throttled, last_source = %source, "logins failed");
        }
    }

    /// What the password may be, given that a security token may follow it.
    fn candidates(&self, password: &str, credential: Option<&Credential>) -> Vec<String> {
        if password.len() > limits::PASSWORD_BYTES_MAX {
            return Vec::new();
        }
        let mut candidates = vec![password.to_owned()];
        let token_hash = credential.and_then(|credential| credential.security_token.as_deref());
        if self.settings.security_token_ignored {
            let token = password.strip_prefix(DEVELOPER_PASSWORD);
            if token.is_some_and(|token| !token.is_empty()) {
                candidates.push(DEVELOPER_PASSWORD.to_owned());
            }
        }
        for length in SECURITY_TOKEN_LENGTHS {
            let split = password.len().checked_sub(length);
            let Some((front, token)) = split.and_then(|at| password.split_at_checked(at)) else {
                continue;
            };
            let ignored = self.settings.security_token_ignored
                && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if ignored || token_hash == Some(TokenHash::of(token).key().as_str()) {
                candidates.push(front.to_owned());
            }
        }
        candidates
    }

    pub(crate) async fn credential(&self, user: RecordId) -> Result<Option<Credential>, Error> {
        let kind = DocumentKind::Credential;
        let content = self.engine.document(kind, user.to_string()).await?;
        let credential = content.map(|content| read(kind, &content)).transpose();
        Ok(credential?)
    }

    /// Whether a user has approved an app, or need not.
    pub(crate) fn approves(&self, user: RecordId, app: &App, scopes: &Scopes) -> bool {
        app.policy.pre_authorized || self.refresh_tokens.approve(user, &app.client_id, scopes)
    }

    /// What a user lets an app do.
    fn approved(&self, user: RecordId, app: &App) -> Option<Scopes> {
        if app.policy.pre_authorized {
            return Some(app.scopes.clone());
        }
        self.refresh_tokens.approved(user, &app.client_id)
    }

    /// Counts and begins a login that comes from no other.
    pub(crate) async fn begin_new(
        &self,
        app: Arc<App>,
        user: User,
        terms: Terms,
    ) -> Result<Granted, Error> {
        if !user.active {
            return Err(Fault::Login(LoginFault::UserInactive).into());
        }
        self.check_rehearsal(&user, LoginFault::AuthenticationFailed)?;
        lock(&self.hourly).count(user.id, self.engine.clock().now())?;
        if !terms.refreshed {
            let (granted, login) = self.prepare(app, user, terms, None).await?;
            self.put(vec![login_document(&login)]).await?;
            return Ok(granted);
        }
        let (user_id, client_id) = (user.id, app.client_id.clone());
        let (token, refreshing) =
            self.make_refresh_token(user_id, &app, terms.scopes.clone(), None);
        let (mut granted, login) = self.prepare(app, user, terms, Some(&refreshing)).await?;
        let kind = DocumentKind::RefreshToken;
        let mut documents = vec![
            kept(kind, refreshing.hash.key(), &refreshing.stored()),
            login_document(&login),
        ];
        let _alone = self.gate.write().await;
        if let Some(oldest) = self.refresh_tokens.displaced(user_id, &client_id) {
            documents.extend(self.without_family(&oldest));
        }
        self.put(documents).await?;
        granted.refresh_token = Some(token);
        Ok(granted)
    }

    /// A login that is not stored yet. Once it is, it is found by its token.
    async fn prepare(
        &self,
        app: Arc<App>,
        user: User,
        terms: Terms,
        from: Option<&Refreshing>,
    ) -> Result<(Granted, Login), Error> {
        self.logins.check_room(user.id)?;
        let rights = self.engine.rights(user.id).await?;
        let now = self.engine.clock().now();
        let org_id = self.engine.org().id;
        let access_token = AccessToken::make(org_id, self.engine.entropy());
        let login = Login::begin(Beginning {
            user_id: user.id,
            username: user.username.as_str().into(),
            org_id,
            rights,
            scopes: terms.scopes.clone(),
            client_id: app.client_id.clone(),
            created: now,
            used: now,
            hash: TokenHash::of(access_token.as_str()),
            family: from.map(|token| token.family.clone()),
            idle_ms: self.settings.idle_ms(),
            expires: true,
        });
        let granted = Granted {
            access_token,
            refresh_token: None,
            user_id: user.id,
            username: user.username,
            org_id,
            issued_at: now,
            scopes: terms.scopes,
            grant: terms.grant,
            identified: terms.identified,
            signing: SigningKey(app),
        };
        Ok((granted, login))
    }

    /// What a refresh token of this app stands for.
    fn refreshing(&self, app: &App, hash: &TokenHash) -> Result<Arc<Refreshing>, Fault> {
        self.refresh_tokens
            .find(hash)
            .filter(|token| token.client_id == app.client_id)
            .ok_or(Fault::Login(LoginFault::RefreshTokenInvalid))
    }

    async fn user_of(&self, token: &Refreshing) -> Result<User, Error> {
        let user = self.users.by_id(token.user).await?;
        let active = user.filter(|user| user.active);
        active.ok_or_else(|| Fault::Login(LoginFault::UserInactive).into())
    }

    /// # Errors
    /// The refusal, if a test rehearses it.
    fn check_rehearsal(&self, user: &User, refusal: LoginFault) -> Result<(), Fault> {
        let occasion = || Occasion::default().user(user.id, &user.username);
        match self
            .engine
            .faults()
            .fires(FaultKind::LoginRefused, occasion)
        {
            Some(_) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Replaces a refresh token and begins a login, in one write.
    async fn rotate(&self, app: Arc<App>, old: &Refreshing) -> Result<Granted, Error> {
        let user = self.user_of(old).await?;
        self.check_rehearsal(&user, LoginFault::RefreshTokenInvalid)?;
        let (token, new) =
            self.make_refresh_token(old.user, &app, old.scopes.clone(), Some(old.family.clone()));
        let terms = Terms::of_token(old);
        let (mut granted, login) = self.prepare(app, user, terms, Some(old)).await?;
        let kind = DocumentKind::RefreshToken;
        self.put(vec![
            forgotten(kind, old.hash.key()),
            kept(kind, new.hash.key(), &new.stored()),
            login_document(&login),
        ])
        .await?;
        granted.refresh_token = Some(token);
        Ok(granted)
    }

    fn make_refresh_token(
        &self,
        user: RecordId,
        app: &App,
        scopes: Scopes,
        family: Option<String>,
    ) -> (RefreshToken, Refreshing) {
        let entropy = self.engine.entropy();
        let token = RefreshToken::make(entropy);
        let refreshing = Refreshing {
            hash: TokenHash::of(token.as_str()),
            user,
            client_id: app.client_id.clone(),
            scopes,
            created: self.engine.clock().now(),
            family: family.unwrap_or_else(|| random::<FAMILY_RANDOM>(entropy)),
        };
        (token, refreshing)
    }
}

fn login_document(login: &Login) -> Document {
    let stored = StoredLogin::of(login, login.used());
    kept(DocumentKind::Session, login.hash.key(), &stored)
}
