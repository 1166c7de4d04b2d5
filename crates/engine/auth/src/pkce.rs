//! Proof that who exchanges an authorization code is who asked for it.
//!
//! Source: RFC 7636, method `S256`; "OAuth 2.0 Web Server Flow" (Salesforce Help), `code_challenge`.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use landfall_model::LoginFault;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// SHA-256 of a verifier that only the client knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Challenge([u8; 32]);

impl Challenge {
    /// Reads a challenge. Without a method it is of `S256`, too.
    ///
    /// Clients: jsforce leaves the method out.
    pub(crate) fn parse(challenge: &str, method: Option<&str>) -> Result<Self, LoginFault> {
        if method.is_some_and(|method| method != "S256") {
            return Err(LoginFault::CodeChallengeInvalid);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(challenge).ok();
        let digest = bytes.and_then(|bytes| bytes.try_into().ok());
        digest.map(Self).ok_or(LoginFault::CodeChallengeInvalid)
    }

    /// Whether this is the challenge of a verifier.
    pub(crate) fn is_of(&self, verifier: &str) -> bool {
        let digest = Sha256::digest(verifier.as_bytes());
        digest.as_slice().ct_eq(&self.0).into()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_published_pair_belongs_together() {
        for method in [None, Some("S256")] {
            let challenge = Challenge::parse(CHALLENGE, method).expect("a challenge");
            assert!(challenge.is_of(VERIFIER));
            assert!(!challenge.is_of(CHALLENGE));
            assert!(!challenge.is_of(""));
        }
    }

    #[test]
    fn other_methods_and_other_lengths_are_refused() {
        let refused = Err(LoginFault::CodeChallengeInvalid);
        assert_eq!(Challenge::parse(CHALLENGE, Some("plain")), refused);
        for text in [
            "",
            "short",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=",
            "+",
            "é",
        ] {
            assert_eq!(Challenge::parse(text, None), refused, "{text}");
        }
    }
}
