//! `landfall context`: orgs by name, so that `--target NAME` is enough.
//!
//! Start reading at [`resolve`], which every command that takes `--target` goes through; [`store`] has the file.

mod store;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use landfall_client::Target;
use serde_json::{Value, json};

pub(crate) use self::store::Context;
use self::store::Contexts;
use crate::complete;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, nearest, table};

/// Bytes of a secret on stdin. Source: none; tokens are shorter.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// Characters of a name. Source: none.
const NAME_CHARS_MAX: usize = 64;

#[derive(Subcommand)]
pub(crate) enum ContextCommand {
    /// Remember an org and the login to it
    Add(AddOptions),
    /// List the contexts; the one in use has a star
    List {
        /// Print JSON
        #[arg(long, env = "LANDFALL_JSON")]
        json: bool,
    },
    /// Use a context where no --target is set; without a name, the developer org on this machine again
    Use {
        /// Its name
        #[arg(value_name = "NAME", add = complete::contexts())]
        name: Option<String>,
    },
    /// Forget a context
    Remove {
        /// Its name
        #[arg(value_name = "NAME", add = complete::contexts())]
        name: String,
    },
}

#[derive(Args)]
pub(crate) struct AddOptions {
    /// Letters, digits, hyphens and underscores
    #[arg(value_name = "NAME")]
    name: String,
    /// URL of the org
    #[arg(short, long, env = "LANDFALL_TARGET", value_name = "URL")]
    target: String,
    /// User name
    #[arg(long, env = "LANDFALL_USERNAME", value_name = "NAME")]
    username: Option<String>,
    /// Consumer key of the connected app
    #[arg(long, env = "LANDFALL_CLIENT_ID", value_name = "ID")]
    client_id: Option<String>,
    /// Certificate authority to trust, in PEM
    #[arg(long, env = "LANDFALL_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Read the password from stdin; otherwise it is that of `LANDFALL_PASSWORD`, if set
    #[arg(long, conflicts_with = "access_token_stdin")]
    password_stdin: bool,
    /// Read an access token from stdin; otherwise it is that of `LANDFALL_ACCESS_TOKEN`, if set
    #[arg(long)]
    access_token_stdin: bool,
    /// Read the consumer secret from stdin; otherwise it is that of `LANDFALL_CLIENT_SECRET`, if set
    #[arg(long, conflicts_with_all = ["password_stdin", "access_token_stdin"])]
    client_secret_stdin: bool,
}

pub(crate) fn run(command: ContextCommand) -> Ended {
    match command {
        ContextCommand::Add(options) => add(options),
        ContextCommand::List { json } => {
            let listed = Contexts::read().map(|contexts| data(&contexts));
            conclude("context list", json, listed.map_err(Coded::from), lines)
        }
        ContextCommand::Use { name } => {
            let mut contexts = Contexts::read()?;
            if let Some(name) = &name {
                known(&contexts, name)?;
            }
            contexts.current = name;
            contexts.write()?;
            Ok(Exit::Done)
        }
        ContextCommand::Remove { name } => {
            let mut contexts = Contexts::read()?;
            known(&contexts, &name)?;
            contexts.remove(&name);
            contexts.write()?;
            Ok(Exit::Done)
        }
    }
}

/// The context that a command uses: that of the name, or without any `--target` the one in use. An address is none.
///
/// # Errors
/// There is no context of this name; the file cannot be read.
pub(crate) fn resolve(target: Option<&str>) -> Result<Option<Context>, Failure> {
    match target {
        Some(target) if !is_name(target) => Ok(None),
        Some(name) => {
            let contexts = Contexts::read()?;
            known(&contexts, name).cloned().map(Some)
        }
        None => {
            let contexts = Contexts::read()?;
            match &contexts.current {
                Some(name) => known(&contexts, name).cloned().map(Some),
                None => Ok(None),
            }
        }
    }
}

/// The names of all contexts; none if they cannot be read.
pub(crate) fn names() -> Vec<String> {
    let contexts = Contexts::read().unwrap_or_default();
    contexts.iter().map(|(name, _)| name.to_owned()).collect()
}

fn known<'c>(contexts: &'c Contexts, name: &str) -> Result<&'c Context, Failure> {
    contexts.get(name).ok_or_else(|| {
        let failure = Failure::new(format!("there is no context {name}")).exit(Exit::Unknown);
        let names = contexts.iter().map(|(name, _)| name);
        match nearest(name, names) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!("landfall context add {name} --target URL")),
        }
    })
}

/// Whether a target can be the name of a context: an address has a dot, a colon or a slash, except `localhost`.
fn is_name(text: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    !text.is_empty()
        && text.len() <= NAME_CHARS_MAX
        && !text.eq_ignore_ascii_case("localhost")
        && text.chars().all(is_part)
}

fn add(options: AddOptions) -> Ended {
    let usage = |what: String| Failure::new(what).exit(Exit::Usage);
    let name = options.name;
    if !is_name(&name) {
        return Err(usage(format!(
            "`{name}` is not a name: letters, digits, hyphens and underscores are"
        )));
    }
    let target: Target = options
        .target
        .parse()
        .map_err(|error| Failure::of(&error).exit(Exit::Usage))?;
    let mut contexts = Contexts::read()?;
    if contexts.get(&name).is_some() {
        return Err(Failure::new(format!("there is a context {name} already"))
            .hint(format!("landfall context remove {name}")));
    }
    let secret = |is_stdin: bool, variable: &str| {
        if is_stdin {
            return stdin().map(Some);
        }
        Ok(std::env::var(variable).ok().filter(|text| !text.is_empty()))
    };
    let ca_file = options.ca_file.map(std::path::absolute).transpose();
    let ca_file =
        ca_file.map_err(|error| Failure::new("cannot find the file").caused_by(&error))?;
    let context = Context {
        target: target.to_string(),
        username: options.username,
        password: secret(options.password_stdin, "LANDFALL_PASSWORD")?,
        client_id: options.client_id,
        client_secret: secret(options.client_secret_stdin, "LANDFALL_CLIENT_SECRET")?,
        access_token: secret(options.access_token_stdin, "LANDFALL_ACCESS_TOKEN")?,
        ca_file,
    };
    contexts.insert(name, context);
    contexts.write()?;
    Ok(Exit::Done)
}

/// A secret, without the end of its line.
fn stdin() -> Result<String, Failure> {
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        let failure = Failure::new("the secret would be seen on the terminal").exit(Exit::Usage);
        return Err(failure.hint("pipe it: pass show org | landfall context add …"));
    }
    let mut text = String::new();
    let read = (&mut stdin)
        .take(SECRET_BYTES_MAX)
        .read_to_string(&mut text);
    read.map_err(|error| Failure::new("cannot read stdin").caused_by(&error))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(Failure::new("stdin has no secret").exit(Exit::Usage));
    }
    Ok(text.to_owned())
}

/// Everything but the secrets.
fn data(contexts: &Contexts) -> Value {
    let listed = contexts.iter().map(|(name, context)| {
        json!({
            "name": name,
            "target": context.target,
            "login": context.login(),
            "username": context.username,
            "current": contexts.current.as_deref() == Some(name),
        })
    });
    json!({ "contexts": listed.collect::<Vec<_>>() })
}

fn lines(data: &Value) -> Vec<String> {
    let contexts = data["contexts"].as_array().into_iter().flatten();
    let rows: Vec<[String; 4]> = contexts
        .map(|context| {
            let text = |name: &str| context[name].as_str().unwrap_or_default().to_owned();
            let star = if context["current"] == true { "*" } else { "" };
            [star.to_owned(), text("name"), text("target"), text("login")]
        })
        .collect();
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_name_or_an_address() {
        for name in ["prod", "my-org_2"] {
            assert!(is_name(name), "{name}");
        }
        for address in [
            "",
            "localhost",
            "LOCALHOST",
            "127.0.0.1",
            "http://prod",
            "prod:7443",
            "acme.my.salesforce.com",
        ] {
            assert!(!is_name(address), "{address}");
        }
    }
}
