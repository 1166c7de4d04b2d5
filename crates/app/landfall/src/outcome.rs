//! How a command ends: its exit code, and its error message.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::colour::{self, Paint};

/// Exit codes. Scripts rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Wrong usage.
    Usage,
    /// What would be lost was not confirmed.
    Unconfirmed,
    /// The login was refused.
    LoginRefused,
    /// The target cannot be reached.
    Unreachable,
    /// The topic or schema does not exist.
    Unknown,
    /// The replay id is outside retention.
    ReplayIdInvalid,
    /// An expectation was not met in time.
    Unmet,
    /// The command to run cannot be executed.
    NotExecutable,
    /// The command to run does not exist.
    NotFound,
    /// Interrupted a second time while stopping.
    Interrupted,
    /// That of the command that was run.
    Command(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Unconfirmed => 3,
            Exit::LoginRefused => 4,
            Exit::Unreachable => 5,
            Exit::Unknown => 6,
            Exit::ReplayIdInvalid => 7,
            Exit::Unmet => 8,
            Exit::NotExecutable => 126,
            Exit::NotFound => 127,
            Exit::Interrupted => 130,
            Exit::Command(status) => status,
        })
    }
}

/// How a command ended.
pub(crate) type Ended = Result<Exit, Failure>;

/// Why a command failed, as a message.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    /// The name that is not known, where one is.
    subject: Option<String>,
    causes: Vec<String>,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            what: what.into(),
            subject: None,
            causes: Vec::new(),
            hint: None,
        }
    }

    /// An error's own text, with its sources as causes.
    pub(crate) fn of(error: &dyn Error) -> Self {
        let failure = Self::new(error.to_string());
        match error.source() {
            Some(source) => failure.caused_by(source),
            None => failure,
        }
    }

    /// Adds the error and its sources, each text once.
    pub(crate) fn caused_by(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if text != self.what && !self.causes.contains(&text) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Notes the name that is not known: the nearest one is looked up.
    pub(crate) fn about(mut self, name: impl Into<String>) -> Self {
        self.subject = Some(name.into());
        self
    }

    /// The name that is not known.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Whether it has a hint.
    pub(crate) const fn has_hint(&self) -> bool {
        self.hint.is_some()
    }

    /// Adds what an org said, as a cause.
    pub(crate) fn because(mut self, said: &str) -> Self {
        if !said.is_empty() && self.what != said {
            self.causes.push(said.to_owned());
        }
        self
    }

    /// Adds to what happened.
    pub(crate) fn more(mut self, more: &str) -> Self {
        self.what.push_str(more);
        self
    }

    pub(crate) const fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same for programs, which branch on `code`.
    pub(crate) fn json(&self, code: &str) -> Value {
        let category = match self.exit {
            Exit::Usage => "usage",
            Exit::Unconfirmed => "unconfirmed",
            Exit::LoginRefused => "login",
            Exit::Unreachable => "unreachable",
            Exit::Unknown | Exit::NotFound => "not-found",
            Exit::ReplayIdInvalid | Exit::Unmet => "expectation",
            _ => "failed",
        };
        json!({
            "code": code,
            "category": category,
            "message": self.what,
            "retryable": matches!(self.exit, Exit::Unreachable | Exit::Unmet),
            "details": { "causes": self.causes, "hint": self.hint },
            "actions": [],
        })
    }

    /// The message without its first word, which says that it is an error.
    pub(crate) fn text(&self) -> String {
        self.written(colour::plain)
    }

    fn written(&self, paint: Paint) -> String {
        let mut text = format!("{}\n", self.what);
        for cause in &self.causes {
            let _ = writeln!(text, "{} {cause}", paint(colour::CAUSE, "cause:"));
        }
        if let Some(hint) = &self.hint {
            let _ = writeln!(text, "{} {hint}", paint(colour::HINT, "hint:"));
        }
        text
    }

    /// Writes it to stderr.
    pub(crate) fn report(&self) {
        // Without stderr there is nobody to report to.
        let error = colour::on_stderr(colour::ERROR, "error:");
        let _ = write!(io::stderr(), "{error} {}", self.written(colour::on_stderr));
    }
}

impl From<landfall_server::Error> for Failure {
    fn from(error: landfall_server::Error) -> Self {
        let failure = Self::of(&error);
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// A failure, with the code that programs branch on.
#[derive(Debug)]
pub(crate) struct Coded {
    pub(crate) code: String,
    pub(crate) failure: Failure,
}

impl From<Failure> for Coded {
    /// The code says how the command ended, no more.
    fn from(failure: Failure) -> Self {
        let code = match failure.exit {
            Exit::Usage => "usage",
            Exit::Unconfirmed => "unconfirmed",
            Exit::LoginRefused => "login-refused",
            Exit::Unreachable => "unreachable",
            Exit::Unknown => "not-found",
            _ => "failed",
        };
        Self {
            code: code.to_owned(),
            failure,
        }
    }
}

/// What the names of commands end with that print a list.
const LIST: &str = " list";

/// Prints the result of a command: as one JSON object, or for people by `show`, as a line each.
///
/// # Errors
/// The failure of the command, unless it was printed as JSON; when stdout is closed.
pub(crate) fn conclude(
    command: &str,
    json: bool,
    result: Result<Value, Coded>,
    show: impl FnOnce(&Value) -> Vec<String>,
) -> Ended {
    match result {
        Ok(data) if json => {
            say_data(&envelope(command, &data, &Value::Null).to_string())?;
            Ok(Exit::Done)
        }
        Ok(data) => {
            let lines = show(&data);
            if lines.is_empty() && command.ends_with(LIST) && io::stdout().is_terminal() {
                say("none");
            }
            for line in lines {
                say_data(&line)?;
            }
            Ok(Exit::Done)
        }
        Err(Coded { code, failure }) if json => {
            let error = failure.json(&code);
            say_data(&envelope(command, &Value::Null, &error).to_string())?;
            Ok(failure.exit)
        }
        Err(Coded { failure, .. }) => Err(failure),
    }
}

/// The same of a check, which has data in either case: what is wrong decides how it ends.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn conclude_check(
    command: &str,
    json: bool,
    data: &Value,
    wrong: Option<Coded>,
    show: impl FnOnce() -> String,
) -> Ended {
    let error = wrong.as_ref();
    let error = error.map_or(Value::Null, |wrong| wrong.failure.json(&wrong.code));
    if json {
        say_data(&envelope(command, data, &error).to_string())?;
    } else {
        say_data(&show())?;
    }
    Ok(wrong.map_or(Exit::Done, |wrong| wrong.failure.exit))
}

fn envelope(command: &str, data: &Value, error: &Value) -> Value {
    let status = if error.is_null() { "ok" } else { "error" };
    json!({
        "schemaVersion": 1,
        "command": command,
        "status": status,
        "data": data,
        "warnings": [],
        "error": error,
    })
}

/// A table: columns as wide as their widest cell, two spaces between them.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The name that was probably meant, if one is near.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    nearest_of(name, known, 1).first().copied()
}

/// The names that were probably meant, the nearest first.
pub(crate) fn nearest_of<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str>,
    max: usize,
) -> Vec<&'n str> {
    let name = name.to_ascii_lowercase();
    let known = known.into_iter().map(|known| {
        let other = known.to_ascii_lowercase();
        // Of short names, letters in another order are a misspelling that this measure does not see.
        let is_slip = name.len() > 2 && strsim::osa_distance(&name, &other) == 1;
        let likeness = strsim::jaro_winkler(&name, &other);
        (
            known,
            if is_slip {
                likeness.max(SLIP)
            } else {
                likeness
            },
        )
    });
    let mut near: Vec<(&str, f64)> = known
        .filter(|(_, likeness)| *likeness > LIKENESS_MIN)
        .collect();
    near.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut names: Vec<&str> = near.into_iter().map(|(known, _)| known).collect();
    names.dedup();
    names.truncate(max);
    names
}

/// What one letter too many, too few, wrong or misplaced counts. Source: none.
const SLIP: f64 = 0.9;

/// How alike two names have to be for one to be a misspelling of the other. Source: none.
const LIKENESS_MIN: f64 = 0.75;

/// Writes a line of data to stdout.
///
/// # Errors
/// When stdout is closed.
pub(crate) fn say_data(line: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::new("cannot write to stdout").caused_by(&error))
}

/// Writes a message to stderr.
pub(crate) fn say(line: &str) {
    // Without stderr there is nobody to report to.
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_printed_once() {
        let inner = io::Error::other("inner");
        let failure = Failure::new("outer").caused_by(&inner).caused_by(&inner);
        assert_eq!(failure.causes, ["inner"]);
    }
}
