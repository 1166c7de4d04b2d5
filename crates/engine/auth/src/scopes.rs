//! What a token may be used for.

use std::fmt;

use landfall_model::LoginFault;
use landfall_model::limits::SCOPES_MAX;

/// Every scope that can be asked for, but those of Data Cloud, which all begin alike.
///
/// Source: "OAuth Tokens and Scopes" (Salesforce Help); `streaming` is that of the Streaming API's `AsyncAPI` document.
const KNOWN: [&str; 24] = [
    "address",
    "api",
    "chatter_api",
    "content",
    "custom_permissions",
    "eclair_api",
    "email",
    "full",
    "id",
    "interaction_api",
    "lightning",
    "offline_access",
    "openid",
    "pardot_api",
    "phone",
    "profile",
    "refresh_token",
    "sfap_api",
    "streaming",
    "user_registration_api",
    "visualforce",
    "wave_api",
    "web",
    "forgot_password",
];

/// What scopes of Data Cloud begin with.
const DATA_CLOUD: &str = "cdp_";

/// Scopes that `id` stands for.
const IDENTITY: [&str; 4] = ["profile", "email", "address", "phone"];

/// The two names of the scope that refresh tokens need.
const REFRESH: [&str; 2] = ["refresh_token", "offline_access"];

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

    /// Every name, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The first name that is none of a scope.
    pub fn unknown(&self) -> Option<&str> {
        self.names().find(|name| !is_known(name))
    }

    /// The scopes that a client asks for, if all of them exist and are among these.
    ///
    /// # Errors
    /// [`LoginFault::ScopeInvalid`].
    pub fn narrowed_to(&self, text: &str) -> Result<Self, LoginFault> {
        let asked = Self::parse(text);
        if asked.0.is_empty() || asked.unknown().is_some() || !self.cover(&asked) {
            return Err(LoginFault::ScopeInvalid);
        }
        Ok(asked)
    }

    /// Whether nothing of the others is beyond these.
    pub(crate) fn cover(&self, others: &Self) -> bool {
        others.names().all(|name| self.covers(name))
    }

    /// Source: "OAuth Tokens and Scopes" (Salesforce Help): `full` is everything but refresh tokens.
    fn covers(&self, name: &str) -> bool {
        if REFRESH.contains(&name) {
            return self.cover_refresh();
        }
        self.contains(name)
            || self.contains("full")
            || (IDENTITY.contains(&name) && self.contains("id"))
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
        self.any_of(&REFRESH)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name) || name.starts_with(DATA_CLOUD)
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
    fn a_client_gets_what_it_asks_for_as_far_as_its_app_has_it() {
        let scopes = Scopes::parse("id api refresh_token");
        for asked in [
            "api",
            "refresh_token api",
            "offline_access",
            "email id profile",
        ] {
            let narrowed = scopes.narrowed_to(asked).expect(asked);
            assert_eq!(narrowed.to_string(), asked);
        }
        for asked in ["web", "full", "api web", "made_up", " ", "API"] {
            assert_eq!(
                scopes.narrowed_to(asked),
                Err(LoginFault::ScopeInvalid),
                "{asked}"
            );
        }
    }

    #[test]
    fn full_is_everything_but_refresh_tokens() {
        let full = Scopes::parse("full");
        assert!(full.narrowed_to("api web cdp_query_api").is_ok());
        assert!(full.narrowed_to("refresh_token").is_err());
        assert!(full.narrowed_to("made_up").is_err());
    }

    #[test]
    fn the_streaming_scope_does_not_open_the_rest_api() {
        let scopes = Scopes::parse("streaming");
        assert!(scopes.cover_streaming());
        assert!(!scopes.cover_rest());
    }
}
