//! Finding the org and logging in.

use landfall_client::pubsub::PubSub;
use landfall_client::{AccessToken, Code, Control, Error, Grant, Org, Target, Trust, system_trust};
use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};

use crate::org_options::OrgOptions;
use crate::outcome::{Exit, Failure};

/// How to log in, as often as needed.
pub(crate) struct Logins {
    target: Target,
    trust: Trust,
    with: With,
}

enum With {
    Token(AccessToken),
    Grant(Grant),
}

impl Logins {
    /// Reads the options.
    ///
    /// # Errors
    /// Wrong usage: credentials are missing or incomplete.
    pub(crate) fn new(options: &OrgOptions) -> Result<Self, Failure> {
        let target: Target = options
            .target
            .parse()
            .map_err(|error| Failure::of(&error).exit(Exit::Usage))?;
        let trust = options
            .ca_file
            .as_ref()
            .map_or_else(system_trust, Trust::file);
        let with = with(options, &target)?;
        Ok(Self {
            target,
            trust,
            with,
        })
    }

    /// The org, as the options name it.
    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }

    /// The user who would log in if there were no access token; none if only that is known.
    ///
    /// # Errors
    /// Wrong usage: the credentials are incomplete.
    pub(crate) fn user(&self, options: &OrgOptions) -> Result<Option<Grant>, Failure> {
        let is_known = options.username.is_some() && options.password.is_some();
        if options.access_token.is_some() && !is_known {
            return Ok(None);
        }
        grant(options, &self.target).map(Some)
    }

    pub(crate) async fn login(&self) -> Result<Org, Failure> {
        match &self.with {
            With::Token(token) => Org::with_token(self.target.clone(), &self.trust, token.clone()),
            With::Grant(grant) => Org::login(self.target.clone(), &self.trust, grant).await,
        }
        .map_err(|error| failure(&error))
    }

    /// The control interface, if the org is a developer org, with its login.
    ///
    /// # Errors
    /// Those of [`Control::new`].
    pub(crate) fn control(&self, org: &Org) -> Result<Control, Failure> {
        let token = Some(org.access_token().clone());
        Control::new(self.target.clone(), &self.trust, token).map_err(|error| failure(&error))
    }

    /// The same for the org whose access token the options have; without one, for the first org of the process.
    ///
    /// # Errors
    /// Those of [`Control::new`].
    pub(crate) fn control_as(&self, options: &OrgOptions) -> Result<Control, Failure> {
        let token = options.access_token.clone().map(AccessToken::new);
        Control::new(self.target.clone(), &self.trust, token).map_err(|error| failure(&error))
    }

    /// Connects to the Pub/Sub API with a login.
    pub(crate) async fn pubsub(&self, org: &Org) -> Result<PubSub, Error> {
        PubSub::connect(org, &self.trust).await
    }

    /// Logs in again after a login has ended.
    pub(crate) async fn renew(&self) -> Result<Org, Failure> {
        match &self.with {
            With::Token(_) => Err(Failure::new("the access token is no longer valid")
                .hint("log in with --username and --password, which can be repeated")
                .exit(Exit::LoginRefused)),
            With::Grant(_) => self.login().await,
        }
    }
}

fn with(options: &OrgOptions, target: &Target) -> Result<With, Failure> {
    if let Some(token) = &options.access_token {
        return Ok(With::Token(AccessToken::new(token.clone())));
    }
    grant(options, target).map(With::Grant)
}

fn grant(options: &OrgOptions, target: &Target) -> Result<Grant, Failure> {
    let client_id = options.client_id.clone();
    let client_secret = options.client_secret.clone();
    let known = || target.is_loopback().then(|| DEVELOPER_CLIENT.to_owned());
    let missing = |what: &str| {
        Failure::new(format!(
            "{what} is missing, and {target} is not on this machine"
        ))
        .hint("use --username and --password, or --access-token")
        .exit(Exit::Usage)
    };
    let grant = match (
        &options.username,
        &options.password,
        client_id,
        client_secret,
    ) {
        (None, None, Some(client_id), Some(client_secret)) => Grant::ClientCredentials {
            client_id,
            client_secret,
        },
        (username, password, client_id, client_secret) => {
            let developer = |text: &str| target.is_loopback().then(|| text.to_owned());
            Grant::Password {
                username: username
                    .clone()
                    .or_else(|| developer(DEVELOPER_USERNAME))
                    .ok_or_else(|| missing("a user name"))?,
                password: password
                    .clone()
                    .or_else(|| developer(DEVELOPER_PASSWORD))
                    .ok_or_else(|| missing("a password"))?,
                client_id: client_id
                    .or_else(known)
                    .ok_or_else(|| missing("--client-id"))?,
                client_secret: client_secret
                    .or_else(known)
                    .ok_or_else(|| missing("--client-secret"))?,
            }
        }
    };
    Ok(grant)
}

/// The message of an error on the way to the org.
pub(crate) fn failure(error: &Error) -> Failure {
    let failure = Failure::of(error);
    match error {
        Error::Target { .. } => failure.exit(Exit::Usage),
        Error::LoginRefused { .. }
        | Error::Rpc {
            code: Code::Unauthenticated,
            ..
        } => failure.exit(Exit::LoginRefused),
        Error::Connect { source, .. } if source.kind() == std::io::ErrorKind::InvalidData => failure
            .hint("trust its certificate authority with --ca-file; that of `landfall dev` is landfall-data/tls/ca.pem")
            .exit(Exit::Unreachable),
        Error::Connect { .. } => failure
            .hint("start an org with `landfall dev`, or choose another with --target URL")
            .exit(Exit::Unreachable),
        Error::Timeout(_)
        | Error::Connection { .. }
        | Error::Rpc {
            code: Code::Unavailable,
            ..
        } => failure.exit(Exit::Unreachable),
        Error::Rpc {
            code: Code::NotFound,
            ..
        } => failure.exit(Exit::Unknown),
        Error::Certificates { .. }
        | Error::Tls(_)
        | Error::Request(_)
        | Error::Body(_)
        | Error::Refused { .. }
        | Error::Status { .. }
        | Error::Shape(_)
        | Error::Rpc { .. }
        | Error::Schema(_)
        | Error::Payload(_) => failure,
    }
}
