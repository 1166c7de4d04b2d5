//! `landfall dev`: a developer org.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use landfall_server::config::{
    Config, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME, Data, Tls,
};
use landfall_server::settings::{self, LogFormat, Settings};
use landfall_server::{Error, Running, Server};

use crate::cli::{DevOptions, LogOptions};
use crate::outcome::{Ended, Failure, say};
use crate::{log, run};

/// What is logged unless told otherwise: the banner says the rest.
const FILTER_DEFAULT: &str = "warn";

/// How long a server that has the port may take to say what it is.
const LOOK_MAX: Duration = Duration::from_secs(1);

/// The version in the addresses of the banner: the one that the documentation's examples use.
const API_VERSION: &str = "59.0";

pub(crate) async fn run(options: DevOptions, log: &LogOptions, started: Instant) -> Ended {
    let file = match &options.config {
        Some(path) => Settings::read(path)?,
        None => Settings::default(),
    };
    let settings = said(options, log).or(file);
    let format = settings.log.format.unwrap_or_default();
    log::start(
        format,
        settings.log.filter.as_deref().unwrap_or(FILTER_DEFAULT),
    )?;
    let ready_file = settings.ready_file.clone();
    let config = Config::dev(settings)?;
    let data = config.data.clone();
    let as_salesforce = config.tls == Tls::AsSalesforce;
    let running = match Server::start(config).await {
        Ok(running) => running,
        Err(error) => return Err(explain(error).await),
    };
    if format == LogFormat::Text {
        say(&banner(&running, &data, as_salesforce));
    }
    run::until_stopped(running, format, ready_file.as_deref(), started).await
}

/// What flags and variables say.
fn said(options: DevOptions, log: &LogOptions) -> Settings {
    Settings {
        listen: options.listen,
        data: options.data,
        ephemeral: options.ephemeral,
        ready_file: options.ready_file,
        project: options.project,
        seeds: options.seed,
        as_salesforce: options.as_salesforce,
        connected_app: settings::ConnectedApp {
            redirect_uris: options.connected_app_redirect_uris,
            rotate_refresh_tokens: options.connected_app_rotate_refresh_tokens,
            certificate_file: options.connected_app_certificate_file,
            pre_authorized: options.connected_app_pre_authorized,
            ..settings::ConnectedApp::default()
        },
        events: settings::Events {
            logins: options.events_logins,
            merge: options.events_merge,
            overflow_after: options.events_overflow_after,
            ..settings::Events::default()
        },
        streaming: settings::Streaming {
            dynamic_channels: options.streaming_dynamic_channels,
            ..settings::Streaming::default()
        },
        oauth: settings::Oauth {
            auto_approve: options.oauth_auto_approve,
            session_timeout_seconds: options.oauth_session_timeout_seconds,
            password_grant: None,
        },
        log: settings::Log {
            format: log.log_format.map(LogFormat::from),
            filter: log.filter.clone(),
        },
        ..Settings::default()
    }
}

/// The commonest mistake is a second server: says so if it is one.
async fn explain(error: Error) -> Failure {
    let Error::Listen { address, .. } = &error else {
        return error.into();
    };
    match running_at(*address).await {
        Some(version) => Failure::new(format!("{address} is taken by landfall {version}"))
            .hint("use it as it is, or landfall dev --listen 127.0.0.1:0"),
        None => error.into(),
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

fn banner(running: &Running, data: &Data, as_salesforce: bool) -> String {
    let kept = match data {
        Data::Folder(folder) => format!("kept in {}", folder.display()),
        Data::Ephemeral => "kept until exit (keep it: --data DIR)".to_owned(),
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

  REST        {url}/services/data/v{API_VERSION}
  Streaming   {url}/cometd/{API_VERSION}
  TLS         {tls}     on the same port, authority: {authority}
{salesforce}  Log in      {DEVELOPER_USERNAME} / {DEVELOPER_PASSWORD}     client id and secret: {DEVELOPER_CLIENT}
  Org         {org}

  Try         landfall tail {target}/data/AccountChangeEvent
",
        version = env!("CARGO_PKG_VERSION"),
        tls = running.tls_url(),
        org = running.first_org(),
        target = if url == "http://127.0.0.1:7443" {
            String::new()
        } else {
            format!("--target {url} ")
        },
    )
}
