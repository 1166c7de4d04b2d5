//! `landfall open`: the console of a developer org.

use std::io::IsTerminal;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use landfall_client::Target;
use serde_json::json;

use crate::connection;
use crate::log;
use crate::options::LogOptions;
use crate::org_options::OrgOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, say};

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

/// How long the page may take.
const PAGE_MAX: Duration = Duration::from_secs(10);

/// Where the console is.
const CONSOLE: &str = "/console";

#[derive(Args)]
pub(crate) struct OpenOptions {
    /// Print the address only
    #[arg(long, env = "LANDFALL_PRINT")]
    print: bool,
    /// Print JSON; opens nothing
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
    #[command(flatten)]
    org: OrgOptions,
}

pub(crate) async fn run(options: OpenOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let url = console(&options.org).await;
    if let Ok(url) = &url
        && !options.print
        && !options.json
        && std::io::stdout().is_terminal()
        && let Err(error) = browse(url)
    {
        say(&format!("no browser was opened: {error}"));
    }
    let data = url.map(|url| json!({ "url": url })).map_err(Coded::from);
    conclude("open", options.json, data, |data| {
        vec![data["url"].as_str().unwrap_or_default().to_owned()]
    })
}

/// The address of the console, which is there.
async fn console(org: &OrgOptions) -> Result<String, Failure> {
    let wrong = |error| Failure::of(&error).exit(Exit::Usage);
    let target: Target = org.target.parse().map_err(wrong)?;
    let absent = || {
        Failure::new(format!("{target} has no console"))
            .hint("only developer orgs on this machine have one: start it with `landfall dev`")
            .exit(Exit::Unknown)
    };
    if !target.is_loopback() {
        return Err(absent());
    }
    // Both are on one port, and the page is no secret.
    let plain: Target = target.authority().parse().map_err(wrong)?;
    let answer = landfall_client::get(plain, CONSOLE, PAGE_MAX).await;
    let answer = answer.map_err(|error| connection::failure(&error))?;
    if answer.status.is_success() || answer.status.is_redirection() {
        Ok(format!("{target}{CONSOLE}"))
    } else {
        Err(absent())
    }
}

/// Has the desktop open an address; its output is not ours.
fn browse(url: &str) -> std::io::Result<()> {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::null()).spawn().map(drop)
}
