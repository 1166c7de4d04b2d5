//! What the shell offers for an argument: names that the org has, and those of this machine.
//!
//! A look-up that fails or takes too long offers nothing, and prints nothing.

use std::ffi::OsStr;
use std::time::Duration;

use clap::Parser;
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use landfall_client::Method;
use landfall_server::FaultKind;
use landfall_wire::explain::{Entry, entries};
use serde_json::Value;
use tokio::time::timeout;

use crate::connection::Logins;
use crate::context;
use crate::org_options::OrgOptions;
use crate::outcome::{Ended, Exit, Failure, say_data};
use crate::suggest;

/// The variable by which a completion script asks for candidates.
const VARIABLE: &str = "LANDFALL_COMPLETE";

/// How long the shell may be kept waiting.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// Answers the shell and ends the process, if it is the shell that has called.
pub(crate) fn answer(command: fn() -> clap::Command) {
    CompleteEnv::with_factory(command).var(VARIABLE).complete();
}

/// Prints the script that makes a shell ask.
pub(crate) fn script(shell: Shell) -> Ended {
    let (shells, name) = (Shells::builtins(), shell.to_string());
    let failed = |error: std::io::Error| {
        Failure::new(format!("cannot write a script for {name}")).caused_by(&error)
    };
    let unknown = || failed(std::io::ErrorKind::Unsupported.into());
    let completer = shells.completer(&name).ok_or_else(unknown)?;
    let mut script = Vec::new();
    let own = "landfall";
    completer
        .write_registration(VARIABLE, own, own, own, &mut script)
        .map_err(failed)?;
    say_data(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Done)
}

/// Topics of the org.
pub(crate) fn topics() -> ArgValueCompleter {
    looked_up(Target::topics)
}

/// Objects of the org.
pub(crate) fn objects() -> ArgValueCompleter {
    looked_up(|org| org.rest_names("/services/data/v59.0/sobjects", "sobjects", "name"))
}

/// Snapshots of a developer org.
pub(crate) fn snapshots() -> ArgValueCompleter {
    looked_up(|org| org.names("snapshots", "snapshots", "name"))
}

/// States that a developer org can return to.
pub(crate) fn states() -> ArgValueCompleter {
    looked_up(|org| {
        let saved = org.names("snapshots", "snapshots", "name");
        let own = ["seed", "empty"].map(str::to_owned);
        Some(own.into_iter().chain(saved.unwrap_or_default()).collect())
    })
}

/// Isolated orgs in the process of a developer org.
pub(crate) fn orgs() -> ArgValueCompleter {
    looked_up(|org| org.names("orgs", "orgs", "id"))
}

/// Subscribers of a developer org.
pub(crate) fn subscribers() -> ArgValueCompleter {
    looked_up(|org| org.names("subscribers", "subscribers", "id"))
}

/// Armed faults of a developer org.
pub(crate) fn armed() -> ArgValueCompleter {
    looked_up(|org| org.names("faults", "faults", "id"))
}

/// Kinds of faults.
pub(crate) fn faults() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        matching(
            current,
            FaultKind::NAMES.iter().map(|name| (*name).to_owned()),
        )
    })
}

/// Codes of errors.
pub(crate) fn codes() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let entries = entries();
        let spellings = entries.iter().flat_map(Entry::spellings);
        let mut codes: Vec<String> = spellings.map(|spelling| spelling.code).collect();
        codes.retain(|code| !code.is_empty());
        codes.sort_unstable();
        codes.dedup();
        matching(current, codes)
    })
}

/// Names of contexts.
pub(crate) fn contexts() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| matching(current, context::names()))
}

fn looked_up(
    names: impl Fn(&Target) -> Option<Vec<String>> + Send + Sync + 'static,
) -> ArgValueCompleter {
    ArgValueCompleter::new(move |current: &OsStr| {
        let found = Target::of_command_line().and_then(|target| names(&target));
        matching(current, found.unwrap_or_default())
    })
}

fn matching(current: &OsStr, names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let names = names.into_iter();
    let names = names.filter(|name| name.starts_with(&*current));
    names.map(CompletionCandidate::new).collect()
}

/// The org that the command line so far, the variables or the context in use name.
struct Target(OrgOptions);

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Options {
    #[command(flatten)]
    org: OrgOptions,
}

impl Target {
    fn of_command_line() -> Option<Self> {
        let words: Vec<String> = std::env::args().collect();
        let options = Options::try_parse_from(target_of(&words));
        options.ok().map(|options| Self(options.org))
    }

    fn topics(&self) -> Option<Vec<String>> {
        within(async {
            let logins = Logins::new(&self.0).ok()?;
            let org = logins.login().await.ok()?;
            suggest::topics(&logins, &org).await
        })
    }

    /// The names in a list that the control interface answers with.
    fn names(&self, path: &str, list: &str, name: &str) -> Option<Vec<String>> {
        within(async {
            let control = Logins::new(&self.0).ok()?.control_as(&self.0).ok()?;
            let answer = control.call(Method::GET, path, None).await.ok()?;
            names_in(&answer, list, name)
        })
    }

    /// The names in a list that the REST API answers with.
    fn rest_names(&self, path: &str, list: &str, name: &str) -> Option<Vec<String>> {
        within(async {
            let org = Logins::new(&self.0).ok()?.login().await.ok()?;
            let answer = org.call(Method::GET, path, None).await.ok()?;
            names_in(&answer.json(), list, name)
        })
    }
}

/// The option that names the org, of a command line that is not complete.
fn target_of(words: &[String]) -> Vec<String> {
    let flag = |word: &&String| word.starts_with("--target=");
    if let Some(whole) = words.iter().rfind(flag) {
        return vec![whole.clone()];
    }
    let mut pairs = words.windows(2).rev();
    let pair = pairs.find(|pair| matches!(pair, [flag, _] if flag == "--target" || flag == "-t"));
    pair.map(<[String]>::to_vec).unwrap_or_default()
}

fn names_in(answer: &Value, list: &str, name: &str) -> Option<Vec<String>> {
    let listed = answer.get(list)?.as_array()?.iter();
    let names = listed.filter_map(|one| one.get(name)?.as_str().map(str::to_owned));
    Some(names.collect())
}

fn within<T>(work: impl Future<Output = Option<T>>) -> Option<T> {
    landfall_server::install_crypto_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let work = async { timeout(LOOK_UP_MAX, work).await };
    runtime.ok()?.block_on(work).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_found_wherever_it_is() {
        let of = |line: &str| {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            target_of(&words).join(" ")
        };
        assert_eq!(of("tail --target prod /da"), "--target prod");
        assert_eq!(of("tail -t prod -t other "), "-t other");
        assert_eq!(of("tail --target=prod /da"), "--target=prod");
        assert_eq!(of("tail /da"), "");
        assert_eq!(of("tail --target"), "");
    }

    #[test]
    fn kinds_of_faults_are_offered_by_their_beginning() {
        let offered = faults().complete(OsStr::new("client-"));
        let names: Vec<_> = offered.iter().map(CompletionCandidate::get_value).collect();
        assert_eq!(names, ["client-unknown"]);
    }
}
