//! No crate but `wire` spells the text of an error that a client may read.
//!
//! Clients match these texts, so each has one spelling in one place, with its source. The client's crates and the
//! command line read them and are not checked.

use super::{
    Finding, Source,
    literals::{Literal, literals},
};

/// The folders whose code answers clients, directly or through others.
const CHECKED: &[&str] = &[
    "crates/app/server/src/",
    "crates/core/",
    "crates/edge/",
    "crates/engine/",
    "crates/storage/",
];

/// The crate that spells them.
const WIRE: &str = "crates/core/wire/";

/// Literals that look like the code of an error and are none: where, which (`*` at the end for any that begin so), and
/// what they are.
const NO_ERRORS: &[(&str, &str, &str)] = &[
    ("crates/", "CARGO_*", "a variable of the build"),
    ("crates/", "LANDFALL_*", "an environment variable"),
    ("crates/", "OUT_DIR", "a variable of the build"),
    ("crates/core/model/", "GAP_*", "a change type"),
    ("crates/core/query/", "COUNT_DISTINCT", "a keyword of SOQL"),
    ("crates/core/soql/", "*", "a keyword of SOQL or SOSL"),
    ("crates/edge/", "CHANGE_EVENT*", "a usage metric"),
    ("crates/edge/", "CUSTOM_PLATFORM_EVENT", "a usage metric"),
    ("crates/edge/", "PLATFORM_EVENTS_*", "a usage metric"),
    (
        "crates/edge/",
        "START_*",
        "a token of JSON that an error names",
    ),
    (
        "crates/edge/",
        "VALUE_*",
        "a token of JSON that an error names",
    ),
    ("crates/edge/streaming/", "BAYEUX_BROWSER", "a cookie"),
    (
        "crates/engine/engine/",
        "*_API",
        "a client in usage metrics",
    ),
    ("crates/engine/engine/", "*_X", "a type of file"),
    ("crates/engine/engine/", "POWER_POINT", "a type of file"),
    ("crates/storage/", "*", "SQL, and SOQL in the laws"),
];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources.iter().filter(|source| is_checked(source)) {
        let path = source.path.to_string_lossy();
        for Literal { line, text } in literals(&source.text) {
            if let Some(what) = error_text(&path, text) {
                findings.push(Finding::at(
                    &source.path,
                    line,
                    format!("spells {what}: only {WIRE} spells an error for a client"),
                ));
            }
        }
    }
}

fn is_checked(source: &Source) -> bool {
    let path = source.path.to_string_lossy();
    let is_test = path.contains("/tests/")
        || path.contains("/benches/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs");
    source.is_rust()
        && !is_test
        && !path.starts_with(WIRE)
        && CHECKED.iter().any(|folder| path.starts_with(folder))
}

/// What error text the literal is, if it is one.
fn error_text(path: &str, text: &str) -> Option<String> {
    if is_code(text) && !is_no_error(path, text) {
        return Some(format!("the error code `{text}`"));
    }
    if let Some(code) = job_code(text) {
        return Some(format!("the code `{code}` of a failed job"));
    }
    if is_bayeux(text) {
        return Some(format!("the Bayeux error `{text}`"));
    }
    if is_oauth(text) {
        return Some(format!("the OAuth error `{text}`"));
    }
    let mut words =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':' && c != '.' && c != '_');
    words
        .find(|word| is_soap(word) || is_grpc(word))
        .map(|word| format!("the fault code `{word}`"))
}

/// `REQUIRED_FIELD_MISSING`, alone in its literal.
fn is_code(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.contains('_')
        && !text.ends_with('_')
        && text.chars().all(is_part)
}

fn is_no_error(path: &str, text: &str) -> bool {
    NO_ERRORS.iter().any(|(folder, pattern, _)| {
        path.starts_with(folder)
            && match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
                (Some(start), _) => text.starts_with(start),
                (None, Some(end)) => text.ends_with(end),
                (None, None) => text == *pattern,
            }
    })
}

/// `InvalidBatch : Field name not found`.
fn job_code(text: &str) -> Option<&str> {
    let (code, _) = text.split_once(" : ")?;
    let is_code = code.starts_with(|c: char| c.is_ascii_uppercase())
        && code.contains(|c: char| c.is_ascii_lowercase())
        && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_code.then_some(code)
}

/// `403::Unknown client`, `403:denied_by_security_policy:create_denied`.
fn is_bayeux(text: &str) -> bool {
    let Some((status, rest)) = text.split_once(':') else {
        return false;
    };
    let is_status = status.len() == 3 && status.starts_with(['4', '5']);
    is_status && status.chars().all(|c| c.is_ascii_digit()) && rest.contains(':')
}

/// The error codes of OAuth 2.0 and of its flows, alone in their literal.
fn is_oauth(text: &str) -> bool {
    const CODES: &[&str] = &[
        "access_denied",
        "authorization_pending",
        "consent_required",
        "immediate_unsuccessful",
        "inactive_org",
        "inactive_user",
        "interaction_required",
        "login_required",
        "rate_limit_exceeded",
        "redirect_uri_mismatch",
        "server_error",
        "slow_down",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "unsupported_token_type",
    ];
    let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
    CODES.contains(&text) || (text.starts_with("invalid_") && text.chars().all(is_part))
}

/// `sf:INVALID_SESSION_ID`, `soapenv:Client`.
fn is_soap(word: &str) -> bool {
    const CODES: &[&str] = &[
        "soapenv:Client",
        "soapenv:Server",
        "soapenv:VersionMismatch",
    ];
    CODES.contains(&word) || word.strip_prefix("sf:").is_some_and(is_code)
}

/// `sfdc.platform.eventbus.grpc.subscription.limit.exceeded`.
fn is_grpc(word: &str) -> bool {
    word.starts_with("sfdc.platform.eventbus.grpc.")
}

#[cfg(test)]
mod tests {
    use super::{super::source, *};

    fn found(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&[source(path, text)], &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_family_of_error_texts_is_found() {
        let path = "crates/edge/soap/src/lib.rs";
        for text in [
            "REQUIRED_FIELD_MISSING",
            "403::Unknown client",
            "403:denied_by_security_policy:create_denied",
            "invalid_grant",
            "slow_down",
            "InvalidBatch : Field name not found : {name}",
            "<faultcode>sf:INVALID_LOGIN</faultcode>",
            "<faultcode>soapenv:Client</faultcode>",
            "sfdc.platform.eventbus.grpc.service.unavailable",
        ] {
            let found = found(path, &format!("let a = {text:?};"));
            assert_eq!(found.len(), 1, "{text}: {found:?}");
        }
    }

    #[test]
    fn other_literals_tests_and_the_crate_wire_are_left_alone() {
        for (path, text) in [
            (
                "crates/edge/soap/src/lib.rs",
                "let a = \"12:30:00\"; let b = \"CREATE\"; // \"invalid_grant\"",
            ),
            (
                "crates/edge/soap/src/lib.rs",
                "let a = \"{FIELDS_MAX} fields\"; let b = \"{SOAP}:Body\";",
            ),
            (
                "crates/edge/soap/src/lib.rs",
                "#[cfg(test)]\nmod tests {\n\"invalid_grant\"\n}\n",
            ),
            ("crates/edge/soap/tests/soap/a.rs", "\"invalid_grant\""),
            ("crates/core/wire/src/rest.rs", "\"INVALID_SESSION_ID\""),
            ("crates/core/soql/src/keyword.rs", "\"CALENDAR_MONTH\""),
            ("crates/client/client/src/lib.rs", "\"403::Unknown client\""),
        ] {
            assert_eq!(found(path, text), Vec::<String>::new(), "{path}");
        }
    }
}
