//! Dead files: Rust sources that no crate reaches through `mod`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Finding, Source};
use crate::workspace::root;

pub(super) fn check(
    metadata: &Value,
    sources: &[Source],
    findings: &mut Vec<Finding>,
) -> Result<()> {
    let root = root();
    let mut reached = BTreeSet::new();
    for package in metadata["packages"].as_array().context("no packages")? {
        for target in package["targets"].as_array().context("no targets")? {
            let path = target["src_path"].as_str().context("no source path")?;
            reach(Path::new(path), true, &mut reached);
        }
    }
    for target in sources.iter().filter(|source| is_root(&source.path)) {
        reach(&root.join(&target.path), true, &mut reached);
    }
    for source in sources.iter().filter(|source| source.is_rust()) {
        if !reached.contains(&root.join(&source.path)) {
            findings.push(Finding::new(&source.path, "dead file: no `mod` leads here"));
        }
    }
    Ok(())
}

/// Whether a file is the root of a target of a workspace of its own, which the metadata does not list: a fuzz target, or the
/// helper for tests.
fn is_root(path: &Path) -> bool {
    let is_helper = path.starts_with("clients/rust");
    let is_test = path
        .parent()
        .is_some_and(|folder| folder.ends_with("tests"));
    path.starts_with("fuzz/fuzz_targets/")
        || (is_helper && (is_test || path.ends_with("src/lib.rs")))
}

/// Follows the `mod` lines of one file. A crate's root and a `mod.rs` have their modules beside them, any other file
/// in a folder of its own name.
fn reach(path: &Path, is_crate_root: bool, reached: &mut BTreeSet<PathBuf>) {
    let Ok(text) = fs::read_to_string(path) else {
        return;
    };
    if !reached.insert(path.to_path_buf()) {
        return;
    }
    let beside = path.parent().unwrap_or_else(|| Path::new("/"));
    let stem = path.file_stem().unwrap_or_default();
    let folder = if is_crate_root || stem == "mod" {
        beside.to_path_buf()
    } else {
        beside.join(stem)
    };
    for module in modules(&text) {
        match module {
            Module::Named(name) => {
                reach(&folder.join(format!("{name}.rs")), false, reached);
                reach(&folder.join(name).join("mod.rs"), false, reached);
            }
            Module::At(place) => reach(&beside.join(place), true, reached),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Module<'a> {
    /// `mod name;`
    Named(&'a str),
    /// `#[path = "…"] mod name;`
    At(&'a str),
}

fn modules(text: &str) -> Vec<Module<'_>> {
    let mut found = Vec::new();
    let mut path = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("#[path = \"") {
            path = rest.split('"').next();
            continue;
        }
        if line.starts_with("#[") {
            continue;
        }
        if let Some(name) = module_name(line) {
            found.push(path.map_or(Module::Named(name), Module::At));
        }
        path = None;
    }
    found
}

fn module_name(line: &str) -> Option<&str> {
    let declaration = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    declaration
        .trim_start()
        .strip_prefix("mod ")?
        .strip_suffix(';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_of_every_form_are_followed() {
        let text = "mod a;\npub mod b;\npub(crate) mod c;\n    pub(in crate::x) mod d;\n\
                    #[cfg(test)]\n#[path = \"../e_tests.rs\"]\n#[expect(x)]\nmod e;\nmod f {\n}\n// mod g;\n";
        assert_eq!(
            modules(text),
            [
                Module::Named("a"),
                Module::Named("b"),
                Module::Named("c"),
                Module::Named("d"),
                Module::At("../e_tests.rs"),
            ]
        );
    }
}
