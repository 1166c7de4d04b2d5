//! `landfall exec`: a command with a developer org of its own, which is removed when the command ends.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Instant;

use landfall_client::{AccessToken, Control, Grant, Org, Trust};
use landfall_server::config::{Config, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, DEVELOPER_USERNAME};
use landfall_server::settings::Program;
use landfall_server::{Running, Server, Settings};
use tokio::task::spawn_blocking;

use crate::cli::{ExecOptions, Rehearsal};
use crate::connection;
use crate::control;
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Ended, Exit, Failure, say};
use crate::run::{self, Signals};
use crate::summary;

/// What every such org has.
const FIXED: &str = "listen = \"127.0.0.1:0\"\nephemeral = true\n";

pub(crate) async fn run(options: ExecOptions, log: LogOptions, started: Instant) -> Ended {
    run::keep_files_private();
    let fixed = Settings::parse(FIXED, Path::new("landfall exec"))?;
    let ExecOptions {
        server,
        rehearsal,
        command,
    } = options;
    let settings = fixed.or(server.settings(log)?);
    log::start_for(settings.of(Program::Dev)?)?;
    let mut running = Server::start(Config::dev(&settings)?).await?;
    say(&format!(
        "landfall ready {} in {} ms",
        running.url(),
        started.elapsed().as_millis()
    ));
    let ended = with_org(&mut running, &command, &rehearsal).await;
    let stopped = running.stop().await;
    let exit = ended?;
    stopped?;
    Ok(exit)
}

async fn with_org(running: &mut Running, command: &[OsString], rehearsal: &Rehearsal) -> Ended {
    let mut signals = Signals::listen()?;
    let token = log_in(running).await?;
    let target = running.url().parse();
    let target = target.map_err(|error| connection::failure(&error))?;
    let control = Control::new(target, &Trust::nobody(), Some(token.clone()));
    let control = control.map_err(|error| connection::failure(&error))?;
    control::arm(&control, &rehearsal.fault).await?;
    // The login above is no request of the command.
    if let Some(journal) = running.journal() {
        journal.forget();
    }
    let before = running.orgs().activity();
    let child = start(running, &token, command)?;
    let exit = until_ended(child, running, &mut signals).await?;
    let unfired = control::report_unfired(&control).await?;
    let mistakes = summary::report(running, &before);
    let is_unmet =
        (unfired > 0 && rehearsal.strict_faults) || (mistakes > 0 && rehearsal.strict_mistakes);
    // The status of a command that has failed says more.
    Ok(match exit {
        Exit::Command(0) if is_unmet => Exit::Unmet,
        exit => exit,
    })
}

async fn log_in(running: &Running) -> Result<AccessToken, Failure> {
    let target = running.url().parse();
    let target = target.map_err(|error| connection::failure(&error))?;
    let grant = Grant::Password {
        username: DEVELOPER_USERNAME.to_owned(),
        password: DEVELOPER_PASSWORD.to_owned(),
        client_id: DEVELOPER_CLIENT.to_owned(),
        client_secret: DEVELOPER_CLIENT.to_owned(),
    };
    let org = Org::login(target, &Trust::nobody(), &grant).await;
    let org = org.map_err(|error| connection::failure(&error))?;
    Ok(org.access_token().clone())
}

fn start(running: &Running, token: &AccessToken, command: &[OsString]) -> Result<Child, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::new("no command").exit(Exit::Usage));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LANDFALL_TARGET", running.url())
        .env("LANDFALL_USERNAME", DEVELOPER_USERNAME)
        .env("LANDFALL_PASSWORD", DEVELOPER_PASSWORD)
        .env("LANDFALL_CLIENT_ID", DEVELOPER_CLIENT)
        .env("LANDFALL_CLIENT_SECRET", DEVELOPER_CLIENT)
        .env("LANDFALL_ACCESS_TOKEN", token.expose());
    if let Some(authority) = running.authority() {
        command.env("LANDFALL_CA_FILE", authority);
    }
    command.spawn().map_err(|error| {
        let exit = match error.kind() {
            ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::NotExecutable,
        };
        let program = program.to_string_lossy();
        Failure::new(format!("cannot run {program}"))
            .caused_by(&error)
            .exit(exit)
    })
}

/// Waits for the command. A request to terminate is passed on; an interrupt is not: a terminal sends it to the command as
/// well.
async fn until_ended(mut child: Child, running: &mut Running, signals: &mut Signals) -> Ended {
    let id = child.id();
    let mut end = spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            ended = &mut end => {
                let ended = ended.map_err(std::io::Error::other).flatten();
                let lost = |error| Failure::new("cannot wait for the command").caused_by(&error);
                return ended.map(exit_of).map_err(lost);
            }
            error = running.failed() => {
                terminate(id);
                // Without its org its status means nothing.
                let _ = end.await;
                return Err(error.into());
            }
            terminates = signals.next() => {
                if terminates {
                    terminate(id);
                }
            }
        }
    }
}

/// Asks the command to end.
#[cfg(unix)]
fn terminate(id: u32) {
    let id = i32::try_from(id)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended in this moment.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
}

/// There is no such request elsewhere.
#[cfg(not(unix))]
const fn terminate(_: u32) {}

/// The status of a command, and 128 and its number for a signal, as in a shell.
fn exit_of(status: ExitStatus) -> Exit {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    #[cfg(not(unix))]
    let signal = None;
    let code = status.code().or(signal).unwrap_or(1);
    Exit::Command(u8::try_from(code).unwrap_or(1))
}
