//! What a token may be used for.

use std::fmt;

/// Scopes kept of one request. Source: none; the documented ones are fewer than 30.
const SCOPES_MAX: usize = 64;

/// The scopes of a token, in the order in which they were granted.
///
/// Wire: names separated by spaces. Source: "OAuth Tokens and Scopes" (Salesforce Help).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads names separated by white space; repeated ones count once.
    pub fn parse(text: &str) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in text.split_ascii_whitespace().take(SCOPES_MAX) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Self(names)
    }

    /// Whether a scope was granted by this very name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope == name)
    }

    fn any_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.contains(name))
    }

    /// Whether they give access to the REST API.
    pub fn cover_rest(&self) -> bool {
        self.any_of(&["api", "full", "web"])
    }

    /// Whether they give access to the Streaming API.
    pub fn cover_streaming(&self) -> bool {
        self.cover_rest() || self.contains("streaming")
    }

    /// Whether they give access to what the service knows about the user.
    pub fn cover_identity(&self) -> bool {
        self.cover_rest() || self.any_of(&["id", "openid", "profile"])
    }

    /// Whether refresh tokens may be given out.
    pub fn cover_refresh(&self) -> bool {
        self.any_of(&["refresh_token", "offline_access"])
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_keep_their_order_and_count_once() {
        let scopes = Scopes::parse("api  refresh_token api");
        assert_eq!(scopes.to_string(), "api refresh_token");
        assert!(scopes.cover_rest() && scopes.cover_refresh());
    }

    #[test]
    fn the_streaming_scope_does_not_open_the_rest_api() {
        let scopes = Scopes::parse("streaming");
        assert!(scopes.cover_streaming());
        assert!(!scopes.cover_rest());
    }
}
