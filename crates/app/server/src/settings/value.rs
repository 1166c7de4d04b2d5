//! Types that a setting can have, and how each is written as text and in TOML.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use http::uri::Authority;
use landfall_model::Timestamp;
use landfall_model::limits::CLOCK_MAX;
use landfall_wire::dates::{parse_date_time, render_utc};

use super::{Edition, LogFormat, PublicUrl};
use crate::settings::network::Network;
use landfall_metadata::OriginPattern;

/// A value as it was written, before it is checked against the type of its setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    pub(super) form: Form,
    /// One word for each element of a list, else exactly one.
    pub(super) words: Vec<String>,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By a flag or a variable, which have no types.
    Untyped,
    /// A TOML string.
    Text,
    /// A TOML integer.
    Integer,
    /// A TOML boolean; its flag needs no value.
    Switch,
    /// A TOML array of strings; its flag can be repeated, and its variable is separated by commas.
    List,
}

/// A type that a setting can have.
pub trait Value: Sized {
    /// How it is written in TOML.
    const FORM: Form;
    /// Placeholder in help.
    const NAME: &'static str;
    /// Whether it names files or folders.
    const IS_PATH: bool;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong and what is allowed.
    fn read(words: &[String]) -> Result<Self, String>;

    /// As it is written in TOML.
    fn write(&self) -> String;

    /// Makes relative paths relative to `folder`.
    #[must_use]
    fn resolve(self, folder: &Path) -> Self;

    /// For types that have a range.
    fn number(&self) -> Option<u64> {
        None
    }
}

/// A type of one word.
pub(super) trait Word: Sized {
    const FORM: Form;
    const NAME: &'static str;
    const IS_PATH: bool = false;
    /// What is allowed, after "is not".
    const ALLOWED: &'static str;

    fn parse(word: &str) -> Option<Self>;

    fn write(&self) -> String;

    fn resolve(self, _folder: &Path) -> Self {
        self
    }

    fn number(&self) -> Option<u64> {
        None
    }

    /// What may be meant by a word that is none.
    fn hint(_word: &str) -> Option<String> {
        None
    }
}

impl<W: Word> Value for W {
    const FORM: Form = W::FORM;
    const NAME: &'static str = W::NAME;
    const IS_PATH: bool = W::IS_PATH;

    fn read(words: &[String]) -> Result<Self, String> {
        match words {
            [word] => read_word(word),
            _ => Err(format!("expected {}", W::ALLOWED)),
        }
    }

    fn write(&self) -> String {
        Word::write(self)
    }

    fn resolve(self, folder: &Path) -> Self {
        Word::resolve(self, folder)
    }

    fn number(&self) -> Option<u64> {
        Word::number(self)
    }
}

impl<W: Word> Value for Vec<W> {
    const FORM: Form = Form::List;
    const NAME: &'static str = W::NAME;
    const IS_PATH: bool = W::IS_PATH;

    fn read(words: &[String]) -> Result<Self, String> {
        words.iter().map(|word| read_word(word)).collect()
    }

    fn write(&self) -> String {
        let words: Vec<String> = self.iter().map(Word::write).collect();
        format!("[{}]", words.join(", "))
    }

    fn resolve(self, folder: &Path) -> Self {
        self.into_iter().map(|word| word.resolve(folder)).collect()
    }
}

fn read_word<W: Word>(word: &str) -> Result<W, String> {
    W::parse(word).ok_or_else(|| {
        let hint = W::hint(word).map_or_else(String::new, |hint| format!("; {hint}"));
        format!("`{word}` is not {}{hint}", W::ALLOWED)
    })
}

pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

impl Word for SocketAddr {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "ADDRESS:PORT";
    const ALLOWED: &'static str = "an address and a port, such as 127.0.0.1:7443";

    fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

/// A host name or address with a port, as other machines reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// Both, with another port in the place of 0.
    pub(crate) fn with_port(&self, port: u16) -> String {
        let port = if self.port == 0 { port } else { self.port };
        format!("{}:{port}", self.host)
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Word for HostPort {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "HOST:PORT";
    const ALLOWED: &'static str = "a host and a port, such as node-1.example.com:7443";

    fn parse(word: &str) -> Option<Self> {
        let authority: Authority = word.parse().ok()?;
        let is_plain = !authority.host().is_empty() && !word.contains(['@', '*']);
        Some(Self {
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16()?,
        })
        .filter(|_| is_plain)
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Word for PathBuf {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "PATH";
    const IS_PATH: bool = true;
    const ALLOWED: &'static str = "a path";

    fn parse(word: &str) -> Option<Self> {
        (!word.is_empty()).then(|| word.into())
    }

    fn write(&self) -> String {
        quoted(&self.display().to_string())
    }

    fn resolve(self, folder: &Path) -> Self {
        folder.join(self)
    }
}

impl Word for String {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "TEXT";
    const ALLOWED: &'static str = "a text";

    fn parse(word: &str) -> Option<Self> {
        (!word.trim().is_empty()).then(|| word.to_owned())
    }

    fn write(&self) -> String {
        quoted(self)
    }
}

impl Word for Timestamp {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "TIME";
    const ALLOWED: &'static str = "a time such as 2030-01-01T09:00:00Z, before the year 3000";

    fn parse(word: &str) -> Option<Self> {
        let time = parse_date_time(word)?;
        (Self::default()..=CLOCK_MAX)
            .contains(&time)
            .then_some(time)
    }

    fn write(&self) -> String {
        quoted(&render_utc(*self))
    }
}

impl Word for bool {
    const FORM: Form = Form::Switch;
    const NAME: &'static str = "BOOL";
    const ALLOWED: &'static str = "true or false";

    fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// Numbers of every width.
macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Word for $type {
            const FORM: Form = Form::Integer;
            const NAME: &'static str = "N";
            const ALLOWED: &'static str = "a whole number";

            fn parse(word: &str) -> Option<Self> {
                word.parse().ok()
            }

            fn write(&self) -> String {
                self.to_string()
            }

            fn number(&self) -> Option<u64> {
                (*self).try_into().ok()
            }
        }
    )*};
}

numbers!(u32, u64, usize);

impl Word for Network {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "RANGE";
    const ALLOWED: &'static str = "an address or a range, such as 10.0.0.0/8";

    fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

impl Word for OriginPattern {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "ORIGIN";
    const ALLOWED: &'static str = "an origin with https, or http for localhost, whose first label may be *, such as \
        https://*.example.com; or that of a Chrome or Firefox extension";

    fn parse(word: &str) -> Option<Self> {
        Self::parse(word)
    }

    fn write(&self) -> String {
        quoted(&self.to_string())
    }
}

/// Types that are one of a few names.
macro_rules! names {
    ($type:ident, $name:literal, $allowed:literal, $($variant:ident = $text:literal),*) => {
        impl Word for $type {
            const FORM: Form = Form::Text;
            const NAME: &'static str = $name;
            const ALLOWED: &'static str = $allowed;

            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn write(&self) -> String {
                quoted(match self {
                    $(Self::$variant => $text,)*
                })
            }
        }
    };
}

names!(
    Edition,
    "EDITION",
    "one of developer, enterprise, performance and unlimited",
    Developer = "developer",
    Enterprise = "enterprise",
    Performance = "performance",
    Unlimited = "unlimited"
);
names!(
    LogFormat,
    "FORMAT",
    "one of text and json",
    Text = "text",
    Json = "json"
);

impl Word for PublicUrl {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "URL";
    const ALLOWED: &'static str =
        "the https or http address of a server without a path, such as https://org.example.com";

    fn parse(word: &str) -> Option<Self> {
        let word = word.strip_suffix('/').unwrap_or(word);
        let rest = word
            .strip_prefix("https://")
            .or_else(|| word.strip_prefix("http://"))?;
        let authority: Authority = rest.parse().ok()?;
        let is_plain = !authority.host().is_empty() && !rest.contains('@');
        is_plain.then(|| Self(word.to_ascii_lowercase()))
    }

    fn write(&self) -> String {
        quoted(self.as_str())
    }
}

/// A host name without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for HostName {
    const FORM: Form = Form::Text;
    const NAME: &'static str = "HOST";
    const ALLOWED: &'static str =
        "a host name or an address without a port, such as landfall.internal";

    fn parse(word: &str) -> Option<Self> {
        let bare = word.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() {
            return Some(Self(bare.to_ascii_lowercase()));
        }
        let authority: Authority = word.parse().ok()?;
        (authority.host() == word && !word.contains(['[', ']', '*']))
            .then(|| Self(word.to_ascii_lowercase()))
    }

    fn write(&self) -> String {
        quoted(&self.0)
    }
}
