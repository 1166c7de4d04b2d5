//! `landfall dev`: a developer org.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use landfall_server::config::{
    Config, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME, Data, Tls,
};
use landfall_server::settings::{self, LogFormat, Program};
use landfall_server::{Error, Running, Server, project};

use crate::holder::{self, Holder};
use crate::options::{Dev, LogOptions, ServerOptions};
use crate::outcome::{Ended, Failure, say};
use crate::{log, run};

/// How long a server that already listens may take to report its version.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// The version in the addresses of the banner: the one that the documentation's examples use.
const API_VERSION: &str = "59.0";

/// Types of components in a line of the banner.
const TYPES_OF_A_LINE: usize = 5;

pub(crate) async fn run(options: ServerOptions<Dev>, log: LogOptions, started: Instant) -> Ended {
    run::keep_files_private();
    let settings = options.settings(log)?;
    let format = log::start_for(settings.of(Program::Dev)?)?;
    let ready_file = settings.get(&settings::READY_FILE)?;
    let config = Config::dev(&settings)?;
    let data = config.data.clone();
    let project = config.project.clone();
    let as_salesforce = config.tls == Tls::AsSalesforce;
    let running = match Server::start(config).await {
        Ok(running) => running,
        Err(error) => return Err(explain(error).await),
    };
    if format == LogFormat::Text {
        say(&banner(&running, &data, project.as_deref(), as_salesforce));
    }
    run::until_stopped(running, format, ready_file.as_deref(), started).await
}

/// The most common cause is a second server: reports one that is already running.
async fn explain(error: Error) -> Failure {
    let Error::Listen { address, .. } = &error else {
        return error.into();
    };
    let (address, holder) = (*address, holder::of(*address));
    let facts = holder
        .as_ref()
        .map(|holder| format!(" ({})", holder.in_words()));
    let facts = facts.unwrap_or_default();
    let free = "landfall dev --listen 127.0.0.1:0";
    match (running_at(address).await, holder) {
        (Some(version), _) => Failure::new(format!(
            "{address} is already in use by landfall {version}{facts}"
        ))
        .hint(format!("use it as it is, or pick a free port with {free}")),
        (None, Some(Holder { program, .. })) => {
            Failure::new(format!("{address} is already in use by {program}{facts}"))
                .hint(format!("pick a free port with {free}"))
        }
        (None, None) => error.into(),
    }
}

/// The version of the server that answers there, if it is one of ours.
async fn running_at(address: SocketAddr) -> Option<String> {
    let target = address.to_string().parse().ok()?;
    let answer = landfall_client::get(target, "/healthz", LOOK_MAX)
        .await
        .ok()?
        .json();
    if answer.get("name")?.as_str()? != "landfall" {
        return None;
    }
    Some(answer.get("version")?.as_str()?.to_owned())
}

/// What of a project has no counterpart here.
fn left_out(folder: &Path) -> String {
    let Ok(outline) = project::outline(folder) else {
        return String::new();
    };
    let rows = outline.left_out.iter();
    let rows: Vec<String> = rows
        .map(|row| format!("{} {}", row.count, row.of))
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from("  Left out    ");
    for (index, line) in rows.chunks(TYPES_OF_A_LINE).enumerate() {
        if index > 0 {
            text.push_str(",\n              ");
        }
        text.push_str(&line.join(", "));
    }
    text + &format!(
        "\n              the reasons: landfall check {}\n",
        folder.display()
    )
}

fn banner(running: &Running, data: &Data, project: Option<&Path>, as_salesforce: bool) -> String {
    let kept = match data {
        Data::Folder(folder) => format!("stored in {}", folder.display()),
        Data::Ephemeral => "removed at exit (to keep it: --data DIR)".to_owned(),
    };
    let url = running.url();
    let authority = running
        .authority()
        .map_or_else(String::new, |path| path.display().to_string());
    let salesforce = if as_salesforce {
        format!("  Salesforce  for a client with HTTPS_PROXY={url} that trusts the authority\n")
    } else {
        String::new()
    };
    format!(
        "landfall {version}   API v{API_VERSION}   {kept}

  Console     {url}/console
  REST        {url}/services/data/v{API_VERSION}
  Streaming   {url}/cometd/{API_VERSION}
  Pub/Sub     {address}     with and without TLS
  TLS         {tls}     on the same port, authority: {authority}
{salesforce}  Log in      {DEVELOPER_USERNAME} / {DEVELOPER_PASSWORD}     client id and secret: {DEVELOPER_CLIENT}
  Org         {org}
{project}
  Try         landfall tail {target}/data/AccountChangeEvent
",
        version = env!("CARGO_PKG_VERSION"),
        address = url.trim_start_matches("http://"),
        tls = running.tls_url(),
        org = running
            .first_org()
            .map(|org| org.to_string())
            .unwrap_or_default(),
        project = project.map(left_out).unwrap_or_default(),
        target = if url == "http://127.0.0.1:7443" {
            String::new()
        } else {
            format!("--target {url} ")
        },
    )
}
