//! Every limit is in `landfall_model::limits`, with its unit and its source, or is a setting.
//!
//! Crates that do not import `model` keep theirs in a `limits.rs` of their own or next to their use: they know no other
//! crate's.

use std::path::Path;

use super::{Finding, Source, find};

/// Where limits are declared.
const HOME: &str = "crates/core/model/src/limits";

/// Ends of the names of limits.
const SUFFIXES: &[&str] = &[
    "_MAX", "_MIN", "_AT_ONCE", "_LIMIT", "_TIMEOUT", "_EVERY", "_WITHIN",
];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources.iter().filter(|source| source.is_rust()) {
        if source.path.starts_with(HOME) || source.path.with_extension("").ends_with(HOME) {
            documented(source, findings);
        } else if imports_model(&source.path, sources) {
            declared(source, findings);
        }
    }
}

/// Whether the crate of a source file could have its limits in `model`. Tests have bounds of their own.
fn imports_model(path: &Path, sources: &[Source]) -> bool {
    let Some(src) = path
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "src"))
    else {
        return false;
    };
    let manifest = src.with_file_name("Cargo.toml");
    let manifest = manifest.to_str().and_then(|path| find(sources, path));
    manifest.is_some_and(|manifest| {
        let dependencies = manifest.text.split("[dev-dependencies]").next();
        dependencies.is_some_and(|text| text.contains("landfall-model.workspace"))
    })
}

fn declared(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in source.text.lines().enumerate() {
        if line.trim() == "#[cfg(test)]" {
            return;
        }
        if let Some(name) = limit(line) {
            let what = format!("`{name}` is a limit: declare it in {HOME}, or make it a setting");
            findings.push(Finding::at(&source.path, number + 1, what));
        }
    }
}

/// The name of the limit that a line declares with a number of its own.
fn limit(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = match line.split_once("const ") {
        Some(("" | "pub ", rest)) => rest,
        Some((visibility, rest)) if visibility.starts_with("pub(") => rest,
        Some(_) | None => return None,
    };
    let (name, rest) = rest.split_once(':')?;
    let (kind, value) = rest.split_once('=')?;
    let is_limit = SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    let is_number = !kind.contains('&') && value.contains(|c: char| c.is_ascii_digit());
    // The first version that has something is no limit.
    (is_limit && is_number && !name.contains("VERSION")).then_some(name)
}

/// Each limit says where it comes from.
fn documented(source: &Source, findings: &mut Vec<Finding>) {
    let mut document = String::new();
    for (number, line) in source.text.lines().enumerate() {
        if let Some(text) = line.strip_prefix("///") {
            document.push_str(text);
            document.push('\n');
            continue;
        }
        if let Some(name) = limit(line)
            && !document.contains("Source")
        {
            let what = format!("`{name}` does not say its source");
            findings.push(Finding::at(&source.path, number + 1, what));
        }
        document.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_named_with_their_numbers() {
        assert_eq!(limit("const PARTS_MAX: usize = 25;"), Some("PARTS_MAX"));
        assert_eq!(
            limit("    pub(crate) const WAIT_MS_MAX: i64 = 15 * 60;"),
            Some("WAIT_MS_MAX")
        );
        assert_eq!(
            limit("pub const PING_EVERY: Duration = Duration::from_secs(30);"),
            Some("PING_EVERY")
        );
        for line in [
            "const PARTS: usize = 25;",
            "const RANGE_MS_MAX: i64 = DAYS * DAY_MS;",
            "const EVENT_LIMIT: &str = \"limit1\";",
            "const VERSION_MIN: u16 = 34;",
            "let most_const PARTS_MAX: usize = 1;",
        ] {
            assert_eq!(limit(line), None, "{line}");
        }
    }
}
