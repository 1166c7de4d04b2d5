//! A data folder: is it whole?

use std::fmt::Write as _;
use std::path::Path;

use landfall_server::Error;
use landfall_server::integrity::{self, Contents};
use serde_json::json;

use crate::outcome::{Coded, Ended, Exit, Failure, conclude, conclude_check};
use crate::progress::Progress;

pub(super) fn check(folder: &Path, as_json: bool, progress: Progress) -> Ended {
    let checked = integrity::check(folder).map_err(not_checked);
    drop(progress);
    let contents = match checked {
        Ok(contents) => contents,
        Err(failure) => return conclude("check", as_json, Err(failure.into()), |_| Vec::new()),
    };
    let wrong = (!contents.report.is_whole()).then(|| Coded {
        code: "damaged".to_owned(),
        failure: Failure::new(format!("{} is damaged", folder.display())),
    });
    let data = in_json(folder, &contents);
    conclude_check("check", as_json, &data, wrong, || {
        in_words(folder, &contents)
    })
}

/// A lost data file is damage; a file that cannot be read may be whole.
fn not_checked(error: Error) -> Failure {
    let exit = match &error {
        Error::Unsafe { .. } => Exit::Failed,
        _ => Exit::Usage,
    };
    Failure::from(error).exit(exit)
}

fn in_json(folder: &Path, contents: &Contents) -> serde_json::Value {
    let Contents { report, orphans } = contents;
    let findings = report
        .findings
        .iter()
        .map(|finding| json!({ "part": finding.part.as_str(), "problem": finding.problem }));
    json!({
        "folder": folder.display().to_string(),
        "whole": report.is_whole(),
        "inUse": report.in_use,
        "blocks": report.blocks,
        "events": report.events,
        "documents": report.documents,
        "records": report.records,
        "withoutChecksum": report.without_checksum,
        "findings": findings.collect::<Vec<_>>(),
        "furtherFindings": report.further,
        "orphans": orphans.names,
        "furtherOrphans": orphans.further,
    })
}

fn in_words(folder: &Path, contents: &Contents) -> String {
    let Contents { report, orphans } = contents;
    let verdict = if report.is_whole() {
        "whole"
    } else {
        "damaged"
    };
    let mut text = format!(
        "{}: {verdict}\n  {} records, {} events in {} blocks, {} documents",
        folder.display(),
        report.records,
        report.events,
        report.blocks,
        report.documents
    );
    if report.in_use {
        text.push_str("\n  a server uses it: its unused pages were not checked");
    }
    if report.without_checksum > 0 {
        let _ = write!(
            text,
            "\n  {} records and documents of an earlier version have no checksum yet",
            report.without_checksum
        );
    }
    for finding in &report.findings {
        let part = finding.part.as_str();
        let _ = write!(text, "\n  {part}: {}", finding.problem);
    }
    if report.further > 0 {
        let _ = write!(text, "\n  and {} more", report.further);
    }
    for name in &orphans.names {
        let _ = write!(text, "\n  {name} belongs to no org");
    }
    if orphans.further > 0 {
        let _ = write!(text, "\n  and {} more files", orphans.further);
    }
    text
}
