//! Reading a configuration file: which keys it sets, and where.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::value::{Form, Raw};
use super::{ALL, Entry, Origin, Settings, declared};
use crate::error::Error;

/// Names at least this similar are suggested for an unknown one. Source: the threshold of clap's own suggestions.
const SIMILARITY_SUGGESTED: f64 = 0.7;

/// Reads the text of a configuration file; `path` is for messages.
///
/// # Errors
/// [`Error::Syntax`] for invalid TOML or an unknown key; [`Error::Value`].
pub(super) fn parse(text: &str, path: &Path) -> Result<Settings, Error> {
    let file = File { text, path };
    let table = DeTable::parse(text).map_err(|error| {
        file.error(error.span().unwrap_or_default(), error.message().to_owned())
    })?;
    let mut settings = Settings::default();
    file.table(table.get_ref(), "", &mut settings)?;
    Ok(settings)
}

struct File<'f> {
    text: &'f str,
    path: &'f Path,
}

impl File<'_> {
    fn table(
        &self,
        table: &DeTable<'_>,
        prefix: &str,
        settings: &mut Settings,
    ) -> Result<(), Error> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            if let Some(setting) = declared(&key) {
                let origin = self.origin(value.span());
                let raw = raw(value.get_ref());
                let entry = raw
                    .ok_or_else(|| "expected a plain value".to_owned())
                    .and_then(|raw| setting.check(&raw).map(|()| raw));
                let raw = entry.map_err(|reason| Error::Value {
                    origin: origin.clone(),
                    key: setting.about().key(),
                    reason,
                })?;
                let key = setting.about().key();
                let entry = Entry {
                    raw,
                    origin,
                    folder: None,
                };
                settings.0.insert(key, entry);
                continue;
            }
            match value.get_ref() {
                DeValue::Table(inner) if is_table(&key) => {
                    self.table(inner, &format!("{key}."), settings)?;
                }
                DeValue::Table(inner) => return Err(self.unknown_table(name, &key, inner)),
                _ => return Err(self.error(name.span(), unknown(&key))),
            }
        }
        Ok(())
    }

    fn unknown_table(
        &self,
        name: &Spanned<impl AsRef<str>>,
        key: &str,
        inner: &DeTable<'_>,
    ) -> Error {
        let first = inner.keys().next();
        let key = first.map_or_else(
            || key.to_owned(),
            |first| format!("{key}.{}", first.get_ref()),
        );
        self.error(name.span(), unknown(&key))
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        let (line, column) = position(self.text, span.start);
        Origin::File {
            path: self.path.to_owned(),
            line,
            column,
        }
    }

    fn error(&self, span: Range<usize>, reason: String) -> Error {
        let (line, column) = position(self.text, span.start);
        Error::Syntax {
            path: self.path.to_owned(),
            line,
            column,
            reason,
        }
    }
}

/// Whether keys begin with this name and a dot.
fn is_table(key: &str) -> bool {
    ALL.iter().any(|setting| {
        let rest = setting.about().key().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with('.'))
    })
}

/// What is written, if a setting can be written like that.
fn raw(value: &DeValue<'_>) -> Option<Raw> {
    let (form, words) = match value {
        DeValue::String(text) => (Form::Text, vec![text.to_string()]),
        DeValue::Integer(number) if number.radix() == 10 => {
            (Form::Integer, vec![number.as_str().to_owned()])
        }
        DeValue::Boolean(switch) => (Form::Switch, vec![switch.to_string()]),
        DeValue::Array(elements) => {
            let words = elements.iter().map(|element| element.get_ref().as_str());
            let words: Option<Vec<&str>> = words.collect();
            (Form::List, words?.into_iter().map(str::to_owned).collect())
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            return None;
        }
    };
    Some(Raw { form, words })
}

fn unknown(key: &str) -> String {
    match nearest(key) {
        Some(nearest) => format!("unknown key `{key}`; did you mean `{nearest}`?"),
        None => format!("unknown key `{key}`"),
    }
}

/// The declared key that is most like this one: as a whole, or without the name of its table.
fn nearest(key: &str) -> Option<&'static str> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let similarity = |declared: &str| {
        let whole = strsim::jaro_winkler(key, declared);
        // A key in the wrong table: what counts is its own name.
        let own = if last(key) == last(declared) {
            0.99
        } else {
            0.0
        };
        whole.max(own)
    };
    let mut best = (SIMILARITY_SUGGESTED, None);
    for setting in ALL {
        let declared = setting.about().key();
        let found = similarity(declared);
        if found > best.0 {
            best = (found, Some(declared));
        }
    }
    best.1
}

/// Line and column of a byte offset, from 1.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |last| last.chars().count())
        + 1;
    (line, column)
}
