//! Manual pages and completions.

use crate::{Org, code, landfall, run, stderr, text};

#[test]
fn version_and_completions_are_data() {
    let version = run(&["version"]);
    assert_eq!(code(&version), 0);
    assert!(version.stdout.starts_with(b"landfall "));
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = run(&["completions", shell]);
        assert_eq!(code(&script), 0, "{shell}");
        assert!(
            String::from_utf8_lossy(&script.stdout).contains("LANDFALL_COMPLETE"),
            "{shell}"
        );
        assert!(script.stderr.is_empty(), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    let written = run(&["man", text(&pages)]);
    assert_eq!(code(&written), 0, "{}", stderr(&written));
    for (page, content) in [
        ("landfall.1", "landfall dev"),
        ("landfall-tail.1", "since"),
        ("landfall-fault-arm.1", "client\\-unknown"),
    ] {
        let path = pages.join(page);
        let page = std::fs::read_to_string(&path).expect("a page");
        assert!(page.contains(content), "{page}");
    }
    let refused = run(&["man", "/dev/null/pages"]);
    assert_eq!(code(&refused), 1, "{}", stderr(&refused));
}

/// What the shell offers for the last word.
fn offered(words: &[&str], target: &str) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let output = landfall(&[&["--"], words].concat())
        .env("LANDFALL_COMPLETE", "bash")
        .env("LANDFALL_TARGET", target)
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_SPACE", "true")
        .output()
        .expect("the binary runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let offered = String::from_utf8_lossy(&output.stdout).into_owned();
    offered.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_shell_completes_names_of_the_org() {
    let org = Org::start(&["--ephemeral"]);
    let saved = org.run(&["snapshot", "save", "before_import"], "");
    assert_eq!(code(&saved), 0, "{}", stderr(&saved));
    for (words, candidate) in [
        (&["tail", "/data/Acc"][..], "/data/AccountChangeEvent"),
        (&["record", "create", "Contac"], "Contact"),
        (&["snapshot", "load", ""], "before_import"),
        (&["reset", "--to", ""], "before_import"),
        (&["reset", "--to", ""], "seed"),
        (&["fault", "arm", "client"], "client-unknown"),
        (&["explain", "INVALID_SESS"], "INVALID_SESSION_ID"),
    ] {
        let words = [&["landfall"], words].concat();
        let offered = offered(&words, &org.url);
        assert!(
            offered.iter().any(|one| one == candidate),
            "{words:?}: {offered:?}"
        );
    }
    let elsewhere = ["landfall", "tail", "--target", &org.url, "/data/Acc"];
    let offered_there = offered(&elsewhere, "http://127.0.0.1:1");
    assert!(
        offered_there
            .iter()
            .any(|one| one == "/data/AccountChangeEvent"),
        "{offered_there:?}"
    );
    let nobody = offered(&["landfall", "tail", "/data/Acc"], "http://127.0.0.1:1");
    assert!(
        !nobody.iter().any(|one| one.starts_with("/data")),
        "{nobody:?}"
    );
}
