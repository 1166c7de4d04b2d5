//! What pages and comments name in backticks exists: files, folders, and paths of items such as `engine::Clock`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Source};

/// Pages that describe the code.
const PAGES: &[&str] = &["ARCHITECTURE.md", "docs/contributing.md"];

/// The folders that paths in pages begin with.
const FOLDERS: &[&str] = &["crates/", "docs/", "fuzz/", "tests/", "xtask/"];

/// What paths of other libraries, and those within a crate, begin with.
const FOREIGN: &[&str] = &["alloc", "core", "crate", "self", "std", "super"];

/// The words that an item's name follows, in Rust and in the definition of the Pub/Sub API.
const KEYWORDS: &[&str] = &[
    "const", "enum", "fn", "message", "mod", "rpc", "static", "struct", "trait", "type",
];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let names = Names::new(sources);
    for source in sources {
        let is_page = PAGES.iter().any(|page| source.path.ends_with(page));
        let is_code = source.is_rust() && source.path.starts_with("crates");
        if !is_page && !is_code {
            continue;
        }
        let owner = owner(source);
        for (number, line) in prose(source) {
            let named = line.split('`').skip(1).step_by(2);
            let missing = named.filter(|name| !names.has(name, owner));
            findings.extend(missing.map(|name| {
                let what = format!("names `{name}`, which does not exist");
                Finding::at(&source.path, number, what)
            }));
        }
    }
}

/// The comments of code, and the lines of a page outside of fenced blocks.
fn prose(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_code = source.is_rust();
    let mut is_fenced = false;
    (1..).zip(source.text.lines()).filter(move |(_, line)| {
        let line = line.trim_start();
        is_fenced ^= line.starts_with("```");
        if is_code {
            line.starts_with("//")
        } else {
            !is_fenced
        }
    })
}

/// The folder of the crate that the file belongs to.
fn owner(source: &Source) -> Option<&str> {
    let mut folders = source.path.iter().filter_map(|folder| folder.to_str());
    match folders.next() {
        Some("crates") => folders.nth(1),
        Some("xtask") => Some("xtask"),
        _ => None,
    }
}

/// The files of the project, and the items of each crate.
struct Names<'s> {
    paths: BTreeSet<&'s str>,
    items: BTreeMap<&'s str, BTreeSet<&'s str>>,
}

impl<'s> Names<'s> {
    fn new(sources: &'s [Source]) -> Self {
        let mut items: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for source in sources {
            if let Some(folder) = owner(source) {
                let items = items.entry(folder).or_default();
                items.extend(source.path.file_stem().and_then(|stem| stem.to_str()));
                items.extend(definitions(&source.text));
            }
        }
        Self {
            paths: sources
                .iter()
                .filter_map(|source| source.path.to_str())
                .collect(),
            items,
        }
    }

    /// Whether `name` exists, or does not look like the name of a file or an item. In code, `owner` is the crate.
    fn has(&self, name: &str, owner: Option<&str>) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:".contains(c);
        if !name.chars().all(is_plain) {
            return true;
        }
        if name.contains("::") {
            return self.has_item(name, owner);
        }
        let is_path = owner.is_none() && FOLDERS.iter().any(|folder| name.starts_with(folder));
        let is_file = name
            .strip_suffix(".rs")
            .is_some_and(|stem| !stem.is_empty());
        (!is_path && !is_file) || self.has_path(name)
    }

    /// Whether there is such a file or folder, named from the root or by the end of its path.
    fn has_path(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        self.paths.iter().any(|path| {
            let below = path.strip_prefix(name);
            let above = path.strip_suffix(name);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || above.is_some_and(|rest| rest.ends_with('/'))
        })
    }

    /// Whether the last part of the path is an item of the crate that it begins with or, without a crate, of one that
    /// also has the first part. Paths of other libraries are not checked.
    fn has_item(&self, path: &str, owner: Option<&str>) -> bool {
        let mut parts = path.split("::");
        let (Some(first), Some(last)) = (parts.next(), parts.last()) else {
            return true;
        };
        if FOREIGN.contains(&first) {
            return true;
        }
        let is_in = |items: &BTreeSet<&str>| items.contains(first) && items.contains(last);
        let own = owner.and_then(|owner| self.items.get(owner));
        if own.is_some_and(is_in) {
            return true;
        }
        let folder = first.trim_start_matches("landfall_").replace('_', "-");
        if let Some(items) = self.items.get(folder.as_str()) {
            return items.contains(last);
        }
        let mut crates = self.items.values();
        crates.clone().all(|items| !items.contains(first)) || crates.any(is_in)
    }
}

/// The names of the items, enum variants and fields that `text` defines.
fn definitions(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.lines().flat_map(move |line| {
        let words = line.split(|c| !is_part(c)).filter(|word| !word.is_empty());
        let trimmed = line.trim_start();
        let private = trimmed
            .strip_prefix("pub(crate) ")
            .or_else(|| trimmed.strip_prefix("pub "));
        let member = private
            .unwrap_or(trimmed)
            .split(|c| !is_part(c))
            .next()
            .filter(|word| !word.is_empty());
        // The name follows the last keyword of `const fn`.
        let item = words
            .skip_while(|word| !KEYWORDS.contains(word))
            .find(|word| !KEYWORDS.contains(word));
        item.into_iter().chain(member)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    fn found(path: &str, text: &str) -> Vec<String> {
        let sources = [
            source(
                "crates/engine/engine/src/clock.rs",
                "pub trait Clock {\n    fn now(&self);\n    const fn later() {}\n}\n",
            ),
            source(
                "crates/core/model/src/fault.rs",
                "pub enum Fault {\n    TokenInvalid,\n}\npub struct Found {\n    pub name: u8,\n}\n",
            ),
            source(path, text),
        ];
        let mut findings = Vec::new();
        check(&sources, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_folders_and_items_that_do_not_exist_are_found_in_pages() {
        let text = "`engine::Clock` `Clock::later` `engine::Watch` `Fault::TokenInvalid` `Found::name` `Fault::TokenLost` `std::fs::File`\n\
                    `clock.rs` `engine/src/watch.rs` `crates/engine` `crates/edge/rest` `docs/rest.md`\n\
                    ```\n`engine::Fenced`\n```\n`a b::c`\n";
        assert_eq!(
            found("ARCHITECTURE.md", text),
            [
                "ARCHITECTURE.md:1: names `engine::Watch`, which does not exist",
                "ARCHITECTURE.md:1: names `Fault::TokenLost`, which does not exist",
                "ARCHITECTURE.md:2: names `engine/src/watch.rs`, which does not exist",
                "ARCHITECTURE.md:2: names `crates/edge/rest`, which does not exist",
                "ARCHITECTURE.md:2: names `docs/rest.md`, which does not exist",
            ]
        );
    }

    #[test]
    fn comments_are_checked_and_code_is_not() {
        let text = "// Ask `engine::Watch`, see `/data/x`.\nlet a = \"`engine::Watch`\";\n";
        assert_eq!(
            found("crates/edge/rest/src/lib.rs", text),
            ["crates/edge/rest/src/lib.rs:1: names `engine::Watch`, which does not exist"]
        );
    }
}
