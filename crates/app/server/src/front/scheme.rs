//! How a request came: over TLS or not.

use http::uri;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// As another node names it.
    pub(crate) const fn read(name: &[u8]) -> Option<Self> {
        match name {
            b"http" => Some(Self::Http),
            b"https" => Some(Self::Https),
            _ => None,
        }
    }
}

impl From<Scheme> for uri::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::HTTP,
            Scheme::Https => Self::HTTPS,
        }
    }
}
