//! Access and refresh tokens: their form, and the hash by which they are known.

use std::fmt;
use std::hash::{Hash, Hasher};

use landfall_engine::{Entropy, draw};
use landfall_model::{RecordId, SessionFault, limits};
use sha2::{Digest, Sha256};

/// The characters of a token: 64, so that each carries six bits.
///
/// Clients: @salesforce/core takes a token out of text by `00D` + 12 to 15 word characters + `!` + `[.\w]*`, so nothing
/// else may occur.
const ALPHABET: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";

/// Random characters of an access token: 564 bits.
const ACCESS_RANDOM: usize = 94;

/// Random characters of a refresh token, and of the codes: 480 bits.
const REFRESH_RANDOM: usize = 80;

macro_rules! token {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The secret itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

token! {
    /// What a client shows to act for its user: the "session id" of the vendor's text.
    ///
    /// Wire: the 15-character org id, `!`, and 96 characters of `[A-Za-z0-9._]` that begin `AQ`.
    /// Clients: take the org id from before the `!`.
    AccessToken
}

token! {
    /// What a client keeps to get new access tokens.
    ///
    /// Wire: `5Aep861` and 80 characters of `[A-Za-z0-9._]`.
    RefreshToken
}

token! {
    /// What a user's browser brings to an app, which exchanges it.
    ///
    /// Wire: `aPrx` and 80 characters of `[A-Za-z0-9._]`. Clients: workbench sends it unencoded.
    AuthorizationCode
}

token! {
    /// What a device polls with.
    ///
    /// Wire: 80 characters of `[A-Za-z0-9._]`.
    DeviceCode
}

impl DeviceCode {
    pub(crate) fn make(entropy: &dyn Entropy) -> Self {
        Self(random::<REFRESH_RANDOM>(entropy))
    }
}

impl AccessToken {
    pub(crate) fn make(org: RecordId, entropy: &dyn Entropy) -> Self {
        let random = random::<ACCESS_RANDOM>(entropy);
        Self(format!("{}!AQ{random}", org.short()))
    }
}

impl RefreshToken {
    pub(crate) fn make(entropy: &dyn Entropy) -> Self {
        Self(format!("5Aep861{}", random::<REFRESH_RANDOM>(entropy)))
    }
}

impl AuthorizationCode {
    pub(crate) fn make(entropy: &dyn Entropy) -> Self {
        Self(format!("aPrx{}", random::<REFRESH_RANDOM>(entropy)))
    }
}

/// Random text of the token alphabet.
pub(crate) fn random<const N: usize>(entropy: &dyn Entropy) -> String {
    draw::<N>(entropy)
        .into_iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 63)).copied())
        .map(char::from)
        .collect()
}

/// SHA-256 of a token: all that is kept of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

impl Hash for TokenHash {
    /// Its first bytes are as good a hash as all of them.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.begin::<8>());
    }
}

impl TokenHash {
    /// That of an access token that a request brings.
    ///
    /// # Errors
    /// [`SessionFault::Invalid`] for what is longer than any token.
    pub fn of_request(token: &str) -> Result<Self, SessionFault> {
        if token.len() > limits::TOKEN_BYTES_MAX {
            return Err(SessionFault::Invalid);
        }
        Ok(Self::of(token))
    }

    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// The first bytes of it.
    pub(crate) fn begin<const N: usize>(&self) -> &[u8] {
        self.0.first_chunk::<N>().map_or(&[], |bytes| bytes)
    }

    /// The name of its document: 64 hexadecimal digits.
    pub(crate) fn key(&self) -> String {
        use fmt::Write as _;
        self.0
            .iter()
            .fold(String::with_capacity(64), |mut key, byte| {
                let _ = write!(key, "{byte:02x}");
                key
            })
    }

    /// Reads the name of a document.
    pub(crate) fn from_key(key: &str) -> Option<Self> {
        let bytes = key.as_bytes();
        if bytes.len() != 64 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut hash = [0; 32];
        for (slot, pair) in hash.iter_mut().zip(bytes.chunks(2)) {
            *slot = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use landfall_engine::SeededEntropy;

    use super::*;

    #[test]
    fn an_access_token_has_the_org_in_front_and_only_word_characters_and_dots() {
        let org = RecordId::parse("00D5f0000000001").expect("an id");
        let token = AccessToken::make(org, &SeededEntropy::new(1));
        let (prefix, opaque) = token.as_str().split_once('!').expect("a bang");
        assert_eq!(prefix, "00D5f0000000001");
        assert!(opaque.starts_with("AQ"));
        assert_eq!(opaque.len(), 96);
        assert!(opaque.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(format!("{token:?}"), "AccessToken(…)");
    }

    #[test]
    fn a_refresh_token_has_87_characters() {
        let token = RefreshToken::make(&SeededEntropy::new(1));
        assert!(token.as_str().starts_with("5Aep861"));
        assert_eq!(token.as_str().len(), 87);
    }

    #[test]
    fn a_hash_is_found_again_by_its_document_name() {
        let hash = TokenHash::of("a token");
        assert_eq!(TokenHash::from_key(&hash.key()), Some(hash));
        assert_eq!(TokenHash::from_key("zz"), None);
        assert_eq!(TokenHash::from_key(&"+1".repeat(32)), None);
    }
}
