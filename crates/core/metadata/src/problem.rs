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
    problems: Notes,
    inapplicable: Notes,
    warnings: Notes,
}

/// Notes of one sort, and how many more there were than are kept.
#[derive(Debug, Default)]
struct Notes {
    kept: Vec<Problem>,
    further: usize,
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
        self.problems.add(at, reason.into());
    }

    /// Notes what an org refuses and a project is used in spite of: the caller leaves it out, or goes on with what works.
    pub(crate) fn inapplicable(&mut self, at: &SourceLine, reason: impl Into<String>) {
        self.inapplicable.add(at, reason.into());
    }

    /// Notes what is left out of a project that can be used all the same.
    pub(crate) fn warning(&mut self, at: &SourceLine, reason: impl Into<String>) {
        self.warnings.add(at, reason.into());
    }

    /// The findings, sorted by file and line, or the problems if there are any.
    pub(crate) fn finish(self) -> Result<Findings, Vec<Problem>> {
        if self.problems.kept.is_empty() {
            return Ok(Findings {
                warnings: self.warnings.sorted(),
                inapplicable: self.inapplicable.sorted(),
            });
        }
        Err(self.problems.sorted())
    }
}

impl Notes {
    fn add(&mut self, at: &SourceLine, reason: String) {
        if self.kept.len() >= METADATA_PROBLEMS_MAX {
            self.further += 1;
            return;
        }
        self.kept.push(Problem {
            path: at.path.to_string(),
            line: at.line,
            reason,
        });
    }

    /// By file and line; the last one says how many are missing.
    fn sorted(mut self) -> Vec<Problem> {
        self.kept.sort();
        if self.further > 0
            && let Some(last) = self.kept.last().cloned()
        {
            self.kept.push(Problem {
                reason: format!("{} more are not listed", self.further),
                ..last
            });
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_counted() {
        let mut report = Report::default();
        let at = SourceLine {
            path: "a".into(),
            line: 1,
        };
        for _ in 0..METADATA_PROBLEMS_MAX + 3 {
            report.problem(&at, "wrong");
        }
        let problems = report.finish().err().expect("problems");
        assert_eq!(problems.len(), METADATA_PROBLEMS_MAX + 1);
        assert_eq!(
            problems.last().map(|last| last.reason.as_str()),
            Some("3 more are not listed")
        );
    }
}
