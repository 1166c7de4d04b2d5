//! `landfall explain`: what an error means, what to do, and how to rehearse it.
//!
//! The texts are those of the map that spells the errors, [`landfall_wire::explain`].

#[cfg(test)]
mod tests;

use clap::Args;
use landfall_wire::explain::{Entry, entries, find};
use serde_json::{Value, json};

use crate::complete;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude, nearest_of};

/// Names that an unknown text may have been.
const SUGGESTIONS_MAX: usize = 3;

#[derive(Args)]
pub(crate) struct ExplainOptions {
    /// A code, a message, or a line of a log that contains them
    #[arg(required = true, value_name = "WORDS", add = complete::codes())]
    words: Vec<String>,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    json: bool,
}

pub(crate) fn run(options: &ExplainOptions) -> Ended {
    let text = options.words.join(" ");
    let found = find(&text).entries;
    let result = if found.is_empty() {
        Err(Coded::from(unknown(&text)))
    } else {
        Ok(json!({ "entries": found.iter().map(data).collect::<Vec<_>>() }))
    };
    conclude("explain", options.json, result, |_| {
        let texts: Vec<String> = found.iter().map(|entry| lines(entry).join("\n")).collect();
        vec![texts.join("\n\n")]
    })
}

fn unknown(text: &str) -> Failure {
    let entries = entries();
    let spellings: Vec<_> = entries.iter().flat_map(Entry::spellings).collect();
    let codes = spellings.iter().map(|spelling| spelling.code.as_str());
    let near = nearest_of(text, codes.filter(|code| !code.is_empty()), SUGGESTIONS_MAX);
    let failure = Failure::new(format!("no error is spelled \"{text}\"")).exit(Exit::Unknown);
    if near.is_empty() {
        failure.hint("docs/errors.md lists all errors")
    } else {
        let near: Vec<String> = near.iter().map(|name| format!("\"{name}\"")).collect();
        failure.hint(format!("landfall explain {}", near.join(" | ")))
    }
}

fn data(entry: &Entry) -> Value {
    let spellings = entry.spellings().into_iter().map(|spelling| {
        json!({
            "api": spelling.surface.to_string(),
            "status": spelling.status,
            "code": spelling.code,
            "message": spelling.message,
        })
    });
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "chapter": entry.chapter,
        "spellings": spellings.collect::<Vec<_>>(),
        "meaning": entry.meaning,
        "remedy": entry.remedy,
        "clients": optional(entry.clients),
        "rehearse": optional(entry.rehearse),
    })
}

/// The spellings in columns, then what they mean.
fn lines(entry: &Entry) -> Vec<String> {
    let spellings = entry.spellings();
    let mut lines: Vec<String> = spellings
        .iter()
        .map(|spelling| format!("{:<13}  {spelling}", spelling.surface.to_string()))
        .collect();
    let parts = [
        ("means", entry.meaning),
        ("to do", entry.remedy),
        ("clients", entry.clients),
        ("rehearse", entry.rehearse),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    lines.extend(parts.map(|(label, text)| format!("  {label:<11}  {text}")));
    lines
}
