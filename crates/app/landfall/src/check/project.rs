//! A project: what is loaded, what is left out, and why?

use std::fmt::Write as _;
use std::path::Path;

use landfall_server::project::{self, Report};
use serde_json::{Value, json};

use crate::outcome::{Coded, Ended, Exit, Failure, conclude, conclude_check};
use crate::progress::Progress;

pub(super) fn check(folder: &Path, strict: bool, as_json: bool, progress: Progress) -> Ended {
    let checked = project::check(folder);
    drop(progress);
    let report = match checked {
        Ok(report) => report,
        Err(error) => {
            let failure = Failure::from(error).exit(Exit::Usage);
            return conclude("check", as_json, Err(failure.into()), |_| Vec::new());
        }
    };
    let usable = report.errors.is_empty() && (!strict || report.warnings.is_empty());
    let wrong = (!usable).then(|| Coded {
        code: "refused".to_owned(),
        failure: Failure::new(format!("{} is refused", folder.display())),
    });
    let data = in_json(folder, &report, usable);
    conclude_check("check", as_json, &data, wrong, || {
        in_words(folder, &report, usable)
    })
}

/// A line that does not apply, or is wrong: its file, its number, and why.
type Line<'r> = (&'r str, usize, &'r str);

fn in_json(folder: &Path, report: &Report, usable: bool) -> Value {
    let lines = |lines: Vec<Line<'_>>| {
        let lines = lines.into_iter();
        lines
            .map(|(path, line, reason)| json!({ "path": path, "line": line, "reason": reason }))
            .collect::<Vec<_>>()
    };
    let (warnings, errors) = warnings_and_errors(report);
    let loaded = report.loaded.iter();
    let left_out = report.left_out.iter();
    let features = report.features.iter();
    json!({
        "folder": folder.display().to_string(),
        "usable": usable,
        "features": features
            .map(|feature| json!({ "name": feature.name, "reason": feature.reason }))
            .collect::<Vec<_>>(),
        "loaded": loaded
            .map(|row| json!({ "type": row.of, "count": row.count }))
            .collect::<Vec<_>>(),
        "leftOut": left_out
            .map(|row| json!({ "type": row.of, "count": row.count, "reason": row.reason }))
            .collect::<Vec<_>>(),
        "warnings": lines(warnings),
        "errors": lines(errors),
    })
}

fn warnings_and_errors(report: &Report) -> (Vec<Line<'_>>, Vec<Line<'_>>) {
    let warnings = report.warnings.iter();
    let errors = report.errors.iter();
    (
        warnings
            .map(|line| (line.path.as_str(), line.line, line.reason.as_str()))
            .collect(),
        errors
            .map(|line| (line.path.as_str(), line.line, line.reason.as_str()))
            .collect(),
    )
}

fn in_words(folder: &Path, report: &Report, usable: bool) -> String {
    let verdict = if usable { "usable" } else { "refused" };
    let mut text = format!("{}: {verdict}\n", folder.display());
    features(&mut text, report);
    let loaded = report.loaded.iter();
    let loaded: Vec<(&str, usize, &str)> =
        loaded.map(|row| (row.of.as_str(), row.count, "")).collect();
    table(&mut text, "loaded", &loaded);
    let left_out = report.left_out.iter();
    let left_out: Vec<(&str, usize, &str)> = left_out
        .map(|row| (row.of.as_str(), row.count, row.reason))
        .collect();
    table(&mut text, "left out", &left_out);
    let (warnings, errors) = warnings_and_errors(report);
    lines(&mut text, "lines that do not apply", &warnings);
    lines(&mut text, "errors", &errors);
    text.truncate(text.trim_end().len());
    text
}

/// The features that the project switches on, and why.
fn features(text: &mut String, report: &Report) {
    if report.features.is_empty() {
        return;
    }
    let names = report.features.iter().map(|feature| feature.name.len());
    let width = names.max().unwrap_or(0);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\nfeatures");
    for feature in &report.features {
        let _ = writeln!(text, "  {:width$}  {}", feature.name, feature.reason);
    }
}

fn table(text: &mut String, heading: &str, rows: &[(&str, usize, &str)]) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(of, _, _)| of.len()).max().unwrap_or(0);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{heading}");
    for (of, count, reason) in rows {
        let row = format!("  {of:width$}  {count:>6}  {reason}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
}

/// Lines, file by file.
fn lines(text: &mut String, heading: &str, lines: &[Line<'_>]) {
    if lines.is_empty() {
        return;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{heading}: {}", lines.len());
    for of_file in lines.chunk_by(|(left, _, _), (right, _, _)| left == right) {
        if let Some((path, _, _)) = of_file.first() {
            let _ = writeln!(text, "  {path} ({})", of_file.len());
        }
        for (_, line, reason) in of_file {
            let _ = writeln!(text, "    {line:>5}  {reason}");
        }
    }
}
