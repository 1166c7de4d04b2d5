//! `landfall dev`: a developer org.

use std::path::PathBuf;
use std::time::Instant;

use landfall_server::config::{
    Config, DATA_DEFAULT, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME, Data,
};
use landfall_server::settings::LogFormat;
use landfall_server::{Running, Server};

use crate::cli::{DevOptions, LogOptions};
use crate::outcome::{Ended, say};
use crate::{log, run};

/// What is logged unless told otherwise: the banner says the rest.
const FILTER_DEFAULT: &str = "warn";

/// The version in the addresses of the banner: the one that the documentation's examples use.
const API_VERSION: &str = "59.0";

pub(crate) async fn run(options: DevOptions, log: &LogOptions, started: Instant) -> Ended {
    let format = log.log_format.map(LogFormat::from).unwrap_or_default();
    log::start(format, log.filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let data = if options.ephemeral {
        Data::Ephemeral
    } else {
        Data::Folder(options.data.unwrap_or_else(|| PathBuf::from(DATA_DEFAULT)))
    };
    let config = Config::dev(options.listen, data)?;
    let running = Server::start(config.clone()).await?;
    if format == LogFormat::Text {
        say(&banner(&running, &config.data));
    }
    run::until_stopped(running, format, options.ready_file.as_deref(), started).await
}

fn banner(running: &Running, data: &Data) -> String {
    let kept = match data {
        Data::Folder(folder) => format!("kept in {}", folder.display()),
        Data::Ephemeral => "kept until exit (keep it: --data DIR)".to_owned(),
    };
    let url = running.url();
    let authority = running
        .authority()
        .map_or_else(String::new, |path| path.display().to_string());
    format!(
        "landfall {version}   API v{API_VERSION}   {kept}

  REST        {url}/services/data/v{API_VERSION}
  Streaming   {url}/cometd/{API_VERSION}
  TLS         {tls}     on the same port, authority: {authority}
  Log in      {DEVELOPER_USERNAME} / {DEVELOPER_PASSWORD}     client id and secret: {DEVELOPER_CLIENT}
  Org         {org}

  Try         landfall tail {target}/data/AccountChangeEvent
",
        version = env!("CARGO_PKG_VERSION"),
        tls = running.tls_url(),
        org = running.engine().org().id,
        target = if url == "http://127.0.0.1:7443" {
            String::new()
        } else {
            format!("--target {url} ")
        },
    )
}
