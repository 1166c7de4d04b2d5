//! The configuration of a server, and which combinations of settings are refused.
//!
//! [`Config::dev`] is a developer org: loopback only, known credentials. [`Config::serve`] is a production node: no
//! default credentials, and every combination that would put the org at risk is refused with the reason.

mod allocations;
mod cluster;
mod operations;
pub(crate) mod private;
mod secret;
mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use landfall_auth::{AppPolicy, Certificate, DeveloperNames, Scopes, Settings as AuthSettings};
use landfall_control::{Mask, SettingReport};
use landfall_engine::usage::Allocations;
use landfall_engine::{CaptureRules, Streams};
use landfall_model::{Timestamp, limits};

use crate::error::Error;
use crate::hosts::Hosts;
use crate::hosts::cors::Cors;
use crate::settings::network::Network;
use crate::settings::{self, FeatureName, Program, PublicUrl, Resolved, Setting, Settings, Value};
use allocations::{allocations, at_most};
pub use cluster::Cluster;
pub use operations::Operations;
pub use secret::Secret;
pub use template::Template;

/// User name of a developer org's administrator.
pub const DEVELOPER_USERNAME: &str = "admin@landfall.test";

/// Password of a developer org's administrator.
pub const DEVELOPER_PASSWORD: &str = "landfall";

/// Consumer key and secret of a developer org's connected app.
pub const DEVELOPER_CLIENT: &str = "landfall";

/// The configuration of a server.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// Developer org or production node.
    pub mode: Mode,
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the org is stored.
    pub data: Data,
    /// URL of the PostgreSQL database of the org, if it is not stored in the data folder.
    pub store: Option<Secret>,
    /// Of a node of a cluster, which shares the database with others.
    pub cluster: Option<Cluster>,
    /// How TLS is spoken.
    pub tls: Tls,
    /// Host names that requests may be addressed to.
    pub hosts: Hosts,
    /// Which websites may read responses in a browser.
    pub cors: Cors,
    /// Whether logins over cleartext are allowed.
    pub cleartext_logins: bool,
    /// Whether answers over TLS tell browsers to use nothing else.
    pub hsts: bool,
    /// The server's address as its clients use it.
    pub public_url: Option<PublicUrl>,
    /// Proxies whose `X-Forwarded-*` headers are trusted.
    pub trusted_proxies: Vec<Network>,
    /// How long events are retained. Unit: hours.
    pub retention_hours: u64,
    /// Free space of the disk below which uploads and jobs are refused. Unit: bytes.
    pub reserve_bytes: u64,
    /// Whether the machine's clock is followed when it jumps.
    pub trust_clock: bool,
    /// How much of the data file is compared with its checksums in a minute; 0 is nothing. Unit: MiB.
    pub scrub_mib_per_minute: u64,
    /// Whether changes of every object that supports it are captured.
    pub capture_all: bool,
    /// Whether logins are published to `LoginEventStream`.
    pub login_events: bool,
    /// How the changes of a transaction become events.
    pub capture_rules: CaptureRules,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// Allocations of the org.
    pub allocations: Allocations,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// Whether Streaming API clients must return the browser cookie.
    pub strict_cookies: bool,
    /// Whether subscribing to a generic channel that does not exist creates it.
    pub dynamic_channels: bool,
    /// `PushTopics` and generic channels.
    pub streams: Streams,
    /// Policies of the connected app.
    pub app_policy: AppPolicy,
    /// Scopes that the connected app may request, if not the default ones.
    pub app_scopes: Option<Scopes>,
    /// The names of a developer org's administrator and connected app.
    pub developer: DeveloperNames,
    /// How logins behave.
    pub logins: AuthSettings,
    /// Whether gRPC server reflection describes the Pub/Sub API.
    pub reflection: bool,
    /// The timeouts of the Pub/Sub API.
    pub pubsub: landfall_pubsub::Settings,
    /// The Salesforce DX project with the org's definitions.
    pub project: Option<PathBuf>,
    /// Whether a project of which anything has to be left out is refused.
    pub strict: bool,
    /// The features of the org besides those of its project.
    pub features: Vec<FeatureName>,
    /// Files of records to load into a new org.
    pub seeds: Vec<PathBuf>,
    /// How many requests of clients are kept to be shown.
    pub journal_requests: usize,
    /// When the clock of the org stands still from the start.
    pub frozen_at: Option<Timestamp>,
    /// What randomness is made from, in place of the machine's.
    pub random_seed: Option<u64>,
    /// Whether a production node has the console. A developer org always has it.
    pub console: bool,
    /// The listener for operators of a production node.
    pub operations: Option<Operations>,
    /// The fields whose values the console does not show.
    pub masked: Arc<Mask>,
    /// What is in effect, and where each value was set.
    pub settings: Arc<[SettingReport]>,
    /// The file that a new isolated org is copied from.
    pub template: Option<Template>,
}

/// What kind of org a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only, known credentials.
    Developer,
    /// No default credentials.
    Production {
        /// The first administrator, for a new store.
        admin: Option<Credentials>,
        /// The first connected app, for a new store.
        connected_app: Option<Credentials>,
    },
}

/// A name and its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// User name or consumer key.
    pub name: String,
    /// Password or consumer secret.
    pub secret: Secret,
}

/// Who may read `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Everybody who can reach it.
    Everybody,
    /// Logins that may view all data.
    Administrators,
    /// Clients with this bearer token, and those.
    Token(Secret),
}

/// Where an org is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// In this folder.
    Folder(PathBuf),
    /// In a temporary folder that is removed at exit.
    Ephemeral,
}

impl Data {
    /// Whether what the org stores has to survive a loss of power.
    pub(crate) const fn is_durable(&self) -> bool {
        matches!(self, Self::Folder(_))
    }
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate for this machine, issued by the certificate authority in the data folder.
    DeveloperAuthority,
    /// The same, and a certificate for the service's host names; the server is also a proxy to them.
    AsSalesforce,
    /// With this certificate.
    Files {
        /// Certificate chain in PEM.
        certificate: PathBuf,
        /// Private key in PEM.
        key: PathBuf,
    },
    /// Not at all.
    Off,
}

impl Config {
    /// A developer org.
    ///
    /// # Errors
    /// [`Error::Unsafe`] for an address that other machines can reach: anybody could log in with the known credentials.
    /// [`Error::Incomplete`] for what only a production node has.
    pub fn dev(settings: &Settings) -> Result<Self, Error> {
        let set = settings.of(Program::Dev)?;
        let listen = set.require(&settings::LISTEN)?;
        if !listen.ip().is_loopback() {
            return Err(Error::Unsafe {
                reason: format!(
                    "a developer org has known credentials, and {} can be reached from other machines",
                    listen.ip()
                ),
                hint: "listen on 127.0.0.1 or [::1], or run `landfall serve` with credentials of your own"
                    .to_owned(),
            });
        }
        let data = if set.require(&settings::EPHEMERAL)? {
            Data::Ephemeral
        } else {
            Data::Folder(set.require(&settings::DATA)?)
        };
        let as_salesforce = set.require(&settings::AS_SALESFORCE)?;
        let tls = if as_salesforce {
            Tls::AsSalesforce
        } else {
            Tls::DeveloperAuthority
        };
        let metrics = metrics_token(set)?.map_or(Metrics::Everybody, Metrics::Token);
        let logins = AuthSettings {
            auto_approve: set.get(&settings::AUTO_APPROVE)?,
            ..logins(AuthSettings::developer(), set)?
        };
        let extra = set.get(&settings::HOSTS)?.unwrap_or_default();
        Ok(Self {
            hosts: Hosts::Local {
                extra,
                as_salesforce,
            },
            ..Self::common(set, listen, data, tls, Mode::Developer, metrics, logins)?
        })
    }

    /// A production node.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::Unsafe`], [`Error::Read`].
    pub fn serve(settings: &Settings) -> Result<Self, Error> {
        let set = settings.of(Program::Serve)?;
        let listen = set.require(&settings::LISTEN)?;
        let data = Data::Folder(set.require(&settings::DATA)?);
        let tls = serve_tls(set, listen)?;
        let admin = credentials(
            set,
            &settings::ADMIN_USERNAME,
            &settings::ADMIN_PASSWORD_FILE,
        )?;
        let connected_app = credentials(
            set,
            &settings::APP_CLIENT_ID,
            &settings::APP_CLIENT_SECRET_FILE,
        )?;
        let weak = |setting, credentials: &Option<Credentials>, chars_min| match credentials {
            Some(credentials) => refuse_weak(&set.name(setting), &credentials.secret, chars_min),
            None => Ok(()),
        };
        let least = limits::PRODUCTION_PASSWORD_CHARS_MIN;
        weak(&settings::ADMIN_PASSWORD_FILE, &admin, least)?;
        let least = limits::CLIENT_SECRET_CHARS_MIN;
        weak(&settings::APP_CLIENT_SECRET_FILE, &connected_app, least)?;
        let mode = Mode::Production {
            admin,
            connected_app,
        };
        let metrics = metrics_token(set)?.map_or(Metrics::Administrators, Metrics::Token);
        let by_proxy = set.require(&settings::TLS_TERMINATED_BY_PROXY)?;
        let logins = logins(AuthSettings::production(), set)?;
        Ok(Self {
            store: set.get(&settings::STORE)?.map(Secret::new),
            cluster: cluster(set)?,
            operations: operations(set)?,
            app_scopes: app_scopes(set)?,
            cleartext_logins: by_proxy || tls == Tls::Off,
            hsts: true,
            ..Self::common(set, listen, data, tls, mode, metrics, logins)?
        })
    }

    /// What both commands read alike.
    fn common(
        set: Resolved<'_>,
        listen: SocketAddr,
        data: Data,
        tls: Tls,
        mode: Mode,
        metrics: Metrics,
        logins: AuthSettings,
    ) -> Result<Self, Error> {
        let cors = Cors {
            origins: set.get(&settings::CORS_ORIGINS)?.unwrap_or_default(),
            loopback: mode == Mode::Developer,
            oauth: set.require(&settings::CORS_OAUTH)?,
        };
        Ok(Self {
            developer: DeveloperNames::default(),
            mode,
            listen,
            data,
            store: None,
            cluster: None,
            tls,
            hosts: Hosts::Any,
            cors,
            cleartext_logins: true,
            hsts: false,
            public_url: set.get(&settings::PUBLIC_URL)?,
            trusted_proxies: set.get(&settings::PROXIES_TRUSTED)?.unwrap_or_default(),
            retention_hours: set.require(&settings::RETENTION_HOURS)?,
            reserve_bytes: set
                .require(&settings::RESERVE_MIB)?
                .saturating_mul(1024 * 1024),
            trust_clock: set.require(&settings::TRUST_CLOCK)?,
            scrub_mib_per_minute: set.require(&settings::SCRUB_MIB_PER_MINUTE)?,
            capture_all: set.require(&settings::CAPTURE_ALL)?,
            login_events: set.require(&settings::LOGIN_EVENTS)?,
            capture_rules: CaptureRules {
                differences: set.require(&settings::DIFFERENCES)?,
                merge: set.require(&settings::MERGE)?,
                overflow_after: set.require(&settings::OVERFLOW_AFTER)?,
            },
            connections_max: set.require(&settings::CONNECTIONS)?,
            allocations: allocations(set)?,
            metrics,
            strict_cookies: set.require(&settings::STRICT_COOKIES)?,
            dynamic_channels: set.require(&settings::DYNAMIC_CHANNELS)?,
            streams: streams(set)?,
            app_policy: app_policy(set)?,
            app_scopes: None,
            logins,
            reflection: set.require(&settings::REFLECTION)?,
            pubsub: landfall_pubsub::Settings {
                publish_idle_ms: i64::from(set.require(&settings::PUBLISH_IDLE_SECONDS)?) * 1_000,
                ..landfall_pubsub::Settings::default()
            },
            project: set.get(&settings::PROJECT)?,
            strict: set.require(&settings::STRICT)?,
            features: set.get(&settings::FEATURES)?.unwrap_or_default(),
            seeds: set.get(&settings::SEEDS)?.unwrap_or_default(),
            journal_requests: set.get(&settings::JOURNAL_REQUESTS)?.unwrap_or_default(),
            frozen_at: set.get(&settings::CLOCK)?,
            random_seed: set.get(&settings::RANDOM_SEED)?,
            console: set.get(&settings::CONSOLE_ENABLED)?.unwrap_or_default(),
            masked: Arc::new(Mask::new(
                &set.get(&settings::CONSOLE_MASKED_FIELDS)?
                    .unwrap_or_default(),
            )),
            settings: set.report().into(),
            template: None,
            operations: None,
        })
    }
}

fn cluster(set: Resolved<'_>) -> Result<Option<Cluster>, Error> {
    let (advertise, file) = (&settings::CLUSTER_ADVERTISE, &settings::CLUSTER_SECRET_FILE);
    match (set.get(advertise)?, set.get(file)?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(set, advertise, file)),
        (None, Some(_)) => Err(half(set, file, advertise)),
        (Some(_), Some(_)) if set.get(&settings::STORE)?.is_none() => {
            Err(half(set, advertise, &settings::STORE))
        }
        (Some(advertise), Some(path)) => {
            let name = set.name(file);
            let secret = private_secret(&name, &path)?;
            refuse_weak(&name, &secret, limits::CLIENT_SECRET_CHARS_MIN)?;
            Ok(Some(Cluster { advertise, secret }))
        }
    }
}

fn operations(set: Resolved<'_>) -> Result<Option<Operations>, Error> {
    let (listen, file) = (
        &settings::OPERATIONS_LISTEN,
        &settings::OPERATIONS_TOKEN_FILE,
    );
    match (set.get(listen)?, set.get(file)?) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(set, listen, file)),
        (None, Some(_)) => Err(half(set, file, listen)),
        (Some(_), Some(_)) if set.get(&settings::CLUSTER_ADVERTISE)?.is_some() => {
            Err(Error::Incomplete {
                reason: format!(
                    "{} is not available on a node of a cluster",
                    set.name(listen)
                ),
            })
        }
        (Some(address), Some(path)) => {
            // The token crosses the network as passwords do.
            serve_tls(set, address)?;
            let name = set.name(file);
            let token = private_secret(&name, &path)?;
            refuse_weak(&name, &token, limits::CLIENT_SECRET_CHARS_MIN)?;
            Ok(Some(Operations {
                listen: address,
                token,
            }))
        }
    }
}

fn metrics_token(set: Resolved<'_>) -> Result<Option<Secret>, Error> {
    let Some(file) = set.get(&settings::METRICS_TOKEN_FILE)? else {
        return Ok(None);
    };
    let name = set.name(&settings::METRICS_TOKEN_FILE);
    let token = private_secret(&name, &file)?;
    refuse_weak(&name, &token, limits::CLIENT_SECRET_CHARS_MIN)?;
    Ok(Some(token))
}

fn app_policy(set: Resolved<'_>) -> Result<AppPolicy, Error> {
    let certificate = match set.get(&settings::APP_CERTIFICATE_FILE)? {
        Some(path) => Some(certificate(
            &set.name(&settings::APP_CERTIFICATE_FILE),
            &path,
        )?),
        None => None,
    };
    let pre_authorized = set.get(&settings::APP_PRE_AUTHORIZED)?;
    Ok(AppPolicy {
        redirect_uris: set.get(&settings::APP_REDIRECT_URIS)?.unwrap_or_default(),
        rotates_refresh_tokens: set.require(&settings::APP_ROTATE_REFRESH_TOKENS)?,
        pre_authorized: pre_authorized.unwrap_or_else(|| certificate.is_some()),
        certificate,
        ..AppPolicy::default()
    })
}

/// How logins behave: the settings, over what a command implies.
fn logins(base: AuthSettings, set: Resolved<'_>) -> Result<AuthSettings, Error> {
    let seconds = set.require(&settings::SESSION_TIMEOUT_SECONDS)?;
    Ok(AuthSettings {
        session_idle: Duration::from_secs(seconds),
        password_grant: set.require(&settings::PASSWORD_GRANT)?,
        logins_an_hour: at_most(set.require(&settings::LOGINS_AN_HOUR)?),
        ..base
    })
}

fn app_scopes(set: Resolved<'_>) -> Result<Option<Scopes>, Error> {
    let Some(names) = set.get(&settings::APP_SCOPES)? else {
        return Ok(None);
    };
    let scopes = Scopes::parse(&names.join(" "));
    match scopes.unknown() {
        Some(name) => Err(Error::Incomplete {
            reason: format!(
                "{}: `{name}` is not a scope",
                set.name(&settings::APP_SCOPES)
            ),
        }),
        None => Ok(Some(scopes)),
    }
}

fn certificate(name: &str, path: &Path) -> Result<Certificate, Error> {
    let pem = read_bounded(path)?;
    Certificate::from_pem(pem.as_bytes()).ok_or_else(|| Error::Incomplete {
        reason: format!(
            "{name}: {} contains no certificate in PEM with an RSA key of 2048 bits or more",
            path.display()
        ),
    })
}

/// Retention and number of `PushTopics` and generic channels: the settings, over what the edition has.
fn streams(set: Resolved<'_>) -> Result<Streams, Error> {
    let longest = set.require(&settings::RETENTION_HOURS)?;
    let own = set.get(&settings::STREAM_RETENTION_HOURS)?;
    if own.is_some_and(|own| own > longest) {
        return Err(Error::Incomplete {
            reason: format!(
                "{} exceeds `events.retention_hours`, which is {longest}: all events are in one log and none outlives it",
                set.name(&settings::STREAM_RETENTION_HOURS)
            ),
        });
    }
    let documented = allocations::streams(set.require(&settings::ALLOCATIONS)?);
    let or_documented = |own: Option<usize>, documented| match own {
        Some(limit) => at_most(limit),
        None => documented,
    };
    Ok(Streams {
        retention_hours: own.unwrap_or_else(|| limits::STREAM_RETENTION_HOURS.min(longest)),
        push_topics_max: or_documented(
            set.get(&settings::PUSH_TOPICS)?,
            documented.map(|most| most.0),
        ),
        channels_max: or_documented(
            set.get(&settings::STREAMING_CHANNELS)?,
            documented.map(|most| most.1),
        ),
    })
}

fn serve_tls(set: Resolved<'_>, listen: SocketAddr) -> Result<Tls, Error> {
    let by_proxy = set.require(&settings::TLS_TERMINATED_BY_PROXY)?;
    let proxies = set.get(&settings::PROXIES_TRUSTED)?.unwrap_or_default();
    if by_proxy && proxies.is_empty() {
        return Err(Error::Incomplete {
            reason: format!(
                "{} requires `proxies.trusted`: without the proxy's addresses, answers would contain http URLs",
                set.name(&settings::TLS_TERMINATED_BY_PROXY)
            ),
        });
    }
    let pair = (
        set.get(&settings::TLS_CERTIFICATE_FILE)?,
        set.get(&settings::TLS_KEY_FILE)?,
    );
    match pair {
        (Some(certificate), Some(key)) => {
            private::secret(&set.name(&settings::TLS_KEY_FILE), &key)?;
            Ok(Tls::Files { certificate, key })
        }
        (Some(_), None) => Err(half(
            set,
            &settings::TLS_CERTIFICATE_FILE,
            &settings::TLS_KEY_FILE,
        )),
        (None, Some(_)) => Err(half(
            set,
            &settings::TLS_KEY_FILE,
            &settings::TLS_CERTIFICATE_FILE,
        )),
        (None, None) if by_proxy || listen.ip().is_loopback() => Ok(Tls::Off),
        (None, None) => Err(Error::Unsafe {
            reason: format!(
                "{listen} can be reached from other machines and there is no TLS: \
                 passwords and tokens would cross the network in cleartext"
            ),
            hint: "set tls.certificate_file and tls.key_file, or tls.terminated_by_proxy = true behind a proxy"
                .to_owned(),
        }),
    }
}

/// One setting of a pair is set without the other.
fn half<T: Value, U: Value>(set: Resolved<'_>, one: &Setting<T>, other: &Setting<U>) -> Error {
    Error::Incomplete {
        reason: format!("{} is set without {}", set.name(one), set.name(other)),
    }
}

fn credentials(
    set: Resolved<'_>,
    name: &Setting<String>,
    secret: &Setting<PathBuf>,
) -> Result<Option<Credentials>, Error> {
    match (set.get(name)?, set.get(secret)?) {
        (None, None) => Ok(None),
        (Some(name), Some(file)) => Ok(Some(Credentials {
            name: name.trim().to_owned(),
            secret: private_secret(&set.name(secret), &file)?,
        })),
        (Some(_), None) => Err(half(set, name, secret)),
        (None, Some(_)) => Err(half(set, secret, name)),
    }
}

/// Reads a secret that only the server's user can read.
fn private_secret(name: &str, path: &Path) -> Result<Secret, Error> {
    private::secret(name, path)?;
    read_secret(path)
}

/// Reads a secret from its file; a line end after it is not part of it.
///
/// # Errors
/// [`Error::Read`], also for a file that is too large for a secret.
pub fn read_secret(path: &Path) -> Result<Secret, Error> {
    let text = read_bounded(path)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Secret::new(text.to_owned()))
}

fn read_bounded(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > limits::SECRET_FILE_BYTES_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn refuse_weak(name: &str, secret: &Secret, chars_min: usize) -> Result<(), Error> {
    let chars = secret.expose().chars().count();
    let reason = if secret.expose() == DEVELOPER_PASSWORD {
        format!("{name} contains the known secret of a developer org")
    } else if chars < chars_min {
        format!("{name} contains {chars} characters, but at least {chars_min} are required")
    } else {
        return Ok(());
    };
    Err(Error::Unsafe {
        reason,
        hint: "generate one: head -c 24 /dev/urandom | base64 > FILE".to_owned(),
    })
}

#[cfg(test)]
mod tests;
