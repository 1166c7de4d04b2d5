//! Addresses of orgs.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use http::uri::Scheme;

use crate::error::Error;

/// Scheme, host and port of an org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    https: bool,
    host: String,
    port: u16,
}

impl Target {
    /// Whether TLS is spoken.
    pub const fn is_https(&self) -> bool {
        self.https
    }

    /// Host name or address, an IPv6 address without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self
                .host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    /// Host and port as in a `Host` header.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl FromStr for Target {
    type Err = Error;

    /// Reads `http://host`, `https://host:port`, and `host:port` as http.
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Target {
            text: text.to_owned(),
            reason,
        };
        let uri: Uri = if text.contains("://") {
            text.parse()
        } else {
            format!("http://{text}").parse()
        }
        .map_err(|_| wrong("expected http://HOST:PORT"))?;
        let https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(wrong("only http and https are spoken")),
        };
        if uri.query().is_some() || !matches!(uri.path(), "" | "/") {
            return Err(wrong("a path does not belong to it"));
        }
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(|| wrong("it names no host"))?;
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(wrong("credentials do not belong into it"));
        }
        Ok(Self {
            https,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_scheme_host_and_port() {
        for (text, shown) in [
            ("http://127.0.0.1:7443", "http://127.0.0.1:7443"),
            ("http://127.0.0.1:7443/", "http://127.0.0.1:7443"),
            ("localhost:7443", "http://localhost:7443"),
            ("https://acme.example", "https://acme.example:443"),
            ("http://[::1]:1", "http://[::1]:1"),
        ] {
            assert_eq!(text.parse::<Target>().expect(text).to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ftp://host",
            "http://",
            "http://a@host",
            "http://host/path",
            "http://host?q",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_recognized() {
        let is_loopback = |text: &str| text.parse::<Target>().expect(text).is_loopback();
        assert!(is_loopback("http://localhost:1"));
        assert!(is_loopback("https://[::1]:1"));
        assert!(is_loopback("http://127.9.9.9"));
        assert!(!is_loopback("http://192.0.2.1"));
        assert!(!is_loopback("http://localhost.example"));
    }
}
