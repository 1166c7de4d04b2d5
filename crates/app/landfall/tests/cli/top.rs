//! `landfall top`, and what it prints without a terminal.

use crate::{Org, code, lines, run, stderr};

#[test]
fn one_view_is_printed_without_a_terminal() {
    let org = Org::start(&["--ephemeral"]);
    org.create_account();
    let printed = org.run(&["top"], "");
    assert_eq!(code(&printed), 0, "{}", stderr(&printed));
    let view = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(view.starts_with(&org.url), "{view}");
    assert!(view.contains("\n/data/AccountChangeEvent  "), "{view}");
    assert!(!view.contains('\u{1b}'), "{view}");
    let json = lines(&org.run(&["top", "--json"], "")).remove(0);
    assert_eq!(json["command"], "top", "{json}");
    assert_eq!(json["data"]["topics"][0]["published"], 1, "{json}");
    let nobody = run(&["top", "--target", "http://127.0.0.1:1", "--json"]);
    assert_eq!(code(&nobody), 5);
    assert_eq!(lines(&nobody)[0]["error"]["category"], "unreachable");
}
