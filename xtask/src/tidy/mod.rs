//! The rules of the workspace that no compiler checks.
//!
//! Each rule is a function from the project's files to findings; all findings are printed, one line each, and any
//! finding fails the run. Add a rule by adding it to [`run`].

mod arrows;
mod compat;
mod dead;
mod evidence;
mod guards;
mod ignored;
mod limits;
mod links;
mod literals;
mod names;
mod phrases;
mod sources;
mod transcripts;
mod wire_texts;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::{cargo, files, output, root};

/// One broken rule: where and what.
pub(crate) struct Finding {
    path: PathBuf,
    line: Option<usize>,
    what: String,
}

/// A file of the project with its text.
pub(crate) struct Source {
    /// Relative to the root of the work tree.
    path: PathBuf,
    text: String,
}

/// Checks every rule.
///
/// # Errors
/// When one is broken, or when git or cargo cannot say what the project consists of.
pub(crate) fn run() -> Result<()> {
    let metadata: Value = serde_json::from_str(&output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
    ]))?)
    .context("reading cargo metadata")?;
    let sources = read(files()?)?;
    let mut findings = Vec::new();
    arrows::check(&metadata, &sources, &mut findings)?;
    compat::check(&sources, &mut findings);
    dead::check(&metadata, &sources, &mut findings)?;
    guards::check(&sources, &mut findings);
    ignored::check(&sources, &mut findings);
    limits::check(&sources, &mut findings);
    links::check(&sources, &mut findings);
    names::check(&sources, &mut findings);
    phrases::check(&sources, &mut findings);
    sources::check(&sources, &mut findings);
    transcripts::check(&sources, &mut findings);
    wire_texts::check(&sources, &mut findings);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        bail!("{} broken rules", findings.len())
    }
}

impl Finding {
    fn new(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line: None,
            what: what.into(),
        }
    }

    fn at(path: impl Into<PathBuf>, line: usize, what: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::new(path, what)
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
        }
        write!(out, ": {}", self.what)
    }
}

impl Source {
    fn extension(&self) -> &str {
        self.path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default()
    }

    fn is_rust(&self) -> bool {
        self.extension() == "rs"
    }
}

fn read(paths: Vec<PathBuf>) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        let bytes =
            fs::read(root().join(&path)).with_context(|| format!("reading {}", path.display()))?;
        // What is not text (a golden data file, a picture) can be linked to; no rule is about its content.
        let text = String::from_utf8(bytes).unwrap_or_default();
        sources.push(Source { path, text });
    }
    Ok(sources)
}

fn find<'a>(sources: &'a [Source], path: &str) -> Option<&'a Source> {
    sources.iter().find(|source| source.path == Path::new(path))
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source {
        path: path.into(),
        text: text.into(),
    }
}
