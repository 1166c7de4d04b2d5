//! `landfall requests`, and what `landfall exec` says of them at its end.

use crate::{code, lines, script, stderr};

/// A request whose path is this one.
fn get(path: &str) -> String {
    format!(
        "curl -s -o /dev/null -A my-app \"$LANDFALL_TARGET/services/data/v59.0/{path}\" -H \"Authorization: Bearer $LANDFALL_ACCESS_TOKEN\""
    )
}

#[test]
fn requests_and_mistakes_are_listed_and_shown() {
    let (limits, wrong) = (get("limits"), get("sobjects/Acount"));
    let output = script(
        &[],
        &format!(
            "set -e
            {limits}
            {wrong}
            \"$0\" requests list >&2
            \"$0\" requests list --api rest --status 404 --text my-app -n 1 --json
            \"$0\" requests show 3 >&2
            \"$0\" requests mistakes >&2
            \"$0\" requests clear
            \"$0\" requests list --json
            \"$0\" requests show 3 2>/dev/null || echo \"{{\\\"status\\\": $?}}\""
        ),
    );
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(
        said.contains("GET /services/data/v59.0/limits  · my-app"),
        "{said}"
    );
    assert!(
        said.contains("[{\"message\":\"The requested resource does not exist\""),
        "{said}"
    );
    assert!(said.contains("did you mean Account?"), "{said}");
    assert!(
        said.contains(
            "landfall: 0 requests, 0 events (0 delivered), 0 client mistakes, 0 unsupported paths"
        ),
        "{said}"
    );
    let printed = lines(&output);
    let of = |place: usize, pointer: &str| {
        let line = printed.get(place).expect("a line");
        line.pointer(pointer).cloned().unwrap_or_default()
    };
    assert_eq!(of(0, "/data/requests/0/status"), 404);
    assert_eq!(of(0, "/data/more"), false);
    assert_eq!(of(1, "/data/requests"), serde_json::json!([]));
    assert_eq!(of(2, "/status"), 6);
}

#[test]
fn a_mistake_fails_a_strict_run() {
    let (limits, wrong, absent) = (get("limits"), get("sobjects/Acount"), get("graphql"));
    let strict = ["--strict-mistakes"];
    let right = script(&strict, &limits);
    assert_eq!(code(&right), 0, "{}", stderr(&right));
    let counted =
        "landfall: 1 request, 0 events (0 delivered), 0 client mistakes, 0 unsupported paths";
    assert!(stderr(&right).contains(counted), "{}", stderr(&right));
    let mistaken = script(&strict, &format!("{wrong}; {wrong}"));
    assert_eq!(code(&mistaken), 8);
    let said = stderr(&mistaken);
    assert!(
        said.contains("landfall: 2 requests, 0 events (0 delivered), 1 client mistake, "),
        "{said}"
    );
    assert!(
        said.contains("unknown-resource: GET /services/data/v59.0/sobjects/Acount: The requested resource does not exist; did you mean Account? (2 times)"),
        "{said}"
    );
    let unsupported = script(&strict, &absent);
    assert_eq!(code(&unsupported), 8);
    assert!(stderr(&unsupported).contains("1 unsupported path\n"));
    assert_eq!(code(&script(&[], &wrong)), 0);
    assert_eq!(code(&script(&strict, &format!("{wrong}; exit 3"))), 3);
}

#[test]
fn the_summary_counts_all_orgs_also_before_a_reset() {
    let post = |token: &str| {
        format!(
            r#"curl -sf -o /dev/null "$LANDFALL_TARGET/services/data/v59.0/sobjects/Account" \
                -H "Authorization: Bearer {token}" -H 'Content-Type: application/json' -d '{{"Name":"Acme"}}'"#
        )
    };
    let (own, isolated) = (post("$LANDFALL_ACCESS_TOKEN"), post("$other"));
    let wrong = get("sobjects/Acount");
    let member =
        |name: &str| format!(r#"printf %s "$opened" | sed -E 's/.*"{name}":"([^"]*)".*/\1/'"#);
    let (token, id) = (member("accessToken"), member("id"));
    let output = script(
        &["--strict-mistakes"],
        &format!(
            r#"set -e
            {own}
            {wrong}
            "$0" reset >&2
            {wrong}
            opened=$("$0" org open --json)
            other=$({token})
            {isolated}
            "$0" org close "$({id})" >&2"#
        ),
    );
    let said = stderr(&output);
    assert_eq!(code(&output), 8, "{said}");
    let counted =
        "landfall: 4 requests, 2 events (0 delivered), 1 client mistake, 0 unsupported paths";
    assert!(said.contains(counted), "{said}");
    assert!(said.contains("did you mean Account? (2 times)"), "{said}");
}
