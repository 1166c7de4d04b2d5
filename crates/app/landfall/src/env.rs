//! `landfall env`: what a shell, or a client, needs to use an org.
//!
//! Start reading at [`clients`], the declarations.

mod clients;
mod render;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use landfall_client::pubsub::PubSub;
use landfall_client::{Grant, Org, Target};
use serde_json::{Map, Value as Json, json};

use crate::connection::{self, Logins};
use crate::folders;
use crate::log;
use crate::options::LogOptions;
use crate::org_options::OrgOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, nearest};

use self::clients::{Client, Language, Login, Transport};
use self::render::{Facts, Value, render, shell};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// How long the certificate of the authority may take.
const CERTIFICATE_MAX: Duration = Duration::from_secs(10);

/// Where the Streaming API is, in the version that the documentation's examples use.
const STREAMING_PATH: &str = "/cometd/59.0";

/// What trusts the authority in the file that they name.
const TRUST: [&str; 6] = [
    "LANDFALL_CA_FILE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct EnvOptions {
    /// Print what this client needs instead, such as jsforce or simple-salesforce
    #[arg(
        long,
        env = "LANDFALL_CLIENT",
        value_name = "NAME",
        conflicts_with = "clients"
    )]
    client: Option<String>,
    /// List the clients
    #[arg(long, env = "LANDFALL_CLIENTS", conflicts_with = "ca")]
    clients: bool,
    /// Print the certificate authority of the org, in PEM
    #[arg(long, env = "LANDFALL_CA", conflicts_with = "client")]
    ca: bool,
    /// Connect over TLS: an https URL, and variables that name the certificate authority
    #[arg(long, env = "LANDFALL_TLS")]
    tls: bool,
    /// Shell of the exports
    #[arg(long, env = "LANDFALL_SHELL", value_enum, default_value = "sh")]
    shell: Shell,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
    #[command(flatten)]
    org: OrgOptions,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    /// sh, bash, zsh
    Sh,
    /// fish
    Fish,
    /// `PowerShell`
    Powershell,
}

impl Shell {
    fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}={}", shell(value)),
            Self::Fish => {
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                format!("set -gx {name} '{value}'")
            }
            Self::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

pub(crate) async fn run(options: EnvOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let json = options.json;
    if options.clients {
        return conclude("env", json, Ok(listed()), |data| {
            let clients = data["clients"].as_array().into_iter().flatten();
            let names = clients.filter_map(|client| client["name"].as_str());
            names.map(str::to_owned).collect()
        });
    }
    if options.ca {
        let data = certificate(&options).await.map(|pem| json!({ "ca": pem }));
        return conclude("env", json, data.map_err(Coded::from), |data| {
            let pem = data["ca"].as_str().unwrap_or_default();
            vec![pem.trim_end().to_owned()]
        });
    }
    let data = answer(&options).await;
    conclude("env", json, data.map_err(Coded::from), |data| {
        shown(data, options.shell)
    })
}

fn listed() -> Json {
    let clients = clients::ALL.iter().map(
        |client| json!({ "name": client.name(), "title": client.title, "names": client.names }),
    );
    json!({ "clients": clients.collect::<Vec<_>>() })
}

/// The exports, or the snippet with what it needs before it.
fn shown(data: &Json, shell: Shell) -> Vec<String> {
    let environment = data["environment"].as_object();
    let environment = environment.into_iter().flatten();
    let environment = environment.map(|(name, value)| (name, value.as_str().unwrap_or_default()));
    let Some(code) = data["code"].as_str() else {
        return environment
            .map(|(name, value)| shell.export(name, value))
            .collect();
    };
    let named = data["client"].as_str().and_then(clients::named);
    let language = named.map_or(Language::Shell, |client| client.language);
    let comment = language.comment();
    let mut lines = Vec::new();
    if let Some(install) = data["install"].as_str().filter(|text| !text.is_empty()) {
        lines.push(format!("{comment} {install}"));
    }
    for (name, value) in environment {
        let export = Shell::Sh.export(name, value);
        lines.push(match language {
            Language::Shell => export,
            _ => format!("{comment} in the shell: {export}"),
        });
    }
    lines.push(code.to_owned());
    lines
}

async fn answer(options: &EnvOptions) -> Result<Json, Failure> {
    let client = options.client.as_deref().map(known).transpose()?;
    let logins = Logins::new(&options.org)?;
    let user = logins.user(&options.org)?;
    if let Some(client) = client {
        possible(client, logins.target(), user.as_ref())?;
    }
    let org = logins.login().await?;
    let wants_tls = client.is_some_and(|client| client.transport != Transport::AsTarget);
    let tls = options.tls || wants_tls || logins.target().is_https();
    let authority = if tls { authority(options).await? } else { None };
    let pubsub = PubSub::target(&org).map_err(|error| connection::failure(&error))?;
    let org_id = match client {
        Some(_) => org
            .id()
            .await
            .map_err(|error| connection::failure(&error))?,
        None => String::new(),
    };
    let session = Session {
        org_id,
        login: with_scheme(logins.target(), tls)?,
        instance: with_scheme(org.http().target(), tls)?,
        pubsub: pubsub.authority(),
        org,
        user,
        authority,
    };
    Ok(match client {
        Some(client) => snippet(client, &session),
        None => json!({ "environment": session.environment() }),
    })
}

fn known(name: &str) -> Result<&'static Client, Failure> {
    clients::named(name).ok_or_else(|| {
        let failure = Failure::new(format!("there is no snippet for a client \"{name}\""));
        let failure = failure.exit(Exit::Unknown);
        match nearest(name, clients::names()) {
            Some(near) => failure.hint(format!("landfall env --client {near}")),
            None => failure.hint("landfall env --clients lists them"),
        }
    })
}

/// The same address over TLS or not: both are served on one port.
fn with_scheme(target: &Target, tls: bool) -> Result<Target, Failure> {
    let scheme = if tls { "https" } else { "http" };
    let text = format!("{scheme}://{}", target.authority());
    text.parse().map_err(|error| Failure::of(&error))
}

/// An address without the port that its scheme implies.
fn url(target: &Target) -> String {
    let implied = if target.is_https() { ":443" } else { ":80" };
    let text = target.to_string();
    text.strip_suffix(implied)
        .map(str::to_owned)
        .unwrap_or(text)
}

/// An org, and how clients reach it.
struct Session {
    login: Target,
    instance: Target,
    /// Host and port of its Pub/Sub API.
    pubsub: String,
    org: Org,
    org_id: String,
    user: Option<Grant>,
    /// The file of its certificate authority.
    authority: Option<PathBuf>,
}

impl Session {
    fn authority(&self) -> Option<String> {
        let path = self.authority.as_ref()?;
        Some(path.display().to_string())
    }

    /// The variables that every command here reads, and those that other programs take an authority from.
    fn environment(&self) -> Map<String, Json> {
        let mut variables = Map::new();
        let mut set = |name: &str, value: &str| {
            variables.insert(name.to_owned(), value.into());
        };
        set("LANDFALL_TARGET", &url(&self.instance));
        if let Some(Grant::Password {
            username,
            password,
            client_id,
            client_secret,
        }) = &self.user
        {
            set("LANDFALL_USERNAME", username);
            set("LANDFALL_PASSWORD", password);
            set("LANDFALL_CLIENT_ID", client_id);
            set("LANDFALL_CLIENT_SECRET", client_secret);
        }
        set("LANDFALL_ACCESS_TOKEN", self.org.access_token().expose());
        if let Some(authority) = self.authority() {
            for name in TRUST {
                set(name, &authority);
            }
        }
        variables
    }

    /// What the snippets are made of. The secrets of an org that is not on this machine are not in them.
    fn facts(&self, with_user: bool) -> Facts {
        let secret = |variable, text: &str| {
            if self.login.is_loopback() {
                Value::Text(text.to_owned())
            } else {
                Value::Variable(variable)
            }
        };
        let token = self.org.access_token().expose();
        let text = |text: &str| Value::Text(text.to_owned());
        let instance = url(&self.instance);
        let (_, authority) = instance.split_once("://").unwrap_or_default();
        let login = url(&self.login);
        let mut values = vec![
            ("url", text(if with_user { &login } else { &instance })),
            ("plain", text(&format!("http://{}", self.login.authority()))),
            ("https", text(&format!("https://{authority}"))),
            ("authority", text(authority)),
            ("pubsub", text(&self.pubsub)),
            ("cometd", text(&format!("{instance}{STREAMING_PATH}"))),
            ("token_url", text(&format!("{login}/services/oauth2/token"))),
            ("token", secret("LANDFALL_ACCESS_TOKEN", token)),
            ("org", text(&self.org_id)),
            ("ca", text(&self.authority().unwrap_or_default())),
        ];
        if let Some(Grant::Password {
            username,
            password,
            client_id,
            client_secret,
        }) = &self.user
        {
            values.push(("username", text(username)));
            values.push(("password", secret("LANDFALL_PASSWORD", password)));
            values.push(("client_id", text(client_id)));
            values.push((
                "client_secret",
                secret("LANDFALL_CLIENT_SECRET", client_secret),
            ));
        }
        let has_authority = self.authority.is_some();
        let conditions = [
            ("user", with_user),
            ("token", !with_user),
            ("plain", !self.instance.is_https()),
            ("own", has_authority),
            ("public", self.instance.is_https() && !has_authority),
            ("local", has_authority || self.login.is_loopback()),
        ];
        let met = conditions.into_iter().filter(|(_, is_met)| *is_met);
        Facts {
            values,
            met: met.map(|(name, _)| name).collect(),
        }
    }
}

/// Whether a client can use an org at all.
fn possible(client: &Client, target: &Target, user: Option<&Grant>) -> Result<(), Failure> {
    let name = client.name();
    if client.transport == Transport::VendorHosts && !target.is_loopback() {
        let what = format!(
            "{name} connects to the vendor's host names only, and {target} is not on this machine"
        );
        return Err(Failure::new(what)
            .exit(Exit::Usage)
            .hint("use a developer org that answers as them: landfall dev --as-salesforce"));
    }
    if client.login == Login::User && !matches!(user, Some(Grant::Password { .. })) {
        let what = format!("{name} logs in with a user name and a password");
        let failure = Failure::new(what).exit(Exit::Usage);
        return Err(failure.hint("use --username, and the password in LANDFALL_PASSWORD"));
    }
    Ok(())
}

fn snippet(client: &Client, session: &Session) -> Json {
    let has_user = matches!(session.user, Some(Grant::Password { .. }));
    let with_user = has_user && client.login != Login::Token;
    let code = render(client.template, client.language, &session.facts(with_user));
    let code = if client.language == Language::Python && code.contains("os.environ[") {
        format!("import os\n{code}")
    } else {
        code
    };
    let mut environment = Map::new();
    if let Some(authority) = session.authority() {
        for name in client.trust {
            environment.insert((*name).to_owned(), authority.as_str().into());
        }
    }
    json!({
        "client": client.name(),
        "title": client.title,
        "language": client.language.name(),
        "install": client.install,
        "environment": environment,
        "code": code,
    })
}

/// A file with the certificate authority of the org; none if the org has a certificate that every client trusts.
async fn authority(options: &EnvOptions) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = &options.org.ca_file {
        let path = std::path::absolute(path).map_err(|error| {
            Failure::new(format!("cannot find {}", path.display())).caused_by(&error)
        })?;
        return Ok(Some(path));
    }
    let target = Logins::new(&options.org)?.target().clone();
    let Some(pem) = fetched(&target).await? else {
        return Ok(None);
    };
    let folder = folders::cache()?;
    let host = target.host().replace(':', "-");
    let path = folder.join(format!("ca-{host}-{}.pem", target.port()));
    let saved = save(&path, &pem);
    saved.map_err(|error| {
        Failure::new(format!("cannot write {}", path.display()))
            .caused_by(&error)
            .hint("landfall env --ca > ca.pem, and then use --ca-file ca.pem")
    })?;
    Ok(Some(path))
}

/// Writes a file that is there as a whole or not at all.
fn save(path: &Path, content: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// The certificate authority of a server on this machine, whose word is good without TLS.
async fn fetched(target: &Target) -> Result<Option<String>, Failure> {
    if !target.is_loopback() {
        return Ok(None);
    }
    let answer = landfall_client::get(
        with_scheme(target, false)?,
        "/_landfall/ca.pem",
        CERTIFICATE_MAX,
    );
    let answer = answer.await.map_err(|error| connection::failure(&error))?;
    if !answer.status.is_success() {
        return Ok(None);
    }
    let pem = String::from_utf8(answer.body.to_vec());
    let pem = pem.ok().filter(|pem| pem.contains("BEGIN CERTIFICATE"));
    Ok(pem)
}

async fn certificate(options: &EnvOptions) -> Result<String, Failure> {
    if let Some(path) = &options.org.ca_file {
        return std::fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("cannot read {}", path.display())).caused_by(&error)
        });
    }
    let target = Logins::new(&options.org)?.target().clone();
    fetched(&target).await?.ok_or_else(|| {
        Failure::new(format!("{target} has no certificate authority of its own"))
            .exit(Exit::Unknown)
    })
}
