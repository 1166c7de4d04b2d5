//! The settings of a server: one declaration each, in `declared`. Flags, `LANDFALL_*` variables, the keys of
//! `landfall.toml`, help and docs are derived from it.
//!
//! Flags and variables fill one [`Settings`], the file another; [`Settings::or`] gives the first precedence.
//! [`Settings::of`] adds the defaults of a command and refuses what that command may not set. Which combinations are
//! complete and safe is decided by [`crate::config`].

mod declaration;
mod declared;
mod feature_name;
mod file;
pub mod network;
pub(crate) mod origin;
#[cfg(test)]
mod reference;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landfall_control::SettingReport;
use landfall_model::limits;

pub use declaration::{About, Allowed, Declared, Group, Program, Setting};
pub use declared::*;
pub use feature_name::FeatureName;
pub use value::{Form, HostName, HostPort, Raw, Value};

use crate::error::Error;
pub use origin::Origin;

/// The declaration of a key.
fn declared(key: &str) -> Option<&'static dyn Declared> {
    let has = |setting: &&&dyn Declared| setting.about().key() == key;
    ALL.iter().find(has).copied()
}

/// What was set, and where.
#[derive(Clone, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, Entry>);

#[derive(Clone, Debug)]
struct Entry {
    raw: Raw,
    origin: Origin,
    /// Where its relative paths begin.
    folder: Option<PathBuf>,
}

impl Settings {
    /// Reads a configuration file. Relative paths in it are resolved from the folder of the file.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Syntax`] and [`Error::Value`] with line and reason.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > limits::CONFIG_FILE_BYTES_MAX {
            return Err(unreadable(std::io::ErrorKind::FileTooLarge.into()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut settings = Self::parse(&text, path)?;
        for entry in settings.0.values_mut() {
            entry.folder = path.parent().map(Path::to_owned);
        }
        Ok(settings)
    }

    /// Reads the text of such a file; `path` is for messages. Relative paths stay relative.
    ///
    /// # Errors
    /// [`Error::Syntax`] and [`Error::Value`] with line and reason.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        file::parse(text, path)
    }

    /// Sets what a flag or a variable says.
    ///
    /// # Errors
    /// [`Error::Value`] with the origin and what is allowed.
    pub fn set(
        &mut self,
        setting: &'static dyn Declared,
        words: Vec<String>,
        origin: Origin,
    ) -> Result<(), Error> {
        let raw = Raw {
            form: Form::Untyped,
            words,
        };
        let key = setting.about().key();
        setting.check(&raw).map_err(|reason| Error::Value {
            origin: origin.clone(),
            key,
            reason,
        })?;
        let entry = Entry {
            raw,
            origin,
            folder: None,
        };
        self.0.insert(key, entry);
        Ok(())
    }

    /// These settings, and the others where these have none.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (key, entry) in other.0 {
            self.0.entry(key).or_insert(entry);
        }
        self
    }

    /// The settings of a command, with its defaults.
    ///
    /// # Errors
    /// [`Error::Unsafe`] and [`Error::Incomplete`] for a setting that the command may not set.
    pub fn of(&self, program: Program) -> Result<Resolved<'_>, Error> {
        for setting in ALL {
            let about = setting.about();
            let Some(entry) = self.0.get(about.key()) else {
                continue;
            };
            let is_off = setting.form() == Form::Switch && entry.raw.words == ["false"];
            if about.is_for(program) || is_off {
                continue;
            }
            let (key, origin) = (about.key(), &entry.origin);
            return Err(match about.allowed() {
                Allowed::DevOnly(reason) => Error::Unsafe {
                    reason: format!("`{key}` is set ({origin}): {reason}"),
                    hint: "leave it out; it is for `landfall dev`".to_owned(),
                },
                Allowed::ServeOnly | Allowed::Both => Error::Incomplete {
                    reason: format!(
                        "`{key}` is set ({origin}), but it is for `landfall serve`; a developer org has its own"
                    ),
                },
            });
        }
        Ok(Resolved {
            settings: self,
            program,
        })
    }

    /// The value of a setting that was set.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn get<T: Value>(&self, setting: &Setting<T>) -> Result<Option<T>, Error> {
        let key = setting.about().key();
        let Some(entry) = self.0.get(key) else {
            return Ok(None);
        };
        let wrong = |reason| Error::Value {
            origin: entry.origin.clone(),
            key,
            reason,
        };
        let value = setting.read(&entry.raw).map_err(wrong)?;
        Ok(Some(match &entry.folder {
            Some(folder) => value.resolve(folder),
            None => value,
        }))
    }
}

/// Settings of a command, with its defaults.
#[derive(Clone, Copy, Debug)]
pub struct Resolved<'s> {
    settings: &'s Settings,
    program: Program,
}

impl Resolved<'_> {
    /// The value of a setting, or its default, if it has one.
    ///
    /// # Errors
    /// [`Error::Value`].
    pub fn get<T: Value>(&self, setting: &Setting<T>) -> Result<Option<T>, Error> {
        let set = self.settings.get(setting)?;
        Ok(set.or_else(|| setting.fallback(self.program)))
    }

    /// The value of a setting, or its default.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if it has neither.
    pub fn require<T: Value>(&self, setting: &Setting<T>) -> Result<T, Error> {
        self.get(setting)?.ok_or_else(|| {
            let about = setting.about();
            Error::Incomplete {
                reason: format!(
                    "`{}` is not set: set it in the file, or use --{} or {}",
                    about.key(),
                    about.flag(),
                    about.variable()
                ),
            }
        })
    }

    /// All settings that the command may set, with what is in effect and where it comes from. Secrets are not in it.
    pub(crate) fn report(&self) -> Vec<SettingReport> {
        let program = self.program;
        let all = ALL.iter().filter(|one| one.about().is_for(program));
        all.map(|declared| {
            let about = declared.about();
            let set = self.settings.0.get(about.key());
            let value = match set {
                Some(_) if about.is_secret() => Some("set".to_owned()),
                Some(entry) => Some(entry.raw.words.join(", ")),
                None => declared.default_text(program),
            };
            SettingReport {
                key: about.key(),
                group: about.group().heading(),
                value,
                origin: set.map_or_else(|| "default".to_owned(), |set| set.origin.to_string()),
            }
        })
        .collect()
    }

    /// The key of a setting for messages, with the origin where it was set.
    pub fn name<T: Value>(&self, setting: &Setting<T>) -> String {
        let key = setting.about().key();
        match self.settings.0.get(key) {
            Some(entry) => format!("`{key}` ({})", entry.origin),
            None => format!("`{key}`"),
        }
    }
}

/// Editions with allocations of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Developer Edition.
    Developer,
    /// Enterprise Edition.
    Enterprise,
    /// Performance and Unlimited Edition.
    Performance,
    /// None: no allocations at all.
    Unlimited,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Readable lines.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Scheme and authority of a server as its clients use them, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Such as `https://org.example.com`, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests;
