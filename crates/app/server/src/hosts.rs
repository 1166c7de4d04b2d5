//! Which host names a developer org answers to: protection against DNS rebinding.
//!
//! A website whose name resolves to 127.0.0.1 could otherwise make a browser use the org's known credentials, with the
//! browser believing that it talks to the website. Its requests carry the website's name in `Host` and in `Origin`.

pub(crate) mod cors;
pub(crate) mod vendor;

use http::header::{HeaderMap, HeaderValue, ORIGIN};
use http::uri::Authority;
use landfall_metadata::is_loopback;

use crate::settings::HostName;
use cors::{Cors, Deployed};

/// Host names that requests may be addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hosts {
    /// Any.
    Any,
    /// Loopback names, these, and those of the service if the server answers as it.
    Local {
        /// The configured ones.
        extra: Vec<HostName>,
        /// Whether the service's names are among them.
        as_salesforce: bool,
    },
}

impl Hosts {
    /// Whether a request to this authority, with these headers, is answered.
    pub fn allow(
        &self,
        authority: &Authority,
        headers: &HeaderMap,
        (cors, deployed): (&Cors, &Deployed<'_>),
    ) -> bool {
        match self {
            Self::Any => true,
            Self::Local { .. } => {
                self.has(authority.host()) && self.allow_origin(headers, cors, deployed)
            }
        }
    }

    /// Only browsers send an origin. One that is not a website, such as that of an extension, cannot be rebound, and one
    /// that may read responses has no need to.
    fn allow_origin(&self, headers: &HeaderMap, cors: &Cors, deployed: &Deployed<'_>) -> bool {
        let Some(origin) = headers.get(ORIGIN) else {
            return true;
        };
        let Ok(origin) = origin.to_str() else {
            return false;
        };
        if cors.lists(origin, deployed) {
            return true;
        }
        match origin.split_once("://") {
            Some(("http" | "https", authority)) => authority
                .parse::<Authority>()
                .is_ok_and(|authority| self.has(authority.host())),
            Some(_) => true,
            // "null": a page that hides its origin. Ours do when they send a form, and then the browser says whose it is.
            None => {
                let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
                matches!(site, Some(b"same-origin" | b"none"))
            }
        }
    }

    fn has(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Local {
                extra,
                as_salesforce,
            } => {
                let bare = host.trim_start_matches('[').trim_end_matches(']');
                is_loopback(bare)
                    || extra
                        .iter()
                        .any(|name| name.as_str().eq_ignore_ascii_case(bare))
                    || (*as_salesforce && vendor::has(host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::settings::{self, Settings};
    use landfall_metadata::OriginPattern;

    fn hosts(as_salesforce: bool) -> Hosts {
        let text = "hosts = [\"landfall.internal\", \"192.0.2.7\"]";
        let settings = Settings::parse(text, Path::new("landfall.toml")).expect("valid");
        let extra = settings.get(&settings::HOSTS).expect("valid");
        Hosts::Local {
            extra: extra.expect("set"),
            as_salesforce,
        }
    }

    fn allows(host: &str, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            map.insert(name, value.parse().expect("a value"));
        }
        let cors = Cors {
            origins: vec![OriginPattern::parse("https://app.example.com").expect("a pattern")],
            ..Cors::default()
        };
        hosts(false).allow(
            &host.parse().expect("an authority"),
            &map,
            (&cors, &|_| false),
        )
    }

    #[test]
    fn loopback_and_configured_names_are_answered() {
        for host in [
            "localhost:7443",
            "LOCALHOST",
            "org.localhost",
            "127.0.0.1:7443",
            "127.9.9.9",
            "[::1]:7443",
            "landfall.internal:80",
            "192.0.2.7",
        ] {
            assert!(allows(host, &[]), "{host}");
        }
        for host in [
            "evil.example:7443",
            "localhost.evil.example",
            "192.0.2.8",
            "0.0.0.0",
            "login.salesforce.com",
        ] {
            assert!(!allows(host, &[]), "{host}");
        }
        let authority = "login.salesforce.com".parse().expect("an authority");
        assert!(hosts(true).allow(
            &authority,
            &HeaderMap::new(),
            (&Cors::default(), &|_| false)
        ));
    }

    #[test]
    fn pages_of_other_websites_are_refused() {
        for allowed in [
            &[("origin", "http://localhost:3000")][..],
            &[("origin", "https://[::1]")],
            &[("origin", "https://app.example.com")],
            &[("origin", "chrome-extension://abc")],
            &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(allows("localhost", allowed), "{allowed:?}");
        }
        for refused in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "null")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://localhost.evil.example")],
        ] {
            assert!(!allows("localhost", refused), "{refused:?}");
        }
    }
}
