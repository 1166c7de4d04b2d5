//! `landfall exec`.

use std::io::{BufRead as _, BufReader, Read as _};

use crate::{code, landfall, lines, run, stderr};

#[test]
fn a_command_has_an_org_of_its_own() {
    let temporary = tempfile::tempdir().expect("a folder");
    let own = env!("CARGO_BIN_EXE_landfall");
    let script = "set -e
        test -n \"$LANDFALL_ACCESS_TOKEN\"
        curl -sf \"$LANDFALL_TARGET/services/data/v59.0/sobjects/Account\" -H \"Authorization: Bearer $LANDFALL_ACCESS_TOKEN\" \\
            -H 'Content-Type: application/json' -d '{\"Name\":\"Acme\"}' >&2
        \"$0\" tail --replay earliest --count 1 --timeout 20 /data/AccountChangeEvent
        \"$0\" tail --username \"$LANDFALL_USERNAME\" --replay earliest --count 1 --timeout 20 /data/AccountChangeEvent
        exit 7";
    let output = landfall(&["exec", "--", "sh", "-c", script, own])
        .env("TMPDIR", temporary.path())
        .env("LANDFALL_LISTEN", "127.0.0.1:1")
        .current_dir(temporary.path())
        .output()
        .expect("the binary runs");
    assert_eq!(code(&output), 7, "{}", stderr(&output));
    let events = lines(&output);
    let names = events.iter().map(|event| &event["payload"]["Name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["Acme", "Acme"]);
    let left = std::fs::read_dir(temporary.path()).expect("a folder");
    assert_eq!(left.count(), 0, "nothing is left behind");
}

#[test]
fn it_ends_as_its_command_does() {
    let status = |command: &[&str]| code(&run(&[&["exec", "--"], command].concat()));
    assert_eq!(status(&["true"]), 0);
    assert_eq!(status(&["sh", "-c", "kill -9 $$"]), 128 + 9);
    assert_eq!(status(&["no-such-command-of-anybody"]), 127);
    assert_eq!(status(&["/"]), 126);
    assert_eq!(code(&run(&["exec"])), 2);
    assert_eq!(code(&run(&["exec", "--data", "x", "--", "true"])), 2);
    let project = run(&["exec", "--project", "/nowhere", "--", "true"]);
    assert_eq!(code(&project), 1, "{}", stderr(&project));
}

#[test]
fn a_request_to_terminate_is_passed_on() {
    let script = "trap 'echo terminated; exit 3' TERM; echo started; while :; do sleep 0.05; done";
    let mut child = landfall(&["exec", "--", "sh", "-c", script])
        .spawn()
        .expect("the binary runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("readable");
    assert_eq!(line, "started\n");
    let pid = i32::try_from(child.id()).expect("a process id");
    let pid = rustix::process::Pid::from_raw(pid).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("readable");
    assert_eq!(rest, "terminated\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
}
