//! `landfall env`: what it prints is run as it is.

use crate::{code, lines, run, script, stderr};

#[test]
fn a_shell_uses_an_org_after_the_exports() {
    let output = script(
        &[],
        "set -e
        eval \"$(env -u LANDFALL_ACCESS_TOKEN \"$0\" env)\"
        test \"$LANDFALL_USERNAME\" = admin@landfall.test
        curl -fsS \"$LANDFALL_TARGET/services/data/v59.0/limits\" -H \"Authorization: Bearer $LANDFALL_ACCESS_TOKEN\" |
          grep -q DailyApiRequests
        unset LANDFALL_CA_FILE
        export XDG_CACHE_HOME=\"$(mktemp -d)\"
        eval \"$(\"$0\" env --tls)\"
        case $LANDFALL_TARGET in https://*) ;; *) exit 9 ;; esac
        test \"$LANDFALL_CA_FILE\" = \"$NODE_EXTRA_CA_CERTS\"
        curl -fsS \"$LANDFALL_TARGET/healthz\" >&2
        \"$0\" env --ca | cmp - \"$LANDFALL_CA_FILE\"
        rm -r \"$XDG_CACHE_HOME\"",
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn the_snippet_for_curl_runs_over_http_and_tls_with_a_user_and_with_a_token() {
    let output = script(
        &[],
        "set -e
        \"$0\" env --client curl | sh
        echo
        \"$0\" env --client curl --tls | sh
        echo
        token=$(\"$0\" org open --json | sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')
        other=$(\"$0\" env --client curl --access-token \"$token\")
        case $other in *landfall.test*) exit 9 ;; esac
        echo \"$other\" | sh",
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let printed = lines(&output);
    assert_eq!(printed.len(), 3);
    for answer in printed {
        assert_eq!(answer.get("done"), Some(&true.into()), "{answer}");
    }
}

#[test]
fn a_misspelt_client_has_a_suggestion_and_a_json_form() {
    let misspelt = run(&["env", "--client", "jforce"]);
    assert_eq!(code(&misspelt), 6);
    let said = stderr(&misspelt);
    assert!(
        said.contains("hint: landfall env --client jsforce"),
        "{said}"
    );
    let listed = run(&["env", "--clients"]);
    assert_eq!(code(&listed), 0);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("simple-salesforce\n"));
    let unreachable = run(&["env", "--json", "--target", "http://127.0.0.1:1"]);
    assert_eq!(code(&unreachable), 5);
    let printed = lines(&unreachable);
    let error = printed.first().and_then(|line| line.pointer("/error/code"));
    assert_eq!(error, Some(&"unreachable".into()));
    let token_only = run(&["env", "--client", "aiosfstream-ng", "--access-token", "x"]);
    assert_eq!(code(&token_only), 2, "{}", stderr(&token_only));
}
