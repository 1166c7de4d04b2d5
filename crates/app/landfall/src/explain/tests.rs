//! The page of all errors.

use std::fmt::Write as _;

use super::*;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/errors.md");

/// The page, as it should be.
fn page() -> String {
    let mut page = String::from(
        "# Errors\n\nEvery error that Landfall answers with: how it is spelled, what it means, what to do, and how to \
         rehearse it. `landfall explain WORDS` finds an entry by a code, a message, or a line of a log:\n\n\
         ```sh\nlandfall explain '403::Unknown client'\nlandfall explain REQUEST_LIMIT_EXCEEDED\n```\n\n\
         Words in capitals within messages, such as `FIELD`, are examples: an answer has the name or the value of \
         its request there. This page is generated from the map that spells the errors: \
         `UPDATE=1 cargo test -p landfall explain`.\n",
    );
    let mut chapter = "";
    for entry in entries() {
        if entry.chapter != chapter {
            chapter = entry.chapter;
            let _ = write!(page, "\n## {chapter}\n");
        }
        let _ = write!(page, "\n```text\n");
        for spelling in entry.spellings() {
            let surface = spelling.surface.to_string();
            let _ = writeln!(page, "{surface:<13}  {spelling}");
        }
        let _ = write!(page, "```\n\n{} *To do:* {}", entry.meaning, entry.remedy);
        if !entry.clients.is_empty() {
            let _ = write!(page, " *Clients:* {}", entry.clients);
        }
        if !entry.rehearse.is_empty() {
            let _ = write!(page, " *Rehearse it:* `{}`.", entry.rehearse);
        }
        page.push('\n');
    }
    page
}

#[test]
fn the_page_of_errors_is_that_of_the_map() {
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(PAGE, &page).expect("written");
    }
    let written = std::fs::read_to_string(PAGE).expect("docs/errors.md");
    assert!(written == page, "docs/errors.md is old: run with UPDATE=1");
}
