//! Colours: on a terminal, unless `--color`, `NO_COLOR`, `CLICOLOR` or `CLICOLOR_FORCE` says otherwise.
//!
//! Nothing is said by a colour alone. Source: no-color.org; "Standard for ANSI Colors in Terminals" (bixense.com/clicolors).

use std::io::{stderr, stdout};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// When there are colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colours {
    /// On a terminal
    Auto,
    /// Also in a pipe or a file
    Always,
    /// Not at all
    Never,
}

pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const CAUSE: Style = AnsiColor::Yellow.on_default();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();

/// How a text is written in a style.
pub(crate) type Paint = fn(Style, &str) -> String;

/// Decides for the whole process.
pub(crate) fn choose(colours: Colours) {
    let choice = match colours {
        Colours::Auto => ColorChoice::Auto,
        Colours::Always => ColorChoice::Always,
        Colours::Never => ColorChoice::Never,
    };
    choice.write_global();
}

/// Whether stderr has colours.
pub(crate) fn is_on_stderr() -> bool {
    AutoStream::choice(&stderr()) != ColorChoice::Never
}

/// A text for stderr.
pub(crate) fn on_stderr(style: Style, text: &str) -> String {
    let paint = if is_on_stderr() { painted } else { plain };
    paint(style, text)
}

/// A text for stdout.
pub(crate) fn on_stdout(style: Style, text: &str) -> String {
    let is_on = AutoStream::choice(&stdout()) != ColorChoice::Never;
    let paint = if is_on { painted } else { plain };
    paint(style, text)
}

/// A text without its style.
pub(crate) fn plain(_: Style, text: &str) -> String {
    text.to_owned()
}

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a type of change.
pub(crate) const fn of_change(change: &str) -> Style {
    let colour = match change.as_bytes() {
        b"CREATE" => AnsiColor::Green,
        b"UPDATE" => AnsiColor::Yellow,
        b"DELETE" => AnsiColor::Red,
        b"UNDELETE" => AnsiColor::Cyan,
        // Gap events and overflow events, which a consumer has to answer.
        _ => AnsiColor::Magenta,
    };
    colour.on_default()
}
