//! ID tokens: a signed statement of the service about a login.
//!
//! The key is made when it is first needed, and kept: it is the org's for ever.
//! Source: `OpenID` Connect Core 1.0, 2; "OAuth 2.0 Web Server Flow" (Salesforce Help), `id_token`.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use landfall_model::limits;
use landfall_store::DocumentKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::der::{Element, INTEGER, SEQUENCE};
use crate::documents::{kept, read};
use crate::error::Error;
use crate::grants::Granted;
use crate::{Auth, Shared};

/// The name of its document.
const DOCUMENT: &str = "id_token";

/// What others check signatures with. Wire: numbers in base64url, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdKey {
    /// Which key it is.
    pub id: String,
    /// The modulus.
    pub modulus: String,
    /// The exponent.
    pub exponent: String,
}

/// A key of the org's own.
pub(crate) struct Signing {
    pair: KeyPair,
    public: IdKey,
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing(…)")
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    /// PKCS #8 in base64.
    key: String,
}

#[derive(Serialize)]
struct Header<'t> {
    alg: &'static str,
    kid: &'t str,
    typ: &'static str,
}

#[derive(Serialize)]
struct Claims<'t> {
    at_hash: String,
    sub: &'t str,
    aud: &'t str,
    iss: &'t str,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'t str>,
}

impl Auth {
    /// The key that ID tokens are signed with.
    ///
    /// # Errors
    /// [`Error::Signing`], or [`Error`] if the store fails.
    pub async fn id_key(&self) -> Result<IdKey, Error> {
        Ok(self.0.signing().await?.public.clone())
    }

    /// What says of a login whose it is, where the flow gives one and the scope `openid` was asked for. `issuer` is our own
    /// address, `subject` the identity URL of the user.
    ///
    /// Wire: a JWT, RS256, of the claims `at_hash`, `sub`, `aud`, `iss`, `exp`, `iat` and, where given, `nonce`.
    ///
    /// # Errors
    /// As [`Self::id_key`].
    pub async fn id_token(
        &self,
        granted: &Granted,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<String>, Error> {
        let Some(identified) = &granted.identified else {
            return Ok(None);
        };
        let issued = granted.issued_at.as_millis().div_euclid(1_000);
        let digest = Sha256::digest(granted.access_token.as_str().as_bytes());
        let (half, _) = digest.split_at(16);
        let claims = Claims {
            at_hash: BASE64_URL_SAFE_NO_PAD.encode(half),
            sub: subject,
            aud: granted.client_id(),
            iss: issuer,
            exp: issued + limits::ID_TOKEN_MINUTES * 60,
            iat: issued,
            nonce: identified.nonce.as_deref(),
        };
        self.0.signing().await?.sign(&claims).map(Some)
    }
}

impl Shared {
    async fn signing(&self) -> Result<&Arc<Signing>, Error> {
        self.signing.get_or_try_init(|| self.open_signing()).await
    }

    async fn open_signing(&self) -> Result<Arc<Signing>, Error> {
        let kind = DocumentKind::SigningKey;
        if let Some(content) = self.engine.document(kind, DOCUMENT.to_owned()).await? {
            let stored: Stored = read(kind, &content)?;
            let der = BASE64_STANDARD
                .decode(stored.key)
                .map_err(|_| Error::Signing)?;
            return Signing::from_pkcs8(&der)
                .map(Arc::new)
                .ok_or(Error::Signing);
        }
        // Finding two large primes takes its time.
        let (signing, der) = tokio::task::spawn_blocking(Signing::make)
            .await
            .map_err(|_| Error::Signing)?
            .ok_or(Error::Signing)?;
        let stored = Stored {
            key: BASE64_STANDARD.encode(der),
        };
        self.put(vec![kept(kind, DOCUMENT.to_owned(), &stored)])
            .await?;
        Ok(Arc::new(signing))
    }
}

impl Signing {
    /// A new key, and its stored form. The randomness is the library's: a key needs more than a seed.
    fn make() -> Option<(Self, Vec<u8>)> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
        let der = der.as_ref().to_vec();
        Some((Self::of_pair(pair)?, der))
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        Self::of_pair(KeyPair::from_pkcs8(der).ok()?)
    }

    fn of_pair(pair: KeyPair) -> Option<Self> {
        let numbers = Element::read(pair.public_key().as_ref())?.is(SEQUENCE)?;
        let modulus = Element::read(numbers.content)?.is(INTEGER)?;
        let exponent = Element::read(modulus.rest)?.is(INTEGER)?;
        let public = IdKey {
            id: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(numbers.whole)),
            modulus: number(modulus.content),
            exponent: number(exponent.content),
        };
        Some(Self { pair, public })
    }

    fn sign(&self, claims: &Claims<'_>) -> Result<String, Error> {
        let header = Header {
            alg: "RS256",
            kid: &self.public.id,
            typ: "JWT",
        };
        let part = |json: serde_json::Result<Vec<u8>>| match json {
            Ok(json) => Ok(BASE64_URL_SAFE_NO_PAD.encode(json)),
            Err(_) => Err(Error::Signing),
        };
        let header = part(serde_json::to_vec(&header))?;
        let mut token = format!("{header}.{}", part(serde_json::to_vec(claims))?);
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, token.as_bytes(), &mut signature)
            .map_err(|_| Error::Signing)?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

/// A positive number: in DER a zero comes before a first byte that would look negative.
fn number(content: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(content.strip_prefix(&[0]).unwrap_or(content))
}
