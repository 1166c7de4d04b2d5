//! The table of allowed arrows: ARCHITECTURE.md against the Cargo.toml files.
//!
//! The table is the first one in ARCHITECTURE.md whose header is `| crate | may import |`, with an optional third
//! column `its tests also`. A crate is named by its folder; a cell lists folders in backticks, parted by commas, or
//! holds `-` for none. The table is exact in both directions: an import that it does not list is a finding, and so is
//! a listed one that no Cargo.toml has.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Finding, Source, find};

const TABLE_FILE: &str = "ARCHITECTURE.md";
const TABLE_HEADER: [&str; 2] = ["crate", "may import"];

/// Crates that touch the world; nothing below `crates/core` may depend on one outside its tests.
const IMPURE: &[&str] = &[
    "axum",
    "getrandom",
    "hyper",
    "hyper-util",
    "rand",
    "reqwest",
    "rusqlite",
    "rustls",
    "tempfile",
    "tokio",
    "tokio-rustls",
    "tracing-subscriber",
];

/// What one crate imports from the workspace.
#[derive(Debug, Default, PartialEq, Eq)]
struct Arrows {
    code: BTreeSet<String>,
    tests: BTreeSet<String>,
}

pub(super) fn check(
    metadata: &Value,
    sources: &[Source],
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let real = real_arrows(metadata, findings)?;
    let Some(page) = find(sources, TABLE_FILE) else {
        findings.push(Finding::new(TABLE_FILE, "is missing"));
        return Ok(());
    };
    let Some(allowed) = parse_table(&page.text) else {
        findings.push(Finding::new(
            TABLE_FILE,
            "has no table `| crate | may import |`",
        ));
        return Ok(());
    };
    compare(&real, &allowed, findings);
    Ok(())
}

fn compare(
    real: &BTreeMap<String, Arrows>,
    allowed: &BTreeMap<String, Arrows>,
    findings: &mut Vec<Finding>,
) {
    let crates: BTreeSet<&String> = real.keys().chain(allowed.keys()).collect();
    for name in crates {
        let (Some(found), Some(listed)) = (real.get(name), allowed.get(name)) else {
            let what = if real.contains_key(name) {
                format!("crate `{name}` is not in the table of arrows")
            } else {
                format!("the table of arrows has `{name}`, which is no crate")
            };
            findings.push(Finding::new(TABLE_FILE, what));
            continue;
        };
        for (kind, found, listed) in [
            ("", &found.code, &listed.code),
            ("in its tests ", &found.tests, &listed.tests),
        ] {
            for import in found.difference(listed) {
                findings.push(Finding::new(
                    TABLE_FILE,
                    format!("`{name}` {kind}imports `{import}`, which the table of arrows does not allow"),
                ));
            }
            for import in listed.difference(found) {
                findings.push(Finding::new(
                    TABLE_FILE,
                    format!("the table of arrows lets `{name}` {kind}import `{import}`, and it does not: remove it"),
                ));
            }
        }
    }
}

fn real_arrows(metadata: &Value, findings: &mut Vec<Finding>) -> Result<BTreeMap<String, Arrows>> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut arrows = BTreeMap::new();
    for package in packages {
        let folder = folder(&package["manifest_path"])?;
        let is_core = package["manifest_path"]
            .as_str()
            .is_some_and(|path| path.contains("/crates/core/"));
        let mut own = Arrows::default();
        for dependency in package["dependencies"]
            .as_array()
            .context("no dependencies")?
        {
            let is_test = dependency["kind"] == "dev";
            let name = dependency["name"].as_str().context("no dependency name")?;
            if is_core && !is_test && IMPURE.contains(&name) {
                findings.push(Finding::new(
                    format!("crates/core/{folder}/Cargo.toml"),
                    format!("core is pure and must not depend on `{name}`"),
                ));
            }
            let Some(path) = dependency["path"].as_str() else {
                continue;
            };
            let import = path.rsplit('/').next().unwrap_or(path).to_owned();
            if is_test {
                own.tests.insert(import);
            } else {
                own.code.insert(import);
            }
        }
        own.tests = own.tests.difference(&own.code).cloned().collect();
        arrows.insert(folder, own);
    }
    Ok(arrows)
}

/// The name of the folder that a manifest lies in.
fn folder(manifest_path: &Value) -> Result<String> {
    let path = manifest_path.as_str().context("no manifest path")?;
    let folder = path
        .rsplit('/')
        .nth(1)
        .context("a manifest without a folder")?;
    Ok(folder.to_owned())
}

fn parse_table(page: &str) -> Option<BTreeMap<String, Arrows>> {
    let mut lines = page.lines();
    lines.find(|line| {
        let cells = cells(line);
        cells.len() >= TABLE_HEADER.len()
            && cells
                .iter()
                .zip(TABLE_HEADER)
                .all(|(cell, wanted)| *cell == wanted)
    })?;
    let mut table = BTreeMap::new();
    // The line under the header only rules it off.
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let mut cells = cells(line).into_iter();
        let name = cells.next()?.trim_matches('`').to_owned();
        let arrows = Arrows {
            code: names(cells.next().unwrap_or_default()),
            tests: names(cells.next().unwrap_or_default()),
        };
        table.insert(name, arrows);
    }
    Some(table)
}

fn cells(line: &str) -> Vec<&str> {
    line.strip_prefix('|')
        .and_then(|line| line.trim_end().strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .unwrap_or_default()
}

fn names(cell: &str) -> BTreeSet<String> {
    cell.split(',')
        .map(|name| name.trim().trim_matches('`'))
        .filter(|name| !name.is_empty() && *name != "-")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::source, *};

    const PAGE: &str = "\
# Architecture
| crate | may import | its tests also |
|---|---|---|
| `model` | - | - |
| `engine` | `model`, `store` | `store-embedded` |
| `store` | `model` | |
| `store-embedded` | - | - |

| another | table |
";

    fn package(folder: &str, imports: &[(&str, Option<&str>)]) -> Value {
        let dependencies: Vec<Value> = imports
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind, "path": format!("/w/crates/x/{name}")}))
            .collect();
        json!({"manifest_path": format!("/w/crates/x/{folder}/Cargo.toml"), "dependencies": dependencies})
    }

    fn findings(packages: &[Value]) -> Vec<String> {
        let mut findings = Vec::new();
        let sources = [source(TABLE_FILE, PAGE)];
        check(&json!({ "packages": packages }), &sources, &mut findings).unwrap();
        findings.iter().map(ToString::to_string).collect()
    }

    fn as_listed() -> Vec<Value> {
        vec![
            package("model", &[]),
            package(
                "engine",
                &[
                    ("model", None),
                    ("store", None),
                    ("store-embedded", Some("dev")),
                ],
            ),
            package("store", &[("model", None)]),
            package("store-embedded", &[]),
        ]
    }

    #[test]
    fn a_workspace_as_in_the_table_is_clean() {
        assert_eq!(findings(&as_listed()), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_outside_the_table_is_found() {
        let mut packages = as_listed();
        packages[0] = package("model", &[("store", None)]);
        assert_eq!(
            findings(&packages),
            ["ARCHITECTURE.md: `model` imports `store`, which the table of arrows does not allow"]
        );
    }

    #[test]
    fn an_arrow_of_tests_does_not_allow_the_code_to_import() {
        let mut packages = as_listed();
        packages[1] = package(
            "engine",
            &[("model", None), ("store", None), ("store-embedded", None)],
        );
        assert_eq!(findings(&packages).len(), 2);
    }

    #[test]
    fn a_listed_arrow_that_nothing_uses_is_found() {
        let mut packages = as_listed();
        packages[2] = package("store", &[]);
        assert_eq!(
            findings(&packages),
            [
                "ARCHITECTURE.md: the table of arrows lets `store` import `model`, and it does not: remove it"
            ]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let mut packages = as_listed();
        packages[3] = package("store-memory", &[]);
        assert_eq!(findings(&packages).len(), 2);
    }

    #[test]
    fn core_must_not_depend_on_what_touches_the_world() {
        let mut findings = Vec::new();
        let package = json!({
            "manifest_path": "/w/crates/core/model/Cargo.toml",
            "dependencies": [{"name": "tokio", "kind": null}, {"name": "rusqlite", "kind": "dev"}],
        });
        real_arrows(&json!({"packages": [package]}), &mut findings).unwrap();
        assert_eq!(findings.len(), 1);
    }
}
