//! What a server runs with, and which combinations it refuses.
//!
//! [`Config::dev`] is a developer org: loopback only, known credentials. [`Config::serve`] is a production node: nothing
//! is assumed that could be guessed, and whatever would put the org at risk is refused with the reason.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use landfall_auth::{AppPolicy, Certificate, Scopes, Settings as AuthSettings};
use landfall_engine::usage::Allocations;
use landfall_engine::{CaptureRules, Streams};
use landfall_model::limits;

use crate::allocations::{self, allocations};
use crate::error::Error;
use crate::network::Network;
use crate::settings::{self, Edition, Settings};

/// Where a server listens unless told otherwise.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:7443";

/// Where an org is kept unless told otherwise.
pub const DATA_DEFAULT: &str = "landfall-data";

/// User name of a developer org's administrator.
pub const DEVELOPER_USERNAME: &str = "admin@landfall.test";

/// Password of a developer org's administrator.
pub const DEVELOPER_PASSWORD: &str = "landfall";

/// Consumer key and secret of a developer org's connected app.
pub const DEVELOPER_CLIENT: &str = "landfall";

/// Connections at once unless told otherwise: ten thousand idle subscribers and then some.
const CONNECTIONS_DEFAULT: usize = 20_000;

/// Shortest password of an administrator. Unit: characters.
const PASSWORD_CHARS_MIN: usize = 12;

/// Shortest secret of a connected app, which no person has to type. Unit: characters.
const SECRET_CHARS_MIN: usize = 16;

/// Largest file that holds a secret. Unit: bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// What a server runs with.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// Developer org or production node.
    pub mode: Mode,
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the org is kept.
    pub data: Data,
    /// How TLS is spoken.
    pub tls: Tls,
    /// Peers whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// How long events stay. Unit: hours.
    pub retention_hours: u64,
    /// Whether changes of every object that supports it are captured.
    pub capture_all: bool,
    /// Whether logins become events of `LoginEventStream`.
    pub tell_logins: bool,
    /// How the changes of a transaction become events.
    pub capture_rules: CaptureRules,
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// What the org may use.
    pub allocations: Allocations,
    /// Who may read `/metrics`.
    pub metrics: Metrics,
    /// Whether Streaming API clients must return the browser cookie.
    pub strict_cookies: bool,
    /// Whether generic channels are made for who subscribes to them.
    pub dynamic_channels: bool,
    /// `PushTopics` and generic channels.
    pub streams: Streams,
    /// What is decided about the connected app.
    pub app_policy: AppPolicy,
    /// What the connected app may ask for, if it is not what it has anyway.
    pub app_scopes: Option<Scopes>,
    /// How logins behave.
    pub logins: AuthSettings,
    /// Whether the Pub/Sub API is described to whoever asks, by server reflection.
    pub reflection: bool,
    /// The timeouts of the Pub/Sub API.
    pub pubsub: landfall_pubsub::Settings,
    /// The Salesforce DX project that the definitions come from.
    pub project: Option<PathBuf>,
    /// Files of the records that the org begins with.
    pub seeds: Vec<PathBuf>,
}

/// What kind of org a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Loopback only, known credentials.
    Developer,
    /// Credentials of one's own.
    Production {
        /// The first administrator, for a new store.
        admin: Option<Credentials>,
        /// The first connected app, for a new store.
        connected_app: Option<Credentials>,
    },
}

/// A name and the secret that goes with it.
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
    /// Whoever reaches it.
    Everybody,
    /// Logins that see all data.
    Administrators,
    /// Whoever brings this token, and those.
    Token(Secret),
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one who compares or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Where an org is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// In this folder.
    Folder(PathBuf),
    /// In a temporary folder that is removed at exit.
    Ephemeral,
}

/// How TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// With a certificate for this machine, issued by an authority of the data folder's own.
    DeveloperAuthority,
    /// The same, and under the vendor's host names with a certificate for them; there are tunnels to them as well.
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
    pub fn dev(settings: Settings) -> Result<Self, Error> {
        let listen = settings.listen.map_or_else(listen_default, Ok)?;
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
        refuse_production_keys(&settings)?;
        let app = &settings.connected_app;
        let app_policy = app_policy(app)?;
        let data = if settings.ephemeral.unwrap_or(false) {
            Data::Ephemeral
        } else {
            Data::Folder(settings.data.unwrap_or_else(|| DATA_DEFAULT.into()))
        };
        Ok(Self {
            mode: Mode::Developer,
            listen,
            data,
            tls: if settings.as_salesforce.unwrap_or(false) {
                Tls::AsSalesforce
            } else {
                Tls::DeveloperAuthority
            },
            trusted_proxies: settings.proxies.trusted.unwrap_or_default(),
            retention_hours: retention_hours(&settings.events)?,
            capture_all: settings.events.capture_all.unwrap_or(true),
            tell_logins: settings.events.logins.unwrap_or(false),
            capture_rules: capture_rules(&settings.events)?,
            connections_max: connections_max(&settings.limits)?,
            allocations: allocations(Edition::Unlimited, &settings.limits),
            metrics: match metrics_token(&settings.metrics)? {
                Some(token) => Metrics::Token(token),
                None => Metrics::Everybody,
            },
            strict_cookies: settings.streaming.strict_cookies.unwrap_or(false),
            dynamic_channels: settings.streaming.dynamic_channels.unwrap_or(false),
            streams: streams(&settings.events, &settings.limits, Edition::Unlimited)?,
            app_policy: AppPolicy {
                pre_authorized: app
                    .pre_authorized
                    .unwrap_or_else(|| app_policy.certificate.is_some()),
                ..app_policy
            },
            app_scopes: None,
            logins: AuthSettings {
                auto_approve: settings.oauth.auto_approve.clone(),
                ..logins(AuthSettings::developer(), &settings.oauth, &settings.limits)?
            },
            reflection: settings.pubsub.reflection.unwrap_or(true),
            pubsub: pubsub(&settings.pubsub)?,
            project: settings.project,
            seeds: settings.seeds.unwrap_or_default(),
        })
    }

    /// A production node.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::Unsafe`], [`Error::Read`].
    pub fn serve(settings: Settings) -> Result<Self, Error> {
        let listen = settings.listen.map_or_else(listen_default, Ok)?;
        refuse_developer_keys(&settings)?;
        let data = settings.data.ok_or_else(|| Error::Incomplete {
            reason: "`data` names no folder to keep the org in".to_owned(),
        })?;
        let proxies = settings.proxies.trusted.unwrap_or_default();
        let tls = serve_tls(&settings.tls, listen, &proxies)?;
        let admin = credentials(
            "admin.username",
            settings.admin.username,
            "admin.password_file",
            settings.admin.password_file.as_deref(),
        )?;
        let app_policy = app_policy(&settings.connected_app)?;
        let app_scopes = app_scopes(&settings.connected_app)?;
        let connected_app = credentials(
            "connected_app.client_id",
            settings.connected_app.client_id,
            "connected_app.client_secret_file",
            settings.connected_app.client_secret_file.as_deref(),
        )?;
        if let Some(admin) = &admin {
            refuse_weak("admin.password_file", &admin.secret, PASSWORD_CHARS_MIN)?;
        }
        if let Some(app) = &connected_app {
            refuse_weak(
                "connected_app.client_secret_file",
                &app.secret,
                SECRET_CHARS_MIN,
            )?;
        }
        Ok(Self {
            mode: Mode::Production {
                admin,
                connected_app,
            },
            listen,
            data: Data::Folder(data),
            tls,
            trusted_proxies: proxies,
            retention_hours: retention_hours(&settings.events)?,
            capture_all: settings.events.capture_all.unwrap_or(false),
            tell_logins: settings.events.logins.unwrap_or(false),
            capture_rules: capture_rules(&settings.events)?,
            connections_max: connections_max(&settings.limits)?,
            allocations: allocations(Edition::Developer, &settings.limits),
            metrics: metrics_token(&settings.metrics)?
                .map_or(Metrics::Administrators, Metrics::Token),
            strict_cookies: settings.streaming.strict_cookies.unwrap_or(false),
            dynamic_channels: settings.streaming.dynamic_channels.unwrap_or(false),
            streams: streams(&settings.events, &settings.limits, Edition::Developer)?,
            app_policy,
            app_scopes,
            logins: logins(
                AuthSettings::production(),
                &settings.oauth,
                &settings.limits,
            )?,
            reflection: settings.pubsub.reflection.unwrap_or(false),
            pubsub: pubsub(&settings.pubsub)?,
            project: settings.project,
            seeds: settings.seeds.unwrap_or_default(),
        })
    }
}

fn metrics_token(metrics: &settings::Metrics) -> Result<Option<Secret>, Error> {
    let Some(file) = &metrics.token_file else {
        return Ok(None);
    };
    let token = read_secret(file)?;
    refuse_weak("metrics.token_file", &token, SECRET_CHARS_MIN)?;
    Ok(Some(token))
}

fn listen_default() -> Result<SocketAddr, Error> {
    LISTEN_DEFAULT.parse().map_err(|_| Error::Incomplete {
        reason: "`listen` names no address".to_owned(),
    })
}

fn app_policy(app: &settings::ConnectedApp) -> Result<AppPolicy, Error> {
    let certificate = app
        .certificate_file
        .as_deref()
        .map(certificate)
        .transpose()?;
    Ok(AppPolicy {
        redirect_uris: app.redirect_uris.clone().unwrap_or_default(),
        rotates_refresh_tokens: app.rotate_refresh_tokens.unwrap_or(false),
        certificate,
        pre_authorized: app.pre_authorized.unwrap_or(false),
        ..AppPolicy::default()
    })
}

/// What an operator says of logins, over what is the case anyway.
fn logins(
    base: AuthSettings,
    oauth: &settings::Oauth,
    limits: &settings::Limits,
) -> Result<AuthSettings, Error> {
    let timeout = oauth.session_timeout_seconds;
    let timeout = at_least_one("oauth.session_timeout_seconds", timeout)?;
    Ok(AuthSettings {
        session_idle: timeout.map_or(base.session_idle, Duration::from_secs),
        password_grant: oauth.password_grant.unwrap_or(base.password_grant),
        logins_an_hour: match limits.logins_an_hour {
            Some(limit) => Some(limit).filter(|limit| *limit > 0),
            None => base.logins_an_hour,
        },
        ..base
    })
}

fn app_scopes(app: &settings::ConnectedApp) -> Result<Option<Scopes>, Error> {
    let Some(names) = &app.scopes else {
        return Ok(None);
    };
    let scopes = Scopes::parse(&names.join(" "));
    match scopes.unknown() {
        Some(name) => Err(Error::Incomplete {
            reason: format!("`connected_app.scopes`: there is no scope `{name}`"),
        }),
        None => Ok(Some(scopes)),
    }
}

fn certificate(path: &Path) -> Result<Certificate, Error> {
    let pem = read_bounded(path)?;
    Certificate::from_pem(pem.as_bytes()).ok_or_else(|| Error::Incomplete {
        reason: format!(
            "`connected_app.certificate_file`: {} holds no certificate in PEM with an RSA key of 2048 bits or more",
            path.display()
        ),
    })
}

/// The timeouts of the Pub/Sub API.
fn pubsub(settings: &settings::Pubsub) -> Result<landfall_pubsub::Settings, Error> {
    let default = landfall_pubsub::Settings::default();
    let seconds = at_least_one("pubsub.publish_idle_seconds", settings.publish_idle_seconds)?;
    let millis = seconds.map(|seconds| i64::try_from(seconds.saturating_mul(1_000)));
    Ok(landfall_pubsub::Settings {
        publish_idle_ms: millis
            .map_or(default.publish_idle_ms, |millis| millis.unwrap_or(i64::MAX)),
        ..default
    })
}

fn retention_hours(events: &settings::Events) -> Result<u64, Error> {
    let hours = at_least_one("events.retention_hours", events.retention_hours)?;
    Ok(hours.unwrap_or(limits::RETENTION_HOURS))
}

/// How the changes of a transaction become events: as documented, unless it is said otherwise.
fn capture_rules(events: &settings::Events) -> Result<CaptureRules, Error> {
    let documented = CaptureRules::default();
    let overflow_after = at_least_one("events.overflow_after", events.overflow_after)?
        .unwrap_or(documented.overflow_after);
    if overflow_after > documented.overflow_after {
        return Err(Error::Incomplete {
            reason: format!(
                "`events.overflow_after` is more than {}, the documented number of changes",
                documented.overflow_after
            ),
        });
    }
    Ok(CaptureRules {
        differences: events.differences.unwrap_or(documented.differences),
        merge: events.merge.unwrap_or(documented.merge),
        overflow_after,
    })
}

/// How `PushTopics` and generic channels are bounded: as in `edition`, unless it is said.
fn streams(
    events: &settings::Events,
    said_of: &settings::Limits,
    edition: Edition,
) -> Result<Streams, Error> {
    let longest = retention_hours(events)?;
    let said = at_least_one(
        "events.stream_retention_hours",
        events.stream_retention_hours,
    )?;
    if said.is_some_and(|said| said > longest) {
        return Err(Error::Incomplete {
            reason: format!(
                "`events.stream_retention_hours` is more than `events.retention_hours`, which is {longest}: all events are in \
                 one log, and none outlasts it"
            ),
        });
    }
    let documented = allocations::streams(said_of.allocations.unwrap_or(edition));
    let bounded = |said: Option<usize>, documented: Option<usize>| match said {
        Some(0) => None,
        Some(limit) => Some(limit),
        None => documented,
    };
    Ok(Streams {
        retention_hours: said.unwrap_or_else(|| limits::STREAM_RETENTION_HOURS.min(longest)),
        push_topics_max: bounded(said_of.push_topics, documented.map(|most| most.0)),
        channels_max: bounded(said_of.streaming_channels, documented.map(|most| most.1)),
    })
}

fn connections_max(limits: &settings::Limits) -> Result<usize, Error> {
    let connections = at_least_one("limits.connections", limits.connections)?;
    Ok(connections.unwrap_or(CONNECTIONS_DEFAULT))
}

/// A developer org has a certificate and credentials of its own.
fn refuse_production_keys(settings: &Settings) -> Result<(), Error> {
    let given = [
        (
            "tls.certificate_file",
            settings.tls.certificate_file.is_some(),
        ),
        (
            "connected_app.scopes",
            settings.connected_app.scopes.is_some(),
        ),
        ("tls.key_file", settings.tls.key_file.is_some()),
        (
            "tls.terminated_by_proxy",
            settings.tls.terminated_by_proxy.is_some(),
        ),
        ("admin.username", settings.admin.username.is_some()),
        (
            "admin.password_file",
            settings.admin.password_file.is_some(),
        ),
        (
            "connected_app.client_id",
            settings.connected_app.client_id.is_some(),
        ),
        (
            "connected_app.client_secret_file",
            settings.connected_app.client_secret_file.is_some(),
        ),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((key, _)) => Err(Error::Incomplete {
            reason: format!("`{key}` is for `landfall serve`; a developer org has its own"),
        }),
        None => Ok(()),
    }
}

/// What makes a developer org easy to get into makes a production node unsafe.
fn refuse_developer_keys(settings: &Settings) -> Result<(), Error> {
    let refusal = |reason: &str, hint: &str| {
        Err(Error::Unsafe {
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        })
    };
    if settings.ephemeral.unwrap_or(false) {
        return refusal(
            "`ephemeral` is set: everything would be lost at exit",
            "leave it out, and name a folder by `data`",
        );
    }
    if settings.as_salesforce.unwrap_or(false) {
        return refusal(
            "`as_salesforce` is set: a production node does not pass for hosts that are not its own",
            "leave it out; it is for `landfall dev`",
        );
    }
    if settings.oauth.auto_approve.is_some() {
        return refusal(
            "`oauth.auto_approve` is set: whoever asks would be let in without a password",
            "leave it out; it is for `landfall dev`",
        );
    }
    Ok(())
}

fn serve_tls(tls: &settings::Tls, listen: SocketAddr, proxies: &[Network]) -> Result<Tls, Error> {
    let by_proxy = tls.terminated_by_proxy.unwrap_or(false);
    match (&tls.certificate_file, &tls.key_file) {
        (Some(certificate), Some(key)) => Ok(Tls::Files {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        (Some(_), None) => Err(Error::Incomplete {
            reason: "`tls.certificate_file` is given without `tls.key_file`".to_owned(),
        }),
        (None, Some(_)) => Err(Error::Incomplete {
            reason: "`tls.key_file` is given without `tls.certificate_file`".to_owned(),
        }),
        (None, None) if by_proxy && proxies.is_empty() => Err(Error::Incomplete {
            reason: "`tls.terminated_by_proxy` is set, but `proxies.trusted` does not say which \
                     addresses the proxy has: logins would be told http addresses"
                .to_owned(),
        }),
        (None, None) if by_proxy || listen.ip().is_loopback() => Ok(Tls::Off),
        (None, None) => Err(Error::Unsafe {
            reason: format!(
                "{listen} can be reached from other machines and there is no TLS: \
                 passwords and tokens would be readable on the way"
            ),
            hint: "set tls.certificate_file and tls.key_file, or tls.terminated_by_proxy = true behind a proxy"
                .to_owned(),
        }),
    }
}

fn credentials(
    name_key: &str,
    name: Option<String>,
    secret_key: &str,
    file: Option<&Path>,
) -> Result<Option<Credentials>, Error> {
    match (name, file) {
        (None, None) => Ok(None),
        (Some(name), Some(file)) if !name.trim().is_empty() => Ok(Some(Credentials {
            name: name.trim().to_owned(),
            secret: read_secret(file)?,
        })),
        (Some(_), Some(_)) => Err(Error::Incomplete {
            reason: format!("`{name_key}` is empty"),
        }),
        (Some(_), None) => Err(Error::Incomplete {
            reason: format!("`{name_key}` is given without `{secret_key}`"),
        }),
        (None, Some(_)) => Err(Error::Incomplete {
            reason: format!("`{secret_key}` is given without `{name_key}`"),
        }),
    }
}

/// Reads a secret from its file; one line end after it does not belong to it.
///
/// # Errors
/// [`Error::Read`] also for a file that no secret can be in.
pub fn read_secret(path: &Path) -> Result<Secret, Error> {
    let text = read_bounded(path)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Secret(text.to_owned()))
}

fn read_bounded(path: &Path) -> Result<String, Error> {
    let unreadable = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(unreadable)?.len() > SECRET_BYTES_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn refuse_weak(key: &str, secret: &Secret, chars_min: usize) -> Result<(), Error> {
    let chars = secret.expose().chars().count();
    let reason = if secret.expose() == DEVELOPER_PASSWORD {
        format!("`{key}` holds the known secret of a developer org")
    } else if chars < chars_min {
        format!("`{key}` holds {chars} characters; at least {chars_min} are wanted")
    } else {
        return Ok(());
    };
    Err(Error::Unsafe {
        reason,
        hint: "make one: head -c 24 /dev/urandom | base64 > FILE".to_owned(),
    })
}

fn at_least_one<T: Default + PartialEq>(key: &str, value: Option<T>) -> Result<Option<T>, Error> {
    match value {
        Some(zero) if zero == T::default() => Err(Error::Incomplete {
            reason: format!("`{key}` is 0"),
        }),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests;
