//! A new org in a temporary folder, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use landfall_auth::{
    Auth, AuthorizationCode, AuthorizationParameters, AuthorizationRequest, Authorized, Client,
    CodeExchange, Granted, NewUser, PasswordCost, ResponseType, Settings,
};
use landfall_engine::usage::Allocations;
use landfall_engine::{
    Assignment, Change, Engine, Lease, ManualClock, Parts, SeededEntropy, Transaction,
};
use landfall_engine::{Org as Identity, WriterThread};
use landfall_model::{RecordId, Timestamp, Value};
use tempfile::TempDir;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The connected app of the developer org.
pub(crate) const APP: Client<'static> = Client {
    id: "landfall",
    secret: Some("landfall"),
};

/// Where the users of the apps in these tests are sent back to.
pub(crate) const REDIRECT_URI: &str = "http://localhost:1717/done";

/// The user of the developer org.
pub(crate) const ADMIN: &str = "admin@landfall.test";

pub(crate) struct Org {
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: Settings,
    folder: TempDir,
    writer: WriterThread,
    seed: u64,
}

/// What a developer org has, but with the cheapest hash and without a memory of passwords.
pub(crate) fn settings() -> Settings {
    Settings {
        password_cost: PasswordCost::LEAST,
        verified_password_kept: Duration::ZERO,
        ..Settings::developer()
    }
}

impl Org {
    pub(crate) async fn new(settings: Settings) -> Self {
        let folder = TempDir::new().expect("a folder");
        let clock = Arc::new(ManualClock::new(START));
        let (auth, writer) = open(folder.path(), &clock, &settings, 1).await;
        auth.seed_developer().await.expect("a developer org");
        Self {
            auth,
            clock,
            settings,
            folder,
            writer,
            seed: 1,
        }
    }

    /// The same org after its process has ended without a word and another was started.
    pub(crate) async fn restarted(self) -> Self {
        let settings = self.settings.clone();
        self.restarted_with(settings).await
    }

    /// The same org with other settings.
    pub(crate) async fn restarted_with(self, settings: Settings) -> Self {
        let Self {
            auth,
            clock,
            folder,
            writer,
            seed,
            ..
        } = self;
        drop(auth);
        tokio::task::spawn_blocking(move || writer.stop())
            .await
            .expect("the writer stops");
        let seed = seed + 1;
        let (auth, writer) = open(folder.path(), &clock, &settings, seed).await;
        Self {
            auth,
            clock,
            settings,
            folder,
            writer,
            seed,
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        self.auth.engine().org()
    }

    pub(crate) async fn log_in(&self) -> Granted {
        self.auth
            .password_grant(APP, ADMIN, "landfall")
            .await
            .expect("the administrator logs in")
    }

    /// A login by an authorization code: the user has been asked and has approved.
    pub(crate) async fn log_in_by_code(
        &self,
        client: Client<'_>,
        user: RecordId,
        scope: &str,
    ) -> Granted {
        let code = self.code(client.id, user, scope).await;
        let shown = CodeExchange {
            code: code.as_str(),
            redirect_uri: REDIRECT_URI,
            verifier: None,
        };
        let granted = self.auth.code_grant(client, shown).await;
        granted.expect("the code is exchanged")
    }

    /// What the app may ask for by this scope.
    pub(crate) fn request(&self, client_id: &str, scope: &str) -> AuthorizationRequest {
        let app = self
            .auth
            .asking_app(client_id, REDIRECT_URI)
            .expect("an app");
        let asked = AuthorizationParameters {
            response_type: ResponseType::Code,
            redirect_uri: REDIRECT_URI,
            scope: Some(scope),
            code_challenge: None,
            code_challenge_method: None,
            nonce: None,
        };
        self.auth
            .authorization_request(app, asked)
            .expect("a request")
    }

    pub(crate) async fn code(
        &self,
        client_id: &str,
        user: RecordId,
        scope: &str,
    ) -> AuthorizationCode {
        let request = self.request(client_id, scope);
        match self.auth.authorize(request, user).await {
            Ok(Authorized::Code(code)) => code,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn standard_user(&self, username: &str) -> RecordId {
        let user = NewUser {
            username,
            password: "secret",
            last_name: "User",
            alias: "user",
            profile: self.identity().standard_users,
        };
        self.auth.create_user(&user).await.expect("a user")
    }

    /// Changes a user's record as any API would.
    pub(crate) async fn update_user(&self, user: RecordId, field: &str, value: Value) {
        let entity = self.auth.user_entity();
        let place = entity.index_of(field).expect("a field");
        let values: Vec<Assignment> = vec![(place, value)];
        let change = Change::Update {
            entity: Arc::clone(entity),
            id: user,
            values,
            unmodified_since: None,
        };
        let outcomes = self
            .auth
            .engine()
            .commit(Transaction {
                changes: vec![change],
                all_or_none: true,
                user: RecordId::EMPTY,
                origin: String::new(),
            })
            .await
            .expect("a commit");
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    }
}

async fn open(
    folder: &Path,
    clock: &Arc<ManualClock>,
    settings: &Settings,
    seed: u64,
) -> (Auth, WriterThread) {
    let config = landfall_store_embedded::Config::new(folder.join("org.db"));
    let (engine, writer) = Engine::start(Parts {
        store: landfall_store_embedded::open(&config).expect("a store"),
        clock: Arc::clone(clock) as _,
        entropy: Arc::new(SeededEntropy::new(seed)),
        instance: *b"5f",
        reserve_bytes: 0,
        retention_hours: 72,
        capture_all: true,
        capture_rules: landfall_engine::CaptureRules::default(),
        streams: landfall_engine::Streams::default(),
        allocations: Allocations::UNLIMITED,
        lease: Lease::unlimited(),
    })
    .expect("an engine");
    let auth = Auth::open(engine, settings.clone()).await.expect("logins");
    (auth, writer)
}
