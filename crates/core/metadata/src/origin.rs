//! Origins of websites, and the patterns of the CORS allowlist.
//!
//! Source: "`CorsWhitelistOrigin`", `urlPattern` (Metadata API Developer Guide); `UrlPattern` of `CorsWhitelistEntry`
//! (Object Reference), which allows `http` for localhost.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::gather::Single;
use crate::problem::Report;
use crate::read::brief;

/// What begins a pattern of subdomains.
const WILDCARD: &str = "*.";

/// An origin of a page, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    /// That of the scheme, if the origin names none.
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
    ChromeExtension,
    FirefoxExtension,
}

impl Scheme {
    const ALL: [Self; 4] = [
        Self::Http,
        Self::Https,
        Self::ChromeExtension,
        Self::FirefoxExtension,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::ChromeExtension => "chrome-extension",
            Self::FirefoxExtension => "moz-extension",
        }
    }

    const fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            // An extension has none.
            Self::ChromeExtension | Self::FirefoxExtension => 0,
        }
    }
}

impl Origin {
    /// Reads the value of an `Origin` header; none if it is not an origin that can be on the list.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = *Scheme::ALL
            .iter()
            .find(|known| known.name().eq_ignore_ascii_case(scheme))?;
        let (host, port) = authority(rest)?;
        let port = match port {
            Some(port) => port.parse().ok()?,
            None => scheme.port(),
        };
        let host = host.to_ascii_lowercase();
        Some(Self { scheme, host, port })
    }

    /// Whether it is a website of this machine.
    pub fn is_loopback(&self) -> bool {
        matches!(self.scheme, Scheme::Http | Scheme::Https) && is_loopback(bare(&self.host))
    }
}

/// Host and port of an authority without user information; an IPv6 address keeps its brackets.
fn authority(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, _) = rest.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        let (host, rest) = text.split_at_checked(address.len() + 2)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_of_host)).then_some((host, port))
}

/// Whether a host is this machine. Source: RFC 6761, section 6.3, for the name and those below it.
pub fn is_loopback(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    let address = host.parse::<IpAddr>();
    name == "localhost"
        || name.ends_with(".localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// An entry of the allowlist, such as `https://*.example.com`.
///
/// Wire: `urlPattern`. A pattern of subdomains does not match the domain itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    origin: Origin,
    /// Whether the host is a domain whose subdomains match.
    subdomains: bool,
}

impl OriginPattern {
    /// Reads a pattern; none if the vendor's rules do not allow it.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (domain, subdomains) = match rest.strip_prefix(WILDCARD) {
            Some(domain) => (domain, true),
            None => (rest, false),
        };
        let origin = Origin::parse(&format!("{scheme}://{domain}"))?;
        let host = bare(&origin.host);
        let is_domain = host.contains('.') && host.parse::<IpAddr>().is_err();
        let is_plain = !host.contains('*') && (!subdomains || is_domain);
        let is_allowed = match origin.scheme {
            Scheme::Https => is_plain,
            Scheme::Http => is_plain && !subdomains && is_loopback(host),
            Scheme::ChromeExtension => {
                rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_lowercase())
            }
            Scheme::FirefoxExtension => is_firefox_id(rest),
        };
        is_allowed.then_some(Self { origin, subdomains })
    }

    /// Whether an origin is on the list by it.
    pub fn matches(&self, origin: &Origin) -> bool {
        let host = if self.subdomains {
            origin
                .host
                .strip_suffix(&self.origin.host)
                .is_some_and(|name| name.len() > 1 && name.ends_with('.'))
        } else {
            origin.host == self.origin.host
        };
        host && origin.scheme == self.origin.scheme && origin.port == self.origin.port
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { scheme, host, port } = &self.origin;
        let wildcard = if self.subdomains { WILDCARD } else { "" };
        write!(f, "{}://{wildcard}{host}", scheme.name())?;
        if *port == scheme.port() {
            Ok(())
        } else {
            write!(f, ":{port}")
        }
    }
}

/// Whether it has the form 8-4-4-4-12 in small letters and digits.
fn is_firefox_id(text: &str) -> bool {
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && text
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// A host without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Reads an entry of the list; none if it is wrong.
pub(crate) fn cors_origin(source: &Single, report: &mut Report) -> Option<OriginPattern> {
    let element = &source.element;
    let text = element.required("urlPattern", report)?;
    let pattern = OriginPattern::parse(text);
    if pattern.is_none() {
        let reason = format!("'{}' is not a URL pattern of an origin", brief(text));
        report.problem(&element.at, reason);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        let pattern = OriginPattern::parse(pattern).expect("a pattern");
        Origin::parse(origin).is_some_and(|origin| pattern.matches(&origin))
    }

    #[test]
    fn a_pattern_matches_its_origins_and_no_others() {
        for (pattern, origin) in [
            ("https://www.example.com", "https://www.example.com"),
            ("https://www.example.com", "https://WWW.example.com:443"),
            (
                "https://www.example.com:8443",
                "https://www.example.com:8443",
            ),
            ("https://*.example.com", "https://a.b.example.com"),
            ("https://192.0.2.7", "https://192.0.2.7"),
            ("http://localhost:3000", "http://localhost:3000"),
            (
                "chrome-extension://abdkkegmcbiomijcbdaodaflgehfffed",
                "chrome-extension://abdkkegmcbiomijcbdaodaflgehfffed",
            ),
            (
                "moz-extension://1234ab56-78c9-1df2-3efg-4567891hi1j2",
                "moz-extension://1234ab56-78c9-1df2-3efg-4567891hi1j2",
            ),
        ] {
            assert!(matches(pattern, origin), "{pattern} {origin}");
        }
        for (pattern, origin) in [
            ("https://www.example.com", "http://www.example.com"),
            ("https://www.example.com", "https://www.example.com:8443"),
            ("https://*.example.com", "https://example.com"),
            ("https://*.example.com", "https://.example.com"),
            ("https://*.example.com", "https://evilexample.com"),
            ("https://*.example.com", "https://a.example.com.evil.net"),
            ("https://www.example.com", "https://user@www.example.com"),
            ("https://www.example.com", "null"),
        ] {
            assert!(!matches(pattern, origin), "{pattern} {origin}");
        }
    }

    #[test]
    fn what_is_no_pattern_of_the_allow_list_is_refused() {
        for text in [
            "www.example.com",
            "http://www.example.com",
            "https://*",
            "https://*.com",
            "https://www.*.com",
            "https://*.192.0.2.7",
            "http://*.localhost",
            "https://www.example.com/",
            "https://www.example.com:99999",
            "ftp://www.example.com",
            "chrome-extension://abdkkegmcbiomijcbdaodaflgehff123",
            "moz-extension://1234ab56",
            "*",
        ] {
            assert_eq!(OriginPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_pattern_is_written_as_it_was_read() {
        for text in [
            "https://*.example.com",
            "http://localhost:3000",
            "https://[2001:db8::1]",
        ] {
            let pattern = OriginPattern::parse(text).expect("a pattern");
            assert_eq!(pattern.to_string(), text);
        }
    }
}
