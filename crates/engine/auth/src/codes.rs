//! Authorization codes: each is exchanged once, by the app that it was issued to, within a quarter of an hour.
//!
//! They are in memory only, by hash: a restart costs who is just logging in one more click. Pure: the time is an argument.

use std::collections::{HashMap, VecDeque};

use landfall_model::{LoginFault, RecordId, Timestamp, limits};

use crate::pkce::Challenge;
use crate::scopes::Scopes;
use crate::token::TokenHash;

/// What a code stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) user: RecordId,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: Scopes,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) nonce: Option<String>,
    pub(crate) since: Timestamp,
}

/// What a client shows to have a code exchanged.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) hash: TokenHash,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Option<&'a str>,
}

/// The codes of an org, used ones among them: those are distinguished from unknown ones.
#[derive(Default)]
pub(crate) struct Codes {
    by_hash: HashMap<TokenHash, (Issued, bool)>,
    /// The oldest first.
    order: VecDeque<TokenHash>,
}

impl Codes {
    /// Stores a code; the oldest is dropped when there are too many.
    pub(crate) fn insert(&mut self, hash: TokenHash, issued: Issued) {
        while self.order.len() >= limits::AUTHORIZATION_CODES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.by_hash.remove(&oldest);
            }
        }
        self.order.push_back(hash);
        self.by_hash.insert(hash, (issued, false));
    }

    /// Whether it is a code, used or not.
    pub(crate) fn contains(&self, hash: &TokenHash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// Uses a code up. One that is refused stays as it is: who guesses at a verifier cannot spoil it.
    pub(crate) fn exchange(
        &mut self,
        shown: Shown<'_>,
        now: Timestamp,
    ) -> Result<Issued, LoginFault> {
        let known = self.by_hash.get_mut(&shown.hash);
        let (issued, used) = known
            .filter(|(issued, _)| issued.client_id == shown.client_id)
            .ok_or(LoginFault::AuthenticationFailed)?;
        let end = issued
            .since
            .plus_millis(limits::AUTHORIZATION_CODE_MINUTES * 60_000);
        if *used || now >= end {
            return Err(LoginFault::CodeExpired);
        }
        if issued.redirect_uri != shown.redirect_uri {
            return Err(LoginFault::RedirectUriMismatch);
        }
        match (&issued.challenge, shown.verifier) {
            (Some(challenge), Some(verifier)) if challenge.is_of(verifier) => (),
            (Some(_), None) => return Err(LoginFault::CodeVerifierMissing),
            // A verifier without a challenge: somebody took the challenge out of the request on its way.
            (Some(_) | None, Some(_)) => return Err(LoginFault::CodeVerifierInvalid),
            (None, None) => (),
        }
        *used = true;
        Ok(issued.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn issued(challenge: Option<&str>) -> Issued {
        Issued {
            user: RecordId::EMPTY,
            client_id: "app".to_owned(),
            redirect_uri: "app:done".to_owned(),
            scopes: Scopes::parse("api"),
            challenge: challenge.map(|text| Challenge::parse(text, None).expect("a challenge")),
            nonce: None,
            since: NOW,
        }
    }

    fn shown(code: &str) -> Shown<'static> {
        Shown {
            hash: TokenHash::of(code),
            client_id: "app",
            redirect_uri: "app:done",
            verifier: None,
        }
    }

    #[test]
    fn a_code_works_once_and_a_reused_one_is_reported_as_expired() {
        let mut codes = Codes::default();
        codes.insert(TokenHash::of("c"), issued(None));
        assert_eq!(codes.exchange(shown("c"), NOW), Ok(issued(None)));
        assert_eq!(
            codes.exchange(shown("c"), NOW),
            Err(LoginFault::CodeExpired)
        );
        let unknown = codes.exchange(shown("d"), NOW);
        assert_eq!(unknown, Err(LoginFault::AuthenticationFailed));
    }

    #[test]
    fn a_code_is_worth_a_quarter_of_an_hour() {
        let mut codes = Codes::default();
        codes.insert(TokenHash::of("c"), issued(None));
        let end = NOW.plus_millis(15 * 60_000);
        assert_eq!(
            codes.exchange(shown("c"), end),
            Err(LoginFault::CodeExpired)
        );
        assert!(codes.exchange(shown("c"), end.plus_millis(-1)).is_ok());
    }

    #[test]
    fn a_code_is_of_no_use_to_another_app_or_another_address() {
        let mut codes = Codes::default();
        codes.insert(TokenHash::of("c"), issued(None));
        let other = Shown {
            client_id: "other",
            ..shown("c")
        };
        assert_eq!(
            codes.exchange(other, NOW),
            Err(LoginFault::AuthenticationFailed)
        );
        let elsewhere = Shown {
            redirect_uri: "app:other",
            ..shown("c")
        };
        assert_eq!(
            codes.exchange(elsewhere, NOW),
            Err(LoginFault::RedirectUriMismatch)
        );
        assert!(codes.exchange(shown("c"), NOW).is_ok());
    }

    #[test]
    fn the_verifier_has_to_be_the_one_of_the_challenge() {
        let mut codes = Codes::default();
        codes.insert(TokenHash::of("c"), issued(Some(CHALLENGE)));
        let with = |verifier| Shown {
            verifier,
            ..shown("c")
        };
        assert_eq!(
            codes.exchange(with(None), NOW),
            Err(LoginFault::CodeVerifierMissing)
        );
        let wrong = codes.exchange(with(Some("wrong")), NOW);
        assert_eq!(wrong, Err(LoginFault::CodeVerifierInvalid));
        assert!(codes.exchange(with(Some(VERIFIER)), NOW).is_ok());
        codes.insert(TokenHash::of("d"), issued(None));
        let downgraded = Shown {
            verifier: Some(VERIFIER),
            ..shown("d")
        };
        assert_eq!(
            codes.exchange(downgraded, NOW),
            Err(LoginFault::CodeVerifierInvalid)
        );
    }

    #[test]
    fn unused_codes_are_evicted() {
        let mut codes = Codes::default();
        for number in 0..=limits::AUTHORIZATION_CODES_MAX {
            codes.insert(TokenHash::of(&number.to_string()), issued(None));
        }
        assert_eq!(codes.by_hash.len(), limits::AUTHORIZATION_CODES_MAX);
        assert_eq!(
            codes.exchange(shown("0"), NOW),
            Err(LoginFault::AuthenticationFailed)
        );
        assert!(codes.exchange(shown("1"), NOW).is_ok());
    }
}
