//! What the declaration of one setting consists of, and what follows from it: flag, variable, key, help.

use super::value::{Form, Raw, Value};

/// The command that a server runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `landfall dev`
    Dev,
    /// `landfall serve`
    Serve,
}

impl Program {
    /// As it is typed.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Dev => "landfall dev",
            Self::Serve => "landfall serve",
        }
    }
}

/// Heading of a setting in help and docs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Addresses, TLS, proxies.
    Listening,
    /// Where the org is stored and what it begins with.
    Data,
    /// What becomes an event, and how events are delivered.
    Events,
    /// The administrator, the connected app, OAuth.
    Login,
    /// Allocations of the org.
    Allocations,
    /// Logs and metrics.
    Logging,
    /// Several machines.
    Cluster,
    /// The console.
    Console,
}

impl Group {
    /// All, in the order of help and docs.
    pub const ALL: [Self; 8] = [
        Self::Listening,
        Self::Data,
        Self::Events,
        Self::Login,
        Self::Allocations,
        Self::Logging,
        Self::Cluster,
        Self::Console,
    ];

    /// As a heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Listening => "Listening",
            Self::Data => "Data",
            Self::Events => "Events",
            Self::Login => "Login",
            Self::Allocations => "Allocations",
            Self::Logging => "Logging and metrics",
            Self::Cluster => "Several machines",
            Self::Console => "Console",
        }
    }
}

/// Which command may set a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Both.
    Both,
    /// `dev` only; a production node would be unsafe with it, for this reason.
    DevOnly(&'static str),
    /// `serve` only; a developer org has its own.
    ServeOnly,
}

/// What a declaration says without its type.
#[derive(Clone, Copy, Debug)]
pub struct About {
    pub(super) key: &'static str,
    /// Where flag and variable are not named after the key.
    pub(super) alias: Option<&'static str>,
    pub(super) group: Group,
    pub(super) help: &'static str,
    pub(super) details: &'static str,
    pub(super) value_name: &'static str,
    pub(super) unit: &'static str,
    pub(super) default_described: Option<&'static str>,
    pub(super) example: &'static str,
    pub(super) allowed: Allowed,
    pub(super) is_daily: bool,
    /// Whether its value is a secret itself, not the name of a file with one.
    pub(super) is_secret: bool,
    pub(super) min: u64,
    pub(super) max: u64,
}

impl About {
    /// Key in the file, such as `tls.key_file`.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// Name of the flag without its dashes, such as `tls-key-file`.
    pub fn flag(&self) -> String {
        self.alias.unwrap_or(self.key).replace(['.', '_'], "-")
    }

    /// Name of the variable, such as `LANDFALL_TLS_KEY_FILE`.
    pub fn variable(&self) -> String {
        let name = self.alias.unwrap_or(self.key).replace(['.', '-'], "_");
        format!("LANDFALL_{}", name.to_ascii_uppercase())
    }

    /// Its heading.
    pub const fn group(&self) -> Group {
        self.group
    }

    /// One line, without a period.
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// Placeholder of its value in help.
    pub const fn value_name(&self) -> &'static str {
        self.value_name
    }

    /// Which command may set it.
    pub const fn allowed(&self) -> Allowed {
        self.allowed
    }

    /// Whether `program` may set it.
    pub const fn is_for(&self, program: Program) -> bool {
        match self.allowed {
            Allowed::Both => true,
            Allowed::DevOnly(_) => matches!(program, Program::Dev),
            Allowed::ServeOnly => matches!(program, Program::Serve),
        }
    }

    /// Whether its value is shown nowhere.
    pub const fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Whether it is one of the few that are set every day.
    pub const fn is_daily(&self) -> bool {
        self.is_daily
    }
}

/// A setting with its type: one declaration, from which flag, variable, file key, help and docs are derived.
pub struct Setting<T> {
    about: About,
    dev: Option<fn() -> T>,
    serve: Option<fn() -> T>,
}

impl<T: Value> Setting<T> {
    /// A setting that both commands may set, without a default.
    pub(super) const fn new(key: &'static str, group: Group, help: &'static str) -> Self {
        Self {
            about: About {
                key,
                alias: None,
                group,
                help,
                details: "",
                value_name: T::NAME,
                unit: "",
                default_described: None,
                example: "",
                allowed: Allowed::Both,
                is_daily: false,
                is_secret: false,
                min: 0,
                max: u64::MAX,
            },
            dev: None,
            serve: None,
        }
    }

    /// The value if nobody sets one.
    pub(super) const fn default(mut self, value: fn() -> T) -> Self {
        self.dev = Some(value);
        self.serve = Some(value);
        self
    }

    /// The same for `dev` only.
    pub(super) const fn default_of_dev(mut self, value: fn() -> T) -> Self {
        self.dev = Some(value);
        self
    }

    /// The same for `serve` only.
    pub(super) const fn default_of_serve(mut self, value: fn() -> T) -> Self {
        self.serve = Some(value);
        self
    }

    /// For a default that depends on other settings.
    pub(super) const fn default_described(mut self, text: &'static str) -> Self {
        self.about.default_described = Some(text);
        self
    }

    /// Sentences for the docs beyond the line of help.
    pub(super) const fn details(mut self, text: &'static str) -> Self {
        self.about.details = text;
        self
    }

    /// A value in TOML for the example file.
    pub(super) const fn example(mut self, toml: &'static str) -> Self {
        self.about.example = toml;
        self
    }

    pub(super) const fn value_name(mut self, name: &'static str) -> Self {
        self.about.value_name = name;
        self
    }

    pub(super) const fn unit(mut self, unit: &'static str) -> Self {
        self.about.unit = unit;
        self
    }

    /// Names flag and variable otherwise than the key.
    pub(super) const fn alias(mut self, name: &'static str) -> Self {
        self.about.alias = Some(name);
        self
    }

    /// Only a developer org may have it: a production node would be unsafe, for this reason.
    pub(super) const fn dev_only(mut self, reason: &'static str) -> Self {
        self.about.allowed = Allowed::DevOnly(reason);
        self
    }

    /// Only a production node may have it.
    pub(super) const fn serve_only(mut self) -> Self {
        self.about.allowed = Allowed::ServeOnly;
        self
    }

    /// Its value is shown nowhere.
    pub(super) const fn secret(mut self) -> Self {
        self.about.is_secret = true;
        self
    }

    /// Lists it before the groups in help.
    pub(super) const fn daily(mut self) -> Self {
        self.about.is_daily = true;
        self
    }

    /// Smallest number that is allowed.
    pub(super) const fn at_least(mut self, min: u64) -> Self {
        self.about.min = min;
        self
    }

    /// Largest number that is allowed.
    pub(super) const fn at_most(mut self, max: u64) -> Self {
        self.about.max = max;
        self
    }

    /// Reads a value as it was written.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    pub(super) fn read(&self, raw: &Raw) -> Result<T, String> {
        if raw.form != Form::Untyped && raw.form != T::FORM {
            return Err(format!("expected {}", described(T::FORM)));
        }
        let value = T::read(&raw.words)?;
        match value.number() {
            Some(number) if number < self.about.min || number > self.about.max => Err(format!(
                "`{number}` is not {}",
                range(self.about.min, self.about.max)
            )),
            _ => Ok(value),
        }
    }

    /// The value if nobody sets one.
    pub(super) fn fallback(&self, program: Program) -> Option<T> {
        match program {
            Program::Dev => self.dev.map(|value| value()),
            Program::Serve => self.serve.map(|value| value()),
        }
    }

    /// What it says without its type.
    pub const fn about(&self) -> &About {
        &self.about
    }
}

/// A declaration of any type.
pub trait Declared: Sync {
    /// What it says without its type.
    fn about(&self) -> &About;

    /// How it is written.
    fn form(&self) -> Form;

    /// Whether it names files or folders.
    fn is_path(&self) -> bool;

    /// Whether a value is allowed.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    fn check(&self, raw: &Raw) -> Result<(), String>;

    /// The default in TOML, or in words where it depends on other settings.
    fn default_text(&self, program: Program) -> Option<String>;
}

impl<T: Value> Declared for Setting<T> {
    fn about(&self) -> &About {
        &self.about
    }

    fn form(&self) -> Form {
        T::FORM
    }

    fn is_path(&self) -> bool {
        T::IS_PATH
    }

    fn check(&self, raw: &Raw) -> Result<(), String> {
        self.read(raw).map(|_| ())
    }

    fn default_text(&self, program: Program) -> Option<String> {
        let described = || self.about.default_described.map(str::to_owned);
        self.fallback(program)
            .map(|value| value.write())
            .or_else(described)
    }
}

const fn described(form: Form) -> &'static str {
    match form {
        Form::Untyped => "a value",
        Form::Text => "a string",
        Form::Integer => "a whole number",
        Form::Switch => "true or false",
        Form::List => "a list of strings",
    }
}

fn range(min: u64, max: u64) -> String {
    if max == u64::MAX {
        format!("a whole number of {min} or more")
    } else {
        format!("a whole number from {min} to {max}")
    }
}
