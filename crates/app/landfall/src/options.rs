//! The options of `dev` and `serve`, derived from the declarations of the settings.

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::ValueHint;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use landfall_server::settings::{self, Declared, Form, Group, LogFormat, Origin, Program};
use landfall_server::{Error, Settings};

/// Id of the option that names the configuration file.
const CONFIG: &str = "config";

/// A command that takes settings.
pub(crate) trait Kind {
    const PROGRAM: Program;

    /// Whether the command sets it by itself.
    fn is_fixed(_: &dyn Declared) -> bool {
        false
    }

    /// The settings that its options set.
    fn own() -> impl Iterator<Item = &'static dyn Declared> {
        let all = settings::ALL.iter().copied();
        all.filter(|setting| !is_global(*setting) && !Self::is_fixed(*setting))
    }
}

/// `landfall dev`
pub(crate) struct Dev;

impl Kind for Dev {
    const PROGRAM: Program = Program::Dev;
}

/// `landfall serve`
pub(crate) struct Serve;

impl Kind for Serve {
    const PROGRAM: Program = Program::Serve;
}

/// `landfall exec`: a developer org for the time of a command.
pub(crate) struct Exec;

impl Kind for Exec {
    const PROGRAM: Program = Program::Dev;

    fn is_fixed(setting: &dyn Declared) -> bool {
        let fixed: [&dyn Declared; 4] = [
            &settings::LISTEN,
            &settings::DATA,
            &settings::EPHEMERAL,
            &settings::READY_FILE,
        ];
        let key = setting.about().key();
        fixed.iter().any(|fixed| fixed.about().key() == key)
    }
}

/// The options of a command that takes settings.
pub(crate) struct ServerOptions<K> {
    config: Option<PathBuf>,
    settings: Settings,
    kind: PhantomData<K>,
}

impl<K> ServerOptions<K> {
    /// Flags, variables and the file, in this order of precedence.
    ///
    /// # Errors
    /// If the file cannot be read.
    #[expect(clippy::result_large_err, reason = "once, at the start")]
    pub(crate) fn settings(self, log: LogOptions) -> Result<Settings, Error> {
        let own = self.settings.or(log.0);
        Ok(match self.config {
            Some(path) => own.or(Settings::read(&path)?),
            None => own,
        })
    }
}

impl<K: Kind> Args for ServerOptions<K> {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long("config")
            .env("LANDFALL_CONFIG")
            .value_name("FILE")
            .value_hint(ValueHint::FilePath)
            .value_parser(value_parser!(PathBuf))
            .help("Configuration file in TOML; flags and environment variables take precedence");
        let own = K::own();
        let (daily, grouped): (Vec<&dyn Declared>, Vec<&dyn Declared>) =
            own.partition(|setting| setting.about().is_daily());
        let in_groups = Group::ALL.into_iter().flat_map(|group| {
            let of_group = move |setting: &&&dyn Declared| setting.about().group() == group;
            let members: Vec<&dyn Declared> = grouped.iter().filter(of_group).copied().collect();
            members
        });
        let daily = daily
            .into_iter()
            .map(|setting| argument(setting, K::PROGRAM));
        let in_groups = in_groups.map(|setting| {
            let heading = setting.about().group().heading();
            argument(setting, K::PROGRAM).help_heading(heading)
        });
        command.arg(config).args(daily).args(in_groups)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<K: Kind> FromArgMatches for ServerOptions<K> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            config: matches.get_one(CONFIG).cloned(),
            settings: read(matches, K::own())?,
            kind: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of every command: how to log.
#[derive(Clone)]
pub(crate) struct LogOptions(Settings);

impl LogOptions {
    /// The log format, and the filter if one is set.
    ///
    /// # Errors
    /// As [`Settings::get`].
    #[expect(clippy::result_large_err, reason = "once, at the start")]
    pub(crate) fn format_and_filter(&self) -> Result<(LogFormat, Option<String>), Error> {
        let format = self.0.get(&settings::LOG_FORMAT)?.unwrap_or_default();
        Ok((format, self.0.get(&settings::LOG_FILTER)?))
    }
}

impl Args for LogOptions {
    fn augment_args(command: Command) -> Command {
        let global = settings::ALL.iter().filter(|setting| is_global(**setting));
        let arguments = global.map(|setting| {
            // Defaults differ by command.
            plain(*setting)
                .help(setting.about().help())
                .help_heading(setting.about().group().heading())
                .global(true)
        });
        command.args(arguments)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for LogOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let global = settings::ALL.iter().filter(|setting| is_global(**setting));
        read(matches, global.copied()).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Whether every command has the option.
fn is_global(setting: &dyn Declared) -> bool {
    [
        settings::LOG_FORMAT.about().key(),
        settings::LOG_FILTER.about().key(),
    ]
    .contains(&setting.about().key())
}

/// The option of a setting. A setting that the command may not set is hidden, and refused with the reason.
fn argument(setting: &dyn Declared, program: Program) -> Arg {
    let about = setting.about();
    let help = match setting.default_text(program) {
        Some(default) => format!("{} [default: {}]", about.help(), default.trim_matches('"')),
        None => about.help().to_owned(),
    };
    plain(setting).help(help).hide(!about.is_for(program))
}

fn plain(setting: &dyn Declared) -> Arg {
    let about = setting.about();
    let argument = Arg::new(about.key())
        .long(about.flag())
        .env(about.variable())
        .value_name(about.value_name());
    let argument = match setting.form() {
        Form::Switch => argument.num_args(0..=1).default_missing_value("true"),
        Form::List => argument.action(ArgAction::Append).value_delimiter(','),
        Form::Untyped | Form::Text | Form::Integer => argument,
    };
    if setting.is_path() {
        argument.value_hint(ValueHint::AnyPath)
    } else {
        argument
    }
}

/// The values that flags and variables have.
fn read(
    matches: &ArgMatches,
    of: impl Iterator<Item = &'static dyn Declared>,
) -> Result<Settings, clap::Error> {
    let mut settings = Settings::default();
    for setting in of {
        let about = setting.about();
        let origin = match matches.value_source(about.key()) {
            Some(ValueSource::CommandLine) => Origin::Flag(format!("--{}", about.flag())),
            Some(ValueSource::EnvVariable) => Origin::Variable(about.variable()),
            Some(_) | None => continue,
        };
        let words = matches.get_many::<String>(about.key());
        let words = words.into_iter().flatten().cloned().collect();
        settings
            .set(setting, words, origin)
            .map_err(|error| clap::Error::raw(ErrorKind::ValueValidation, error))?;
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};
    use landfall_server::settings::ALL;

    use super::*;
    use crate::cli::{Cli, Command as Chosen};

    /// A value that is allowed, as a flag has it.
    fn sample(setting: &dyn Declared) -> &'static str {
        match (setting.form(), setting.about().value_name()) {
            (Form::Switch, _) => "true",
            (Form::Integer, _) => "7",
            (_, "ADDRESS:PORT") => "127.0.0.1:1",
            (_, "HOST:PORT") => "node-1.example.com:7443",
            (_, "RANGE") => "10.0.0.0/8",
            (_, "EDITION") => "performance",
            (_, "FEATURE") => "Quotes",
            (_, "FORMAT") => "json",
            (_, "TIME") => "2030-01-01T09:00:00Z",
            (_, "URL" | "ORIGIN") => "https://org.example.com",
            _ => "x",
        }
    }

    fn settings(command: &str, arguments: &[String]) -> Settings {
        let words = ["landfall", command].map(str::to_owned);
        let cli = Cli::try_parse_from(words.iter().chain(arguments)).expect("valid");
        match cli.command {
            Chosen::Dev(options) => options.settings(cli.log),
            Chosen::Serve(options) => options.settings(cli.log),
            _ => panic!("{command} takes no settings"),
        }
        .expect("no file")
    }

    #[test]
    fn every_setting_is_a_flag_and_a_variable_of_the_commands_that_may_set_it() {
        for (command, program) in [("dev", Program::Dev), ("serve", Program::Serve)] {
            let mut cli = Cli::command();
            cli.build();
            let built = cli.find_subcommand(command).expect("a command");
            for setting in ALL {
                let about = setting.about();
                let option = built
                    .get_arguments()
                    .find(|argument| argument.get_long() == Some(&about.flag()))
                    .unwrap_or_else(|| panic!("{command} --{}", about.flag()));
                let variable = option.get_env().map(|name| name.to_string_lossy());
                assert_eq!(variable.as_deref(), Some(&*about.variable()));
                assert_eq!(
                    option.is_hide_set(),
                    !about.is_for(program),
                    "{}",
                    about.key()
                );
                let flag = format!("--{}={}", about.flag(), sample(*setting));
                let set = settings(command, &[flag]);
                assert!(format!("{set:?}").contains(about.key()), "{}", about.key());
                assert_eq!(
                    set.of(program).is_ok(),
                    about.is_for(program),
                    "{}",
                    about.key()
                );
            }
        }
    }
}
