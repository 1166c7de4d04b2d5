//! Users, passwords and connected apps that are set up rather than asked for.

use std::fmt;
use std::sync::Arc;

use landfall_engine::{Assignment, Change, Transaction};
use landfall_model::fault::FaultField;
use landfall_model::{Fault, FieldName, RecordId, Value, ValueFault, limits};
use landfall_store::{Document, DocumentKind};
use tokio::sync::OnceCell;

use crate::Auth;
use crate::app::{App, AppPolicy, Grant};
use crate::documents::{Credential, StoredApp, kept};
use crate::error::Error;
use crate::grants::{DEVELOPER_PASSWORD, SECURITY_TOKEN_LENGTHS};
use crate::redirects;
use crate::scopes::Scopes;
use crate::token::{TokenHash, random};

/// Name and password of the developer org's administrator, client id and secret of its app.
///
/// Source: none: the contract of the developer org.
const DEVELOPER: (&str, &str, &str, &str) = (
    "admin@landfall.test",
    DEVELOPER_PASSWORD,
    "landfall",
    "landfall",
);

/// What the developer org's app may ask for: everything.
const DEVELOPER_SCOPES: &str = "full api id web openid refresh_token";

/// Names of a developer org's administrator and connected app. Logins without a token are routed by them.
#[derive(Clone)]
pub struct DeveloperNames {
    /// User name of the administrator: an email address.
    pub username: String,
    /// Consumer key of the connected app.
    pub client_id: String,
    /// Hash of the known password: computed once for all orgs of a process, as it is the largest part of opening one.
    password_hash: Arc<OnceCell<String>>,
}

impl DeveloperNames {
    /// Other names, with the same password.
    #[must_use]
    pub fn renamed(&self, username: String, client_id: String) -> Self {
        Self {
            username,
            client_id,
            password_hash: Arc::clone(&self.password_hash),
        }
    }
}

impl fmt::Debug for DeveloperNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeveloperNames")
            .field("username", &self.username)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Default for DeveloperNames {
    fn default() -> Self {
        let (username, _, client_id, _) = DEVELOPER;
        Self {
            username: username.to_owned(),
            client_id: client_id.to_owned(),
            password_hash: Arc::default(),
        }
    }
}

/// A user to be created.
#[derive(Clone)]
pub struct NewUser<'a> {
    /// The name they log in with: an email address.
    pub username: &'a str,
    /// Their password.
    pub password: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// Up to eight characters.
    pub alias: &'a str,
    /// The profile record: what they may do.
    pub profile: RecordId,
}

impl fmt::Debug for NewUser<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("username", &self.username)
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Gives a developer org its administrator and its connected app, both with the known secrets, unless they exist.
    ///
    /// Password and app become durable together: an org with one but not the other is not a developer org.
    ///
    /// # Errors
    /// [`Error`] if the store fails or the definitions refuse the user.
    pub async fn seed_developer(&self) -> Result<(), Error> {
        self.seed_developer_with(AppPolicy::default()).await
    }

    /// The same, with a policy for the app.
    ///
    /// # Errors
    /// As [`Self::seed_developer_as`].
    pub async fn seed_developer_with(&self, policy: AppPolicy) -> Result<(), Error> {
        self.seed_developer_as(&DeveloperNames::default(), policy)
            .await
    }

    /// The same, under these names, with a policy for the app. Where its users may be sent back to comes besides every address of the
    /// machine itself.
    ///
    /// # Errors
    /// As [`Self::seed_developer`]; [`Error::RedirectUriInvalid`].
    pub async fn seed_developer_as(
        &self,
        names: &DeveloperNames,
        mut policy: AppPolicy,
    ) -> Result<(), Error> {
        let (_, password, _, secret) = DEVELOPER;
        let mut documents = Vec::new();
        let admin = self.admin(&names.username, password);
        let admin = self.ensure_user(&admin).await?;
        if self.0.credential(admin).await?.is_none() {
            let hash = names
                .password_hash
                .get_or_try_init(|| self.hashed(password));
            documents.push(credential_document(admin, hash.await?.clone()));
        }
        policy.redirect_uris.extend(redirects::whole_machine());
        let app = App {
            client_id: names.client_id.clone(),
            secret: secret.to_owned(),
            secret_required: false,
            grants: Grant::ALL.to_vec(),
            scopes: Scopes::parse(DEVELOPER_SCOPES),
            run_as: Some(admin),
            policy,
        };
        app.check()?;
        documents.extend(self.changed_app(&app));
        self.0.put(documents).await
    }

    /// Creates an administrator unless the user exists; the password of one who has one stays.
    ///
    /// # Errors
    /// As [`Self::create_user`].
    pub async fn create_admin(&self, username: &str, password: &str) -> Result<RecordId, Error> {
        self.create_user(&self.admin(username, password)).await
    }

    fn admin<'a>(&self, username: &'a str, password: &'a str) -> NewUser<'a> {
        NewUser {
            username,
            password,
            last_name: "Admin",
            alias: "admin",
            profile: self.0.engine.org().administrators,
        }
    }

    /// Creates a user unless they exist; the password of one who has one stays.
    ///
    /// No user makes the first user: the record says that [`RecordId::EMPTY`] created it.
    ///
    /// # Errors
    /// [`Error`] if the store fails or the definitions refuse the user.
    pub async fn create_user(&self, new: &NewUser<'_>) -> Result<RecordId, Error> {
        let id = self.ensure_user(new).await?;
        if self.0.credential(id).await?.is_none() {
            self.set_password(id, new.password).await?;
        }
        Ok(id)
    }

    /// The record of a user, old or new.
    async fn ensure_user(&self, new: &NewUser<'_>) -> Result<RecordId, Error> {
        match self.0.users.by_name(new.username).await? {
            Some(user) => Ok(user.id),
            None => self.create_user_record(new).await,
        }
    }

    async fn create_user_record(&self, new: &NewUser<'_>) -> Result<RecordId, Error> {
        let entity = self.0.users.entity();
        let text = |text: &str| Value::Text(text.to_owned());
        let fields = [
            ("Username", text(new.username)),
            ("Email", text(new.username)),
            ("LastName", text(new.last_name)),
            ("Alias", text(new.alias)),
            ("CommunityNickname", text(new.alias)),
            ("IsActive", Value::Boolean(true)),
            ("ProfileId", Value::Id(new.profile)),
            ("TimeZoneSidKey", text("America/Los_Angeles")),
            ("LocaleSidKey", text("en_US")),
            ("LanguageLocaleKey", text("en_US")),
            ("EmailEncodingKey", text("UTF-8")),
        ];
        let place = |(name, value)| Some((entity.index_of(name)?, value));
        let values: Vec<Assignment> = fields.into_iter().filter_map(place).collect();
        let transaction = Transaction {
            changes: vec![Change::Create {
                entity: Arc::clone(entity),
                values,
            }],
            all_or_none: true,
            user: RecordId::EMPTY,
            origin: String::new(),
        };
        let outcomes = self.0.engine.commit(transaction).await?;
        match outcomes.into_iter().next() {
            Some(Ok(saved)) => Ok(saved.id),
            Some(Err(fault)) => Err(fault.into()),
            None => Err(landfall_engine::defect("a change has no outcome").into()),
        }
    }

    /// Gives a user a new password. It is not expired, and an earlier security token is void.
    ///
    /// Source: `setPassword()` (SOAP API Developer Guide); "Reset Your Security Token" (Salesforce Help).
    ///
    /// # Errors
    /// [`Error::UserUnknown`]; refused with [`ValueFault::Refused`] if it is shorter than the settings allow or longer
    /// than [`limits::PASSWORD_BYTES_MAX`]; [`Error`] if the store fails.
    pub async fn set_password(&self, user: RecordId, password: &str) -> Result<(), Error> {
        let shared = &*self.0;
        if shared.users.by_id(user).await?.is_none() {
            return Err(Error::UserUnknown {
                user: user.to_string(),
            });
        }
        let document = credential_document(user, self.hashed(password).await?);
        shared.put(vec![document]).await
    }

    /// The hash of a new password.
    async fn hashed(&self, password: &str) -> Result<String, Error> {
        let shared = &*self.0;
        let chars_min = shared.settings.password_chars_min;
        let is_short = password.chars().count() < chars_min;
        if is_short || password.is_empty() || password.len() > limits::PASSWORD_BYTES_MAX {
            return Err(password_refused(chars_min).into());
        }
        let entropy = shared.engine.entropy();
        shared.passwords.hash(password, entropy).await
    }

    /// Whether the user has to change their password before anything else.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn password_expired(&self, user: RecordId) -> Result<bool, Error> {
        let credential = self.0.credential(user).await?;
        Ok(credential.is_some_and(|credential| credential.expired))
    }

    /// Lets the user's password expire.
    ///
    /// # Errors
    /// [`Error::UserUnknown`] if they have none, or [`Error`] if the store fails.
    pub async fn expire_password(&self, user: RecordId) -> Result<(), Error> {
        let mut credential = self.known_credential(user).await?;
        credential.expired = true;
        self.keep_credential(user, &credential).await
    }

    /// Gives a user a security token, which is appended to the password where the network is not trusted.
    ///
    /// # Errors
    /// [`Error::UserUnknown`] if they have no password, or [`Error`] if the store fails.
    pub async fn reset_security_token(&self, user: RecordId) -> Result<String, Error> {
        let mut credential = self.known_credential(user).await?;
        let [length, _] = SECURITY_TOKEN_LENGTHS;
        // Only letters and digits occur in security tokens: of twice as many characters, enough are.
        let random = random::<64>(self.0.engine.entropy());
        let letters = random.chars().filter(char::is_ascii_alphanumeric);
        let token: String = letters.take(length).collect();
        credential.security_token = Some(TokenHash::of(&token).key());
        self.keep_credential(user, &credential).await?;
        Ok(token)
    }

    async fn known_credential(&self, user: RecordId) -> Result<Credential, Error> {
        let credential = self.0.credential(user).await?;
        credential.ok_or_else(|| Error::UserUnknown {
            user: user.to_string(),
        })
    }

    async fn keep_credential(&self, user: RecordId, credential: &Credential) -> Result<(), Error> {
        let document = kept(DocumentKind::Credential, user.to_string(), credential);
        self.0.put(vec![document]).await
    }

    /// Adds a connected app, or replaces the one with its client id.
    ///
    /// # Errors
    /// [`Error::ClientIdInvalid`], [`Error::SecretWeak`], or [`Error`] if the store fails.
    pub async fn create_app(&self, app: App) -> Result<(), Error> {
        let secret = &app.secret;
        if secret.chars().count() < limits::CLIENT_SECRET_CHARS_MIN
            || secret.contains(char::is_whitespace)
        {
            return Err(Error::SecretWeak);
        }
        app.check()?;
        self.0.put(vec![app_document(&app)]).await
    }

    /// Adds a connected app; of one that exists already, secret and run-as user stay and the rest becomes as given.
    ///
    /// # Errors
    /// As [`Self::create_app`].
    pub async fn ensure_app(&self, app: App) -> Result<(), Error> {
        let Some(known) = self.app(&app.client_id) else {
            return self.create_app(app).await;
        };
        let app = App {
            secret: known.secret.clone(),
            run_as: known.run_as,
            ..app
        };
        app.check()?;
        let changed = self.changed_app(&app);
        self.0.put(changed.into_iter().collect()).await
    }

    /// The document of an app, unless it is stored like this already.
    fn changed_app(&self, app: &App) -> Option<Document> {
        let known = self.app(&app.client_id);
        let is_same = known.is_some_and(|known| StoredApp::of(&known) == StoredApp::of(app));
        (!is_same).then(|| app_document(app))
    }

    /// A connected app by its client id.
    pub fn app(&self, client_id: &str) -> Option<Arc<App>> {
        self.0.apps.find(client_id).ok()
    }
}

fn credential_document(user: RecordId, hash: String) -> Document {
    let credential = Credential {
        hash,
        security_token: None,
        expired: false,
    };
    kept(DocumentKind::Credential, user.to_string(), &credential)
}

/// Source: "sObject User Password" (REST API Developer Guide) for the name; our own bounds.
fn password_refused(chars_min: usize) -> Fault {
    Fault::Value(ValueFault::Refused {
        field: FaultField {
            name: FieldName::new("NewPassword"),
            label: "New Password".to_owned(),
        },
        reason: format!(
            "a password has at least {chars_min} characters and at most {} bytes",
            limits::PASSWORD_BYTES_MAX
        ),
    })
}

fn app_document(app: &App) -> Document {
    let kind = DocumentKind::ConnectedApp;
    kept(kind, app.client_id.clone(), &StoredApp::of(app))
}
