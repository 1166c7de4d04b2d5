//! `landfall fault`, and faults of `landfall exec`.

use serde_json::Value;

use crate::{code, lines, run, script, stderr};

const LIMITS: &str = "curl -s -o /dev/null -w '%{http_code}\\n' \"$LANDFALL_TARGET/services/data/v59.0/limits\" -H \"Authorization: Bearer $LANDFALL_ACCESS_TOKEN\"";

#[test]
fn faults_are_armed_listed_and_cleared() {
    let output = script(
        &[],
        &format!(
            "set -e
            \"$0\" fault arm unavailable --method /limits --next 2 >&2
            {LIMITS} >&2
            \"$0\" fault list --json
            \"$0\" fault clear 1 --json
            \"$0\" fault list --json
            \"$0\" fault arm gap --topic /data/AccountChangeEvent >&2
            \"$0\" fault list >&2"
        ),
    );
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("503"), "{said}");
    assert!(
        said.contains("2   gap    armed  0      0        topic=/data/AccountChangeEvent"),
        "{said}"
    );
    assert!(
        said.contains("fault 2 has never fired: gap (topic=/data/AccountChangeEvent)"),
        "{said}"
    );
    let printed = lines(&output);
    let of = |place: usize, pointer: &str| {
        let line = printed.get(place).expect("a line");
        line.pointer(pointer).cloned().unwrap_or_default()
    };
    assert_eq!(of(0, "/status"), "ok");
    assert_eq!(of(0, "/command"), "fault list");
    assert_eq!(of(0, "/data/faults/0/fired"), 1);
    assert_eq!(of(1, "/data/id"), "1");
    assert_eq!(of(2, "/data/faults"), Value::Array(Vec::new()));
}

#[test]
fn a_fault_that_never_fired_fails_a_strict_run() {
    let fault = ["--fault", "unavailable,method=/limits"];
    let strict = [&fault[..], &["--strict-faults"]].concat();
    let fires = script(&strict, LIMITS);
    assert_eq!(code(&fires), 0, "{}", stderr(&fires));
    assert_eq!(String::from_utf8_lossy(&fires.stdout), "503\n");
    let silent = script(&strict, "true");
    assert_eq!(code(&silent), 8);
    assert!(stderr(&silent).contains("fault 1 has never fired: unavailable (method=/limits)"));
    let both = "unavailable,method=/limits;gap";
    let second = script(&["--fault", both, "--strict-faults"], LIMITS);
    assert_eq!(code(&second), 8);
    assert!(stderr(&second).contains("fault 2 has never fired: gap"));
    assert_eq!(code(&script(&fault, "true")), 0);
    assert_eq!(code(&script(&strict, "exit 3")), 3);
}

#[test]
fn bad_faults_are_refused_with_the_nearest_name() {
    let misspelt = script(&["--fault", "client-unknwon"], "true");
    assert_eq!(code(&misspelt), 2);
    let said = stderr(&misspelt);
    assert!(said.contains("did you mean \"client-unknown\"?"), "{said}");
    assert_eq!(
        code(&run(&["exec", "--fault", "gap,next=x", "--", "true"])),
        2
    );
    let unknown = script(&[], "\"$0\" fault clear 7 --json");
    assert_eq!(code(&unknown), 6);
    let printed = lines(&unknown);
    let status = printed.first().and_then(|line| line.get("status"));
    assert_eq!(status, Some(&Value::from("error")));
    let unreachable = run(&["fault", "list", "--target", "http://127.0.0.1:1"]);
    assert_eq!(code(&unreachable), 5);
}
