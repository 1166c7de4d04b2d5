//! What is wrong with a project, and where.

use std::sync::Arc;

use landfall_model::limits::METADATA_PROBLEMS_MAX;
use thiserror::Error;

use crate::Part;

/// One thing that is wrong in one file, or that deserves a warning.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
#[error("{path}:{line}: {reason}")]
pub struct Problem {
    /// The file, as the caller named it.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, in the vendor's words where they are known.
    pub reason: String,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceLine {
    pub(crate) path: Arc<str>,
    pub(crate) line: usize,
}

impl SourceLine {
    /// The beginning of a component.
    pub(crate) fn of(part: &Part) -> Self {
        Self {
            path: part.path.as_str().into(),
            line: part.line,
        }
    }
}

/// Collects what is found while a project is read: reading goes on, so that one run shows all problems.
#[derive(Debug, Default)]
pub(crate) struct Report {
    problems: Vec<Problem>,
    inapplicable: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// What was found that keeps no project from being used.
pub(crate) struct Findings {
    /// See [`crate::Org::warnings`].
    pub(crate) warnings: Vec<Problem>,
    /// See [`crate::Org::inapplicable`].
    pub(crate) inapplicable: Vec<Problem>,
}

impl Report {
    /// Notes what keeps the project from being used.
    pub(crate) fn problem(&mut self, at: &SourceLine, reason: impl Into<String>) {
        note(&mut self.problems, at, reason.into());
    }

    /// Notes what an org refuses and a project is used in spite of: the caller leaves it out, or goes on with what works.
    pub(crate) fn inapplicable(&mut self, at: &SourceLine, reason: impl Into<String>) {
        note(&mut self.inapplicable, at, reason.into());
    }

    /// Notes what is left out of a project that can be used all the same.
    pub(crate) fn warning(&mut self, at: &SourceLine, reason: impl Into<String>) {
        note(&mut self.warnings, at, reason.into());
    }

    /// The findings, sorted by file and line, or the problems if there are any.
    pub(crate) fn finish(mut self) -> Result<Findings, Vec<Problem>> {
        if self.problems.is_empty() {
            self.warnings.sort();
            self.inapplicable.sort();
            return Ok(Findings {
                warnings: self.warnings,
                inapplicable: self.inapplicable,
            });
        }
        self.problems.sort();
        Err(self.problems)
    }
}

fn note(notes: &mut Vec<Problem>, at: &SourceLine, reason: String) {
    if notes.len() >= METADATA_PROBLEMS_MAX {
        return;
    }
    notes.push(Problem {
        path: at.path.to_string(),
        line: at.line,
        reason,
    });
}
