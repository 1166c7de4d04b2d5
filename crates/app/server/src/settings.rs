//! What flags, `LANDFALL_*` variables and `landfall.toml` may say: every key optional, unknown keys refused.
//!
//! Flags and variables fill one [`Settings`], the file another; [`Settings::or`] puts the first before the second.
//! What a complete and safe combination is, [`crate::config`] decides.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::Error;
use crate::network::Network;

/// Largest configuration file that is read. Unit: bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Everything that can be said about a server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// Folder that holds the org.
    pub data: Option<PathBuf>,
    /// Whether the org is kept in a temporary folder instead, which is removed at exit.
    pub ephemeral: Option<bool>,
    /// File that the URL is written to once requests are answered; removed at exit.
    pub ready_file: Option<PathBuf>,
    /// Folder of the Salesforce DX project that objects, fields and platform events come from.
    pub project: Option<PathBuf>,
    /// Files of the records that the org begins with.
    pub seeds: Option<Vec<PathBuf>>,
    /// Whether a developer org answers to the vendor's host names.
    pub as_salesforce: Option<bool>,
    /// The certificate.
    pub tls: Tls,
    /// Who may speak for others.
    pub proxies: Proxies,
    /// The first administrator.
    pub admin: Admin,
    /// The first connected app.
    pub connected_app: ConnectedApp,
    /// How users are asked.
    pub oauth: Oauth,
    /// What becomes an event, and how long it stays.
    pub events: Events,
    /// The Streaming API.
    pub streaming: Streaming,
    /// The Pub/Sub API.
    pub pubsub: Pubsub,
    /// Bounds.
    pub limits: Limits,
    /// What is measured.
    pub metrics: Metrics,
    /// The log on stderr.
    pub log: Log,
}

/// `[tls]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Certificate chain in PEM, the server's own first.
    pub certificate_file: Option<PathBuf>,
    /// Its private key in PEM.
    pub key_file: Option<PathBuf>,
    /// Whether a proxy in front takes TLS off, so that cleartext on a reachable address is meant.
    pub terminated_by_proxy: Option<bool>,
}

/// `[proxies]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxies {
    /// Peers whose `X-Forwarded-Proto` and `X-Forwarded-Host` are believed.
    pub trusted: Option<Vec<Network>>,
}

/// `[admin]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// User name, in the form of an email address.
    pub username: Option<String>,
    /// File that holds the password.
    pub password_file: Option<PathBuf>,
}

/// `[connected_app]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectedApp {
    /// Consumer key.
    pub client_id: Option<String>,
    /// File that holds the consumer secret.
    pub client_secret_file: Option<PathBuf>,
    /// What it may ask for.
    pub scopes: Option<Vec<String>>,
    /// Where its users may be sent back to.
    pub redirect_uris: Option<Vec<String>>,
    /// Whether a refresh token is replaced at each use.
    pub rotate_refresh_tokens: Option<bool>,
    /// Certificate in PEM of the key that it signs assertions with.
    pub certificate_file: Option<PathBuf>,
    /// Whether its users need not say yes.
    pub pre_authorized: Option<bool>,
}

/// `[oauth]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oauth {
    /// Name of the user who is taken to have logged in and said yes whenever an app asks.
    pub auto_approve: Option<String>,
    /// For how long a login lasts without being used. Unit: seconds.
    pub session_timeout_seconds: Option<u64>,
    /// Whether the `password` grant is served.
    pub password_grant: Option<bool>,
}

/// `[events]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Events {
    /// How long events stay. Unit: hours.
    pub retention_hours: Option<u64>,
    /// How long those of `PushTopics` and generic channels stay. Unit: hours.
    pub stream_retention_hours: Option<u64>,
    /// Whether changes of every object that supports it are captured.
    pub capture_all: Option<bool>,
    /// Whether logins become events of `LoginEventStream`.
    pub logins: Option<bool>,
    /// Whether updates tell large texts by what changed in them.
    pub differences: Option<bool>,
    /// Whether equal changes of several records in one transaction are one event.
    pub merge: Option<bool>,
    /// Changes of one transaction that are told one by one.
    pub overflow_after: Option<u64>,
}

/// `[streaming]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Streaming {
    /// Whether clients must return the browser cookie.
    pub strict_cookies: Option<bool>,
    /// Whether a generic channel that somebody subscribes to is made if it is not there.
    pub dynamic_channels: Option<bool>,
}

/// `[pubsub]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pubsub {
    /// Whether server reflection describes the API, without a login.
    pub reflection: Option<bool>,
    /// Seconds without a request after which a `PublishStream` ends.
    pub publish_idle_seconds: Option<u64>,
}

/// `[limits]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub connections: Option<usize>,
    /// Logins of one user in an hour; 0 for no limit.
    pub logins_an_hour: Option<u32>,
    /// Active `PushTopics`; 0 for no limit.
    pub push_topics: Option<usize>,
    /// Generic channels; 0 for no limit.
    pub streaming_channels: Option<usize>,
    /// The edition whose allocations the org has.
    pub allocations: Option<Edition>,
    /// Streaming API clients at once; 0 for no limit, here and below.
    pub concurrent_clients: Option<u64>,
    /// Change events and platform events delivered in 24 hours.
    pub delivered_daily: Option<u64>,
    /// Platform events published in an hour.
    pub published_hourly: Option<u64>,
    /// `PushTopic` events delivered in 24 hours.
    pub push_topics_daily: Option<u64>,
    /// Generic events delivered in 24 hours.
    pub generic_daily: Option<u64>,
    /// Requests to the API in 24 hours.
    pub requests_daily: Option<u64>,
    /// Platform events that may be defined.
    pub event_definitions: Option<u64>,
    /// Objects that may be selected for change events on all channels together.
    pub selected_objects: Option<u64>,
    /// Platform events that may be selected on all channels together.
    pub selected_events: Option<u64>,
    /// Subscriptions to one `PushTopic` or generic channel at once.
    pub topic_subscribers: Option<u64>,
}

/// Editions with allocations of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Developer Edition.
    Developer,
    /// Enterprise Edition.
    Enterprise,
    /// Performance and Unlimited Edition.
    Performance,
    /// None: no allocations at all.
    Unlimited,
}

/// `[metrics]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// File that holds the token that whoever reads `/metrics` has to bring.
    pub token_file: Option<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`.
    pub format: Option<LogFormat>,
    /// What is logged, such as `info,landfall_streaming=debug`.
    pub filter: Option<String>,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Reads a configuration file. Relative paths in it are meant from the file's folder.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Syntax`] with the place and the reason.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > FILE_BYTES_MAX {
            return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut settings = Self::parse(&text, path)?;
        if let Some(folder) = path.parent() {
            settings.resolve(folder);
        }
        Ok(settings)
    }

    /// Reads what such a file says; `path` is for messages. Paths are taken as they are.
    ///
    /// # Errors
    /// [`Error::Syntax`] with the place and the reason.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| {
            let (line, column) = place(text, error.span().map_or(0, |span| span.start));
            Error::Syntax {
                path: path.to_owned(),
                line,
                column,
                reason: error.message().to_owned(),
            }
        })
    }

    fn resolve(&mut self, folder: &Path) {
        let paths = [
            &mut self.data,
            &mut self.ready_file,
            &mut self.project,
            &mut self.tls.certificate_file,
            &mut self.tls.key_file,
            &mut self.admin.password_file,
            &mut self.connected_app.client_secret_file,
            &mut self.connected_app.certificate_file,
            &mut self.metrics.token_file,
        ];
        let seeds = self.seeds.iter_mut().flatten();
        for path in paths.into_iter().flatten().chain(seeds) {
            *path = folder.join(&*path);
        }
    }

    /// These settings, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            data: self.data.or(other.data),
            ephemeral: self.ephemeral.or(other.ephemeral),
            ready_file: self.ready_file.or(other.ready_file),
            project: self.project.or(other.project),
            seeds: self.seeds.or(other.seeds),
            as_salesforce: self.as_salesforce.or(other.as_salesforce),
            tls: Tls {
                certificate_file: self.tls.certificate_file.or(other.tls.certificate_file),
                key_file: self.tls.key_file.or(other.tls.key_file),
                terminated_by_proxy: self
                    .tls
                    .terminated_by_proxy
                    .or(other.tls.terminated_by_proxy),
            },
            proxies: Proxies {
                trusted: self.proxies.trusted.or(other.proxies.trusted),
            },
            admin: Admin {
                username: self.admin.username.or(other.admin.username),
                password_file: self.admin.password_file.or(other.admin.password_file),
            },
            connected_app: self.connected_app.or(other.connected_app),
            oauth: Oauth {
                auto_approve: self.oauth.auto_approve.or(other.oauth.auto_approve),
                session_timeout_seconds: self
                    .oauth
                    .session_timeout_seconds
                    .or(other.oauth.session_timeout_seconds),
                password_grant: self.oauth.password_grant.or(other.oauth.password_grant),
            },
            events: Events {
                retention_hours: self.events.retention_hours.or(other.events.retention_hours),
                stream_retention_hours: self
                    .events
                    .stream_retention_hours
                    .or(other.events.stream_retention_hours),
                capture_all: self.events.capture_all.or(other.events.capture_all),
                logins: self.events.logins.or(other.events.logins),
                differences: self.events.differences.or(other.events.differences),
                merge: self.events.merge.or(other.events.merge),
                overflow_after: self.events.overflow_after.or(other.events.overflow_after),
            },
            streaming: Streaming {
                strict_cookies: self
                    .streaming
                    .strict_cookies
                    .or(other.streaming.strict_cookies),
                dynamic_channels: self
                    .streaming
                    .dynamic_channels
                    .or(other.streaming.dynamic_channels),
            },
            pubsub: Pubsub {
                reflection: self.pubsub.reflection.or(other.pubsub.reflection),
                publish_idle_seconds: self
                    .pubsub
                    .publish_idle_seconds
                    .or(other.pubsub.publish_idle_seconds),
            },
            limits: self.limits.or(other.limits),
            metrics: Metrics {
                token_file: self.metrics.token_file.or(other.metrics.token_file),
            },
            log: Log {
                format: self.log.format.or(other.log.format),
                filter: self.log.filter.or(other.log.filter),
            },
        }
    }
}

impl Limits {
    fn or(self, other: Self) -> Self {
        Self {
            connections: self.connections.or(other.connections),
            logins_an_hour: self.logins_an_hour.or(other.logins_an_hour),
            push_topics: self.push_topics.or(other.push_topics),
            streaming_channels: self.streaming_channels.or(other.streaming_channels),
            allocations: self.allocations.or(other.allocations),
            concurrent_clients: self.concurrent_clients.or(other.concurrent_clients),
            delivered_daily: self.delivered_daily.or(other.delivered_daily),
            published_hourly: self.published_hourly.or(other.published_hourly),
            push_topics_daily: self.push_topics_daily.or(other.push_topics_daily),
            generic_daily: self.generic_daily.or(other.generic_daily),
            requests_daily: self.requests_daily.or(other.requests_daily),
            event_definitions: self.event_definitions.or(other.event_definitions),
            selected_objects: self.selected_objects.or(other.selected_objects),
            selected_events: self.selected_events.or(other.selected_events),
            topic_subscribers: self.topic_subscribers.or(other.topic_subscribers),
        }
    }
}

impl ConnectedApp {
    fn or(self, other: Self) -> Self {
        Self {
            client_id: self.client_id.or(other.client_id),
            client_secret_file: self.client_secret_file.or(other.client_secret_file),
            scopes: self.scopes.or(other.scopes),
            redirect_uris: self.redirect_uris.or(other.redirect_uris),
            rotate_refresh_tokens: self.rotate_refresh_tokens.or(other.rotate_refresh_tokens),
            certificate_file: self.certificate_file.or(other.certificate_file),
            pre_authorized: self.pre_authorized.or(other.pre_authorized),
        }
    }
}

/// Line and column of a byte offset, from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(text, Path::new("landfall.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = parse("listen = \"127.0.0.1:1\"\n[tls]\ncertificat = \"x\"\n").unwrap_err();
        assert!(
            error.starts_with("landfall.toml:3:1: unknown field `certificat`"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_place() {
        let error = parse("listen = \"here\"").unwrap_err();
        assert!(error.starts_with("landfall.toml:1:10: "), "{error}");
        let error = parse("[proxies]\ntrusted = [\"10.0.0.0/8\", \"ten\"]").unwrap_err();
        assert!(error.contains("`ten` is not an address"), "{error}");
    }

    #[test]
    fn the_documented_file_says_everything() {
        let settings = parse(include_str!("../../../../docs/landfall.toml")).expect("valid");
        let shown = format!("{settings:?}");
        // Only `ephemeral`, `as_salesforce` and `oauth.auto_approve` are missing: they are for developer orgs.
        assert_eq!(shown.matches("None").count(), 3, "{shown}");
    }

    #[test]
    fn what_is_said_first_counts() {
        let first =
            parse("listen = \"127.0.0.1:1\"\n[tls]\nterminated_by_proxy = false").expect("valid");
        let second =
            parse("listen = \"127.0.0.1:2\"\ndata = \"d\"\n[tls]\nterminated_by_proxy = true")
                .expect("valid");
        let both = first.or(second);
        assert_eq!(both.listen.map(|address| address.port()), Some(1));
        assert_eq!(both.data, Some(PathBuf::from("d")));
        assert_eq!(both.tls.terminated_by_proxy, Some(false));
    }

    #[test]
    fn paths_are_meant_from_the_folder_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("landfall.toml");
        std::fs::write(
            &path,
            "data = \"org\"\n[admin]\npassword_file = \"/run/secret\"",
        )
        .expect("written");
        let settings = Settings::read(&path).expect("valid");
        assert_eq!(settings.data, Some(folder.path().join("org")));
        assert_eq!(
            settings.admin.password_file,
            Some(PathBuf::from("/run/secret"))
        );
    }
}
