//! `landfall context`, and `--target NAME`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::{Org, code, landfall, lines, stderr};

/// A command of a user whose files are in this folder.
fn of_user(folder: &Path, variables: &[(&str, &str)], arguments: &[&str], stdin: &str) -> Output {
    let mut child = landfall(arguments)
        .env("XDG_CONFIG_HOME", folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut input = child.stdin.take().expect("piped");
    // A command that reads no stdin may have ended.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    child.wait_with_output().expect("it ends")
}

const COUNT: &str = "SELECT COUNT() FROM Account";

#[test]
fn a_context_is_an_org_and_the_login_to_it() {
    let org = Org::start(&["--ephemeral"]);
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str], stdin: &str| of_user(folder.path(), &[], arguments, stdin);
    let user = ["--username", "admin@landfall.test", "--password-stdin"];
    let added = run(
        &[&["context", "add", "mine", "--target", &org.url], &user[..]].concat(),
        "landfall\n",
    );
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    let file = folder.path().join("landfall/contexts.json");
    let mode = std::fs::metadata(&file)
        .expect("written")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let queried = run(&["record", "query", COUNT, "--target", "mine"], "");
    assert_eq!(code(&queried), 0, "{}", stderr(&queried));
    // Its login, and not the one of another org that variables have.
    let other = [("LANDFALL_ACCESS_TOKEN", "x"), ("LANDFALL_PASSWORD", "x")];
    let queried = of_user(
        folder.path(),
        &other,
        &["record", "query", COUNT, "--target", "mine"],
        "",
    );
    assert_eq!(code(&queried), 0, "{}", stderr(&queried));
    assert_eq!(code(&run(&["context", "use", "mine"], "")), 0);
    assert_eq!(code(&run(&["record", "query", COUNT], "")), 0);
    let clock = run(&["clock", "show", "--json"], "");
    assert_eq!(code(&clock), 0, "{}", stderr(&clock));
    let listed = run(&["context", "list"], "");
    let shown = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(shown, format!("*  mine  {}  user\n", org.url));
    let wrong = run(&["record", "query", COUNT, "--password", "no"], "");
    assert_eq!(code(&wrong), 4, "{}", stderr(&wrong));
    assert_eq!(code(&run(&["context", "use"], "")), 0);
    assert_eq!(code(&run(&["context", "remove", "mine"], "")), 0);
    let gone = run(&["record", "query", COUNT, "--target", "mine"], "");
    assert_eq!(code(&gone), 2);
    assert!(
        stderr(&gone).contains("there is no context mine"),
        "{}",
        stderr(&gone)
    );
}

#[test]
fn secrets_stay_with_their_user() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str], stdin: &str| of_user(folder.path(), &[], arguments, stdin);
    let add = [
        "context",
        "add",
        "far",
        "--target",
        "https://acme.my.salesforce.com",
    ];
    let added = run(&[&add[..], &["--access-token-stdin"]].concat(), "s3cret");
    assert_eq!(code(&added), 0, "{}", stderr(&added));
    let twice = run(&[&add[..], &["--access-token-stdin"]].concat(), "s3cret");
    assert_eq!(code(&twice), 1);
    let listed = run(&["context", "list", "--json"], "");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(!text.contains("s3cret"), "{text}");
    let printed = lines(&listed);
    let login = printed
        .first()
        .and_then(|line| line.pointer("/data/contexts/0/login"));
    assert_eq!(login, Some(&"access token".into()));
    let near = run(&["context", "use", "fra"], "");
    assert_eq!(code(&near), 6);
    assert!(
        stderr(&near).contains("did you mean far?"),
        "{}",
        stderr(&near)
    );
    for (arguments, stdin) in [
        (&["context", "add", "a.b", "--target", "http://x"][..], ""),
        (&["context", "add", "localhost", "--target", "http://x"], ""),
        (&["context", "add", "a", "--target", "ftp://x"], ""),
        (
            &[
                "context",
                "add",
                "a",
                "--target",
                "http://x",
                "--password-stdin",
            ],
            "",
        ),
    ] {
        assert_eq!(code(&run(arguments, stdin)), 2, "{arguments:?}");
    }
    let file = folder.path().join("landfall/contexts.json");
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&file, open).expect("set");
    let refused = run(&["context", "list"], "");
    assert_eq!(code(&refused), 1);
    assert!(
        stderr(&refused).contains("hint: chmod 600"),
        "{}",
        stderr(&refused)
    );
}
