//! Assertions: a text that an app has signed, saying on whose behalf it acts. Pure: the time is an argument.
//!
//! Source: RFC 7523; "OAuth 2.0 JWT Bearer Flow" (Salesforce Help).
//! Clients: simple-salesforce and camel send `exp` as a text, @salesforce/core in milliseconds; camel pads each part.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use landfall_model::{LoginFault, Timestamp, limits};
use serde::Deserialize;

use crate::certificate::Certificate;

/// Base64url with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// From here on an `exp` is one of milliseconds: in seconds, it would be the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Login hosts of the vendor, which every org answers for.
const VENDOR: [&str; 2] = [
    "https://login.salesforce.com",
    "https://test.salesforce.com",
];

/// The one algorithm. Source: "OAuth 2.0 JWT Bearer Flow" (Salesforce Help).
const ALGORITHM: &str = "RS256";

#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that the reader has to understand; none is understood. Source: RFC 7515, section 4.1.11.
    crit: Option<serde_json::Value>,
}

/// What an assertion says.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Expiry,
    nbf: Option<Expiry>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expiry {
    Number(f64),
    Text(String),
}

/// Whom an assertion names, whether or not anybody has signed it: it finds their org, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The consumer key of the app.
    pub client_id: String,
    /// The user; of an app that authenticates itself, its consumer key.
    pub username: String,
}

impl Claimed {
    /// Reads an assertion; none if it is malformed.
    pub fn parse(assertion: &str) -> Option<Self> {
        let Claims { iss, sub, .. } = Assertion::read(assertion)?.claims;
        Some(Self {
            client_id: iss,
            username: sub,
        })
    }
}

/// An assertion that was read, and not believed yet.
pub(crate) struct Assertion<'a> {
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    /// Reads an assertion.
    pub(crate) fn parse(text: &'a str) -> Result<Self, LoginFault> {
        Self::read(text).ok_or(LoginFault::AssertionInvalid)
    }

    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&LENIENT.decode(header).ok()?).ok()?;
        if header.alg != ALGORITHM || header.crit.is_some() {
            return None;
        }
        Some(Self {
            claims: serde_json::from_slice(&LENIENT.decode(claims).ok()?).ok()?,
            signed,
            signature: LENIENT.decode(signature).ok()?,
        })
    }

    /// The app that says it.
    pub(crate) fn client_id(&self) -> &str {
        &self.claims.iss
    }

    /// The name of the user on whose behalf it is said; of an app that speaks for itself, its own.
    pub(crate) fn username(&self) -> &str {
        &self.claims.sub
    }

    /// Accepts it, if the app has signed it, for this org, and lately. A refusal reveals nothing else.
    pub(crate) fn check(
        &self,
        certificate: Option<&Certificate>,
        base: Option<&str>,
        now: Timestamp,
    ) -> Result<(), LoginFault> {
        let certificate = certificate.ok_or(LoginFault::AssertionInvalid)?;
        if !certificate.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(LoginFault::AssertionInvalid);
        }
        let audience = match &self.claims.aud {
            Audience::One(one) => std::slice::from_ref(one),
            Audience::Several(several) => several,
        };
        if !audience.iter().any(|audience| is_us(audience, base)) {
            return Err(LoginFault::AudienceInvalid);
        }
        if let Some(begin) = &self.claims.nbf {
            let latest = now.plus_millis(limits::ASSERTION_CLOCK_SKEW_MS);
            if begin.as_millis().is_none_or(|begin| begin > latest) {
                return Err(LoginFault::AssertionInvalid);
            }
        }
        match self.claims.exp.as_millis() {
            Some(end) if now < end => Ok(()),
            Some(_) => Err(LoginFault::AssertionExpired),
            None => Err(LoginFault::AssertionInvalid),
        }
    }
}

fn is_us(audience: &str, base: Option<&str>) -> bool {
    let audience = audience.strip_suffix('/').unwrap_or(audience);
    base == Some(audience) || VENDOR.contains(&audience)
}

impl Expiry {
    fn as_millis(&self) -> Option<Timestamp> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        if !number.is_finite() {
            return None;
        }
        let millis = if number.abs() > MILLISECONDS_FROM {
            number
        } else {
            number * 1_000.0
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from a float saturates, and so does the year in which such an assertion ends"
        )]
        Some(Timestamp::from_millis(millis as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion(header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| LENIENT.encode(part));
        format!("{header}.{claims}.c2ln")
    }

    #[test]
    fn the_end_is_read_in_every_form_that_clients_send() {
        for (exp, millis) in [
            ("1700000000", 1_700_000_000_000),
            ("1700000000123", 1_700_000_000_123),
            ("\"1700000000\"", 1_700_000_000_000),
            ("1700000000.5", 1_700_000_000_500),
        ] {
            let claims = format!(r#"{{"iss":"a","sub":"u","aud":["x"],"exp":{exp},"more":1}}"#);
            let text = assertion(r#"{"alg":"RS256","typ":"JWT"}"#, &claims);
            let read = Assertion::parse(&text).expect(exp);
            assert_eq!(
                read.claims.exp.as_millis(),
                Some(Timestamp::from_millis(millis))
            );
        }
    }

    #[test]
    fn what_is_not_of_the_one_form_is_refused() {
        let claims = r#"{"iss":"a","sub":"u","aud":"x","exp":1}"#;
        let good = assertion(r#"{"alg":"RS256"}"#, claims);
        assert!(Assertion::parse(&good).is_ok());
        for text in [
            assertion(r#"{"alg":"none"}"#, claims),
            assertion(r#"{"alg":"RS256","crit":["exp"]}"#, claims),
            assertion(r#"{"alg":"HS256"}"#, claims),
            assertion(r#"{"alg":"RS256"}"#, "{}"),
            assertion("", claims),
            good.replace('.', ""),
            format!("{good}.x"),
            format!("{good}é"),
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(
                Assertion::parse(&text).err(),
                Some(LoginFault::AssertionInvalid),
                "{text}"
            );
        }
        for exp in ["\"NaN\"", "\"soon\"", "\"inf\""] {
            let claims = claims.replace(":1}", &format!(":{exp}}}"));
            let text = assertion(r#"{"alg":"RS256"}"#, &claims);
            let read = Assertion::parse(&text).expect("readable");
            assert_eq!(read.claims.exp.as_millis(), None);
        }
    }

    #[test]
    fn it_is_meant_for_us_by_our_own_name_or_the_vendors() {
        let own = "https://localhost:7443";
        let base = Some(own);
        for audience in [
            own,
            "https://localhost:7443/",
            "https://login.salesforce.com",
        ] {
            assert!(is_us(audience, base), "{audience}");
        }
        for audience in [
            "",
            "http://localhost:7443",
            "https://login.salesforce.com.evil.example",
        ] {
            assert!(!is_us(audience, base), "{audience}");
            assert!(!is_us(audience, None), "{audience}");
        }
    }
}
