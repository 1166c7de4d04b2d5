//! Where a connected app may have users sent back to.
//!
//! Source: "OAuth 2.0 Authorization Errors" (Salesforce Help): `redirect_uri` must match the configuration, exactly. Our
//! own: on the machine itself, the port may be left open (RFC 8252, 7.3), and for development the path, too.

use landfall_model::limits::REDIRECT_URI_BYTES_MAX;

/// Hosts that are the machine itself.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Schemes that a browser would run or open by itself.
const SCHEMES_REFUSED: [&str; 7] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
];

/// Every address on the machine itself: for a developer org, whose users are the machine's.
pub(crate) fn whole_machine() -> Vec<String> {
    let schemes = ["http", "https"].into_iter();
    let any = |scheme| LOOPBACK.map(|host| format!("{scheme}://{host}:*/*"));
    schemes.flat_map(any).collect()
}

/// Whether an app may have this address: `https`, a scheme of its own, or `http` on the machine itself; there, `*` may
/// stand for the port, and for the path.
pub(crate) fn is_usable(registered: &str) -> bool {
    if !is_plain(registered) {
        return false;
    }
    if let Some((_, path)) = open_port(registered) {
        return path == "/*" || !path.contains('*');
    }
    let Some((scheme, rest)) = registered.split_once(':') else {
        return false;
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(named)
        && !SCHEMES_REFUSED.contains(&scheme.to_ascii_lowercase().as_str());
    let is_safe = match scheme {
        "http" => LOOPBACK.iter().any(|host| {
            let behind = rest
                .strip_prefix("//")
                .and_then(|rest| rest.strip_prefix(host));
            behind.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/', '?']))
        }),
        "https" => rest.len() > 2 && rest.starts_with("//"),
        _ => !rest.is_empty(),
    };
    is_scheme && is_safe && !registered.contains('*')
}

/// Whether an address of a request is the registered one.
pub(crate) fn matches(registered: &str, given: &str) -> bool {
    if !is_plain(given) {
        return false;
    }
    let Some((origin, path)) = open_port(registered) else {
        return registered == given;
    };
    let Some(behind) = given.strip_prefix(origin) else {
        return false;
    };
    let given_path = match behind.strip_prefix(':') {
        Some(port) => {
            let digits = port.bytes().take_while(u8::is_ascii_digit).count();
            match port.split_at_checked(digits) {
                Some((port, path)) if port.parse::<u16>().is_ok() => path,
                _ => return false,
            }
        }
        None => behind,
    };
    if path == "/*" {
        given_path.is_empty() || given_path.starts_with(['/', '?'])
    } else {
        path == given_path
    }
}

/// The text before and after an open port, where there is one.
fn open_port(registered: &str) -> Option<(&str, &str)> {
    let (origin, path) = registered.split_once(":*")?;
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))?;
    let is_open = LOOPBACK.contains(&host) && (path.is_empty() || path.starts_with(['/', '?']));
    is_open.then_some((origin, path))
}

/// Whether a text can stand in a header, and has no fragment of its own.
fn is_plain(uri: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"#\\<>\"".contains(&byte);
    !uri.is_empty() && uri.len() <= REDIRECT_URI_BYTES_MAX && uri.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_matches_itself_alone() {
        let registered = "https://app.example/callback";
        assert!(is_usable(registered) && matches(registered, registered));
        for other in [
            "https://app.example/callback/",
            "https://app.example/callback?a=b",
            "http://app.example/callback",
            "https://app.example/callback#",
            "https://app.example/Callback",
            "",
        ] {
            assert!(!matches(registered, other), "{other}");
        }
    }

    #[test]
    fn an_open_port_is_any_port_of_this_machine_and_nothing_else() {
        let registered = "http://localhost:*/OauthRedirect";
        assert!(is_usable(registered));
        for given in [
            "http://localhost:1717/OauthRedirect",
            "http://localhost/OauthRedirect",
        ] {
            assert!(matches(registered, given), "{given}");
        }
        for given in [
            "http://localhost:1717/other",
            "http://localhost:1717@evil.example/OauthRedirect",
            "http://localhost.evil.example/OauthRedirect",
            "http://localhost:99999/OauthRedirect",
            "http://localhost:/OauthRedirect",
            "http://localhost:*/OauthRedirect",
            "https://localhost:1717/OauthRedirect",
        ] {
            assert!(!matches(registered, given), "{given}");
        }
    }

    #[test]
    fn a_developers_app_may_be_anywhere_on_the_machine() {
        let anywhere = whole_machine();
        assert!(anywhere.iter().all(|registered| is_usable(registered)));
        let fits = |given| anywhere.iter().any(|registered| matches(registered, given));
        assert!(fits("http://127.0.0.1:8080/callback?x=1"));
        assert!(fits("https://[::1]:8443"));
        assert!(!fits("http://127.0.0.1.evil.example/callback"));
        assert!(!fits("http://localhost:80evil.example/"));
        assert!(!fits("http://localhost:8080/\r\nSet-Cookie: a=b"));
    }

    #[test]
    fn what_would_leave_in_clear_or_run_in_the_browser_is_not_usable() {
        for registered in [
            "http://app.example/callback",
            "http://localhost.evil.example/",
            "http://app.example:*/callback",
            "https://app.example/*",
            "http://localhost:*/a*",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "https://",
            "callback",
            "myapp:",
        ] {
            assert!(!is_usable(registered), "{registered}");
        }
        for registered in ["myapp://callback", "http://[::1]:3000/cb", "sfdc:done"] {
            assert!(is_usable(registered), "{registered}");
        }
    }
}
