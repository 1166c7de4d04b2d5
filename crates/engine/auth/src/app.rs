//! Connected apps: which clients may ask for tokens, and how.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use landfall_model::{LoginFault, RecordId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::redirects;
use crate::scopes::Scopes;

/// A way to get an access token.
///
/// Source: "OAuth 2.0" grants (Salesforce Help), one flow each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A code that the user's browser brought.
    AuthorizationCode,
    /// None: the user's browser brings the access token itself.
    Implicit,
    /// User name and password.
    Password,
    /// The app itself, as its run-as user.
    ClientCredentials,
    /// A refresh token.
    RefreshToken,
    /// What the app has signed on behalf of a user.
    JwtBearer,
    /// A device whose user has answered in a browser.
    Device,
    /// None of OAuth: user name and password alone, as `login()` of the SOAP API has them. No app has it.
    Session,
}

impl Grant {
    /// Every grant that an app can have.
    pub const ALL: [Self; 7] = [
        Self::AuthorizationCode,
        Self::Implicit,
        Self::Password,
        Self::ClientCredentials,
        Self::RefreshToken,
        Self::JwtBearer,
        Self::Device,
    ];

    /// The value of `grant_type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::Implicit => "implicit",
            Self::Password => "password",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::JwtBearer => "urn:ietf:params:oauth:grant-type:jwt-bearer",
            Self::Device => "device",
            Self::Session => "session",
        }
    }

    /// Reads a `grant_type`.
    ///
    /// # Errors
    /// [`LoginFault::GrantUnsupported`].
    pub fn parse(text: &str) -> Result<Self, LoginFault> {
        Self::ALL
            .into_iter()
            .find(|grant| grant.as_str() == text)
            .ok_or(LoginFault::GrantUnsupported)
    }
}

/// A connected app.
#[derive(Clone)]
pub struct App {
    /// What clients call it by: the consumer key.
    pub client_id: String,
    /// The consumer secret. Kept in clear, since answers are signed with it.
    pub secret: String,
    /// Whether a request without the secret is refused. A wrong secret always is.
    pub secret_required: bool,
    /// How tokens may be asked for.
    pub grants: Vec<Grant>,
    /// What its tokens may be used for.
    pub scopes: Scopes,
    /// Whom the app acts for when it asks for itself.
    pub run_as: Option<RecordId>,
    /// The policies that the administrator sets for it.
    pub policy: AppPolicy,
}

/// What can be decided about a connected app at any time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppPolicy {
    /// Where its users may be sent back to. `*` may stand for the port on the machine itself, and then for the path.
    pub redirect_uris: Vec<String>,
    /// Whether a refresh token is replaced at each use.
    ///
    /// Source: "Refresh Token Rotation" (Salesforce Help).
    pub rotates_refresh_tokens: bool,
    /// Whether an authorization code requires PKCE.
    ///
    /// Source: "`ConnectedApp`" (Metadata API Developer Guide), `isPkceRequired`.
    pub requires_pkce: bool,
    /// What it signs its assertions with.
    pub certificate: Option<Certificate>,
    /// Whether the consent page is skipped for its users.
    ///
    /// Source: "Manage OAuth Access Policies for a Connected App" (Salesforce Help), "Admin approved users are
    /// pre-authorized". All users are: there are no profiles to choose from.
    pub pre_authorized: bool,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("client_id", &self.client_id)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Whether clients can send the client id: it stands in headers, forms and auth URLs.
    ///
    /// Clients: @salesforce/core reads `[a-zA-Z0-9._-]+={0,2}` in its auth URLs.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let id = &self.client_id;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if id.is_empty() || id.len() > 255 || !id.bytes().all(known) {
            return Err(Error::ClientIdInvalid);
        }
        let uris = &self.policy.redirect_uris;
        match uris.iter().find(|uri| !redirects::is_usable(uri)) {
            Some(uri) => Err(Error::RedirectUriInvalid { uri: uri.clone() }),
            None => Ok(()),
        }
    }

    /// What logins without an app stand in for: no client can call it by its name.
    pub(crate) fn none() -> Self {
        Self {
            client_id: String::new(),
            secret: String::new(),
            secret_required: true,
            grants: Vec::new(),
            scopes: Scopes::parse("full"),
            run_as: None,
            policy: AppPolicy::default(),
        }
    }

    /// The app of the vendor's command line, which every org has.
    ///
    /// Clients: `sf org login web` waits at `http://localhost:1717/OauthRedirect`, or at another port that its user sets.
    pub(crate) fn platform_cli() -> Self {
        Self {
            client_id: "PlatformCLI".to_owned(),
            secret: String::new(),
            secret_required: false,
            grants: vec![Grant::AuthorizationCode, Grant::RefreshToken, Grant::Device],
            scopes: Scopes::parse("api web refresh_token"),
            run_as: None,
            policy: AppPolicy {
                redirect_uris: vec!["http://localhost:*/OauthRedirect".to_owned()],
                ..AppPolicy::default()
            },
        }
    }
}

/// What a client shows to prove which app it is.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// `client_id`.
    pub id: &'a str,
    /// `client_secret`.
    pub secret: Option<&'a str>,
}

impl fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How an app that was deployed as metadata is found.
type FindDeployed = Box<dyn Fn(&str) -> Option<App> + Send + Sync>;

/// The apps of an org, all in memory: those that are stored, then those that were deployed.
pub(crate) struct Apps {
    /// What every org has, unless another app has its client id.
    cli: Arc<App>,
    stored: RwLock<HashMap<String, Arc<App>>>,
    deployed: FindDeployed,
}

impl Apps {
    pub(crate) fn new(deployed: FindDeployed) -> Self {
        Self {
            cli: Arc::new(App::platform_cli()),
            stored: RwLock::default(),
            deployed,
        }
    }

    pub(crate) fn insert(&self, app: App) {
        self.stored
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(app.client_id.clone(), Arc::new(app));
    }

    pub(crate) fn remove(&self, client_id: &str) {
        self.stored
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(client_id);
    }

    /// The client ids of the stored apps.
    pub(crate) fn ids(&self) -> Vec<String> {
        let stored = self.stored.read().unwrap_or_else(PoisonError::into_inner);
        stored.keys().cloned().collect()
    }

    pub(crate) fn find(&self, client_id: &str) -> Result<Arc<App>, LoginFault> {
        let stored = self
            .stored
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(client_id)
            .map(Arc::clone);
        stored
            .or_else(|| (self.deployed)(client_id).map(Arc::new))
            .or_else(|| (client_id == self.cli.client_id).then(|| Arc::clone(&self.cli)))
            .ok_or(LoginFault::ClientIdInvalid)
    }

    /// The app of a client that shows the right secret, or none where none is needed.
    pub(crate) fn identify(&self, client: Client<'_>) -> Result<Arc<App>, LoginFault> {
        let app = self.find(client.id)?;
        // An empty secret is none: an app may have none that could be shown.
        let proven = match client.secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => same(secret, &app.secret),
            None => !app.secret_required,
        };
        if proven {
            Ok(app)
        } else {
            Err(LoginFault::ClientCredentialsInvalid)
        }
    }

    /// The same for a certain grant.
    pub(crate) fn granting(
        &self,
        client: Client<'_>,
        grant: Grant,
    ) -> Result<Arc<App>, LoginFault> {
        let app = self.identify(client)?;
        if app.grants.contains(&grant) {
            Ok(app)
        } else {
            Err(LoginFault::GrantUnsupported)
        }
    }
}

/// Compares secrets in a time that depends neither on content nor on length.
fn same(given: &str, known: &str) -> bool {
    let [given, known] = [given, known].map(|text| Sha256::digest(text.as_bytes()));
    given.as_slice().ct_eq(known.as_slice()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apps(secret_required: bool) -> Apps {
        let apps = Apps::new(Box::new(|_| None));
        apps.insert(App {
            client_id: "app".to_owned(),
            secret: "right".to_owned(),
            secret_required,
            grants: vec![Grant::Password],
            scopes: Scopes::parse("api"),
            run_as: None,
            policy: AppPolicy::default(),
        });
        apps
    }

    fn identify(apps: &Apps, id: &str, secret: Option<&str>) -> Result<(), LoginFault> {
        apps.identify(Client { id, secret }).map(|_| ())
    }

    #[test]
    fn a_wrong_secret_is_refused_even_where_none_is_needed() {
        let open = apps(false);
        assert_eq!(identify(&open, "app", None), Ok(()));
        assert_eq!(identify(&open, "app", Some("right")), Ok(()));
        assert_eq!(
            identify(&open, "app", Some("wrong")),
            Err(LoginFault::ClientCredentialsInvalid)
        );
    }

    #[test]
    fn a_missing_secret_is_refused_where_one_is_needed() {
        let closed = apps(true);
        assert_eq!(
            identify(&closed, "app", None),
            Err(LoginFault::ClientCredentialsInvalid)
        );
        assert_eq!(
            identify(&closed, "ap", None),
            Err(LoginFault::ClientIdInvalid)
        );
    }

    #[test]
    fn an_app_without_a_secret_is_not_proven_by_an_empty_one() {
        let deployed = App {
            secret_required: true,
            ..App::platform_cli()
        };
        let apps = Apps::new(Box::new(move |_| Some(deployed.clone())));
        for secret in [None, Some(""), Some("any")] {
            let refused = identify(&apps, "deployed", secret);
            assert_eq!(
                refused,
                Err(LoginFault::ClientCredentialsInvalid),
                "{secret:?}"
            );
        }
    }

    #[test]
    fn a_grant_that_the_app_does_not_have_is_not_served() {
        let client = Client {
            id: "app",
            secret: Some("right"),
        };
        assert!(apps(true).granting(client, Grant::Password).is_ok());
        let refused = apps(true).granting(client, Grant::ClientCredentials);
        assert_eq!(refused.err(), Some(LoginFault::GrantUnsupported));
    }
}
