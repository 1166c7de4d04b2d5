//! The options of a client: the org, and the login to it.

use std::ops::Deref;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use crate::complete;
use crate::context::{self, Context};

/// What flags and variables say.
#[derive(Args)]
pub(crate) struct Given {
    #[arg(
        short,
        long,
        env = "LANDFALL_TARGET",
        value_name = "URL|NAME",
        default_value = TARGET_DEFAULT,
        hide_default_value = true,
        help = TARGET_HELP,
        add = complete::contexts()
    )]
    pub(crate) target: String,
    /// User name [default: the developer org's on loopback targets]
    #[arg(long, env = "LANDFALL_USERNAME", value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password; prefer the variable, which other users of the machine cannot see
    #[arg(
        long,
        env = "LANDFALL_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    pub(crate) password: Option<String>,
    /// Consumer key of the connected app to log in with [default: landfall]
    #[arg(long, env = "LANDFALL_CLIENT_ID", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Consumer secret; without a user name, the client credentials flow is used
    #[arg(
        long,
        env = "LANDFALL_CLIENT_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub(crate) client_secret: Option<String>,
    /// Access token of an existing login
    #[arg(
        long,
        env = "LANDFALL_ACCESS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub(crate) access_token: Option<String>,
    /// Certificate authority to trust, in PEM
    #[arg(long, env = "LANDFALL_CA_FILE", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

/// Where `landfall dev` listens by default.
pub(crate) const TARGET_DEFAULT: &str = "http://127.0.0.1:7443";

/// The help of the option that sets it.
pub(crate) const TARGET_HELP: &str = "URL of the org, or the name of a context [default: the context in use, or http://127.0.0.1:7443]";

/// The context that the target names; without a target, the one in use.
pub(crate) fn context_of(matches: &ArgMatches) -> Result<Option<Context>, Error> {
    let target = match matches.value_source("target") {
        Some(ValueSource::DefaultValue) | None => None,
        Some(_) => matches.get_one::<String>("target"),
    };
    context::resolve(target.map(String::as_str))
        .map_err(|failure| Error::raw(ErrorKind::ValueValidation, failure.text()))
}

impl Given {
    /// Takes what no flag sets from a context. Variables do not count: they are credentials of another org.
    fn adopt(&mut self, context: Context, is_flag: impl Fn(&str) -> bool) {
        self.target = context.target;
        let texts = [
            ("username", &mut self.username, context.username),
            ("password", &mut self.password, context.password),
            ("client_id", &mut self.client_id, context.client_id),
            (
                "client_secret",
                &mut self.client_secret,
                context.client_secret,
            ),
            ("access_token", &mut self.access_token, context.access_token),
        ];
        for (id, option, remembered) in texts {
            if !is_flag(id) {
                *option = remembered;
            }
        }
        if !is_flag("ca_file") {
            self.ca_file = context.ca_file;
        }
    }
}

/// The org, and the login to it: an access token, or a user.
///
/// Of the two, a flag takes precedence over variables, and the token over the user. With flags for both nobody knows which is
/// meant.
pub(crate) struct OrgOptions(Given);

impl Deref for OrgOptions {
    type Target = Given;

    fn deref(&self) -> &Given {
        &self.0
    }
}

impl Args for OrgOptions {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}

impl FromArgMatches for OrgOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Given::from_arg_matches(matches)?;
        let is_flag = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        if let Some(context) = context_of(matches)? {
            given.adopt(context, is_flag);
        }
        let user = is_flag("username") || is_flag("password");
        if user && is_flag("access_token") {
            return Err(Error::raw(
                ErrorKind::ArgumentConflict,
                "--access-token cannot be used with --username or --password\n",
            ));
        }
        if user {
            given.access_token = None;
        }
        if is_flag("access_token") {
            given.username = None;
            given.password = None;
        }
        Ok(Self(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Client {
        #[command(flatten)]
        org: OrgOptions,
    }

    #[test]
    fn an_access_token_and_a_user_exclude_each_other() {
        let parse = |flags: &[&str]| Client::try_parse_from([&["client"], flags].concat());
        let both = parse(&["--access-token", "t", "--username", "u"]);
        let refused = both.err().map(|error| error.kind());
        assert_eq!(refused, Some(ErrorKind::ArgumentConflict));
        let token = parse(&["--access-token", "t"]).expect("valid");
        assert_eq!(token.org.access_token.as_deref(), Some("t"));
        let user = parse(&["--username", "u"]).expect("valid");
        assert_eq!(user.org.username.as_deref(), Some("u"));
    }
}
