//! The certificate of a connected app: the key that its assertions are signed with.
//!
//! Only the key counts. Issuer and dates are ignored, and certificates of the first version are read, too: the
//! administrator has named this one, and the vendor's instructions create it with `openssl x509 -req -signkey`.
//! Source: RFC 5280, 4.1; "Create a Private Key and Self-Signed Digital Certificate" (Salesforce DX Developer Guide).

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

use crate::der::{Element, SEQUENCE};

/// Tag of the version, which the first version does not have.
const VERSION: u8 = 0xA0;

/// An RSA key of 2,048 to 8,192 bits.
#[derive(Clone)]
pub struct Certificate {
    /// As `SubjectPublicKeyInfo` in DER.
    info: Vec<u8>,
    key: ParsedPublicKey,
}

impl Certificate {
    /// Reads a certificate, or a bare public key, in PEM. None if there is no RSA key of a usable size in it.
    pub fn from_pem(pem: &[u8]) -> Option<Self> {
        if let Ok(certificate) = CertificateDer::from_pem_slice(pem) {
            return Self::of_key(public_key(&certificate)?);
        }
        let info = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
        Self::of_key(&info)
    }

    fn of_key(info: &[u8]) -> Option<Self> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, info).ok()?;
        Some(Self {
            info: info.to_vec(),
            key,
        })
    }

    /// Whether this is the signature of a message by `RS256`.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// The stored form.
    pub(crate) fn stored(&self) -> String {
        BASE64_STANDARD.encode(&self.info)
    }

    pub(crate) fn from_stored(stored: &str) -> Option<Self> {
        Self::of_key(&BASE64_STANDARD.decode(stored).ok()?)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.info == other.info
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate(…)")
    }
}

/// The key of a certificate: behind version, number, algorithm, issuer, dates and subject.
fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let certificate = Element::read(certificate)?.is(SEQUENCE)?;
    let mut fields = Element::read(certificate.content)?.is(SEQUENCE)?.content;
    let first = Element::read(fields)?;
    if first.tag == VERSION {
        fields = first.rest;
    }
    for _ in ["number", "algorithm", "issuer", "dates", "subject"] {
        fields = Element::read(fields)?.rest;
    }
    Some(Element::read(fields)?.is(SEQUENCE)?.whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by `openssl x509 -req -signkey`: of the first version.
    const FIRST_VERSION: &str = include_str!("../tests/certificates/first-version.pem");

    /// Made by `openssl req -x509`: of the third version.
    const THIRD_VERSION: &str = include_str!("../tests/certificates/third-version.pem");

    #[test]
    fn certificates_of_either_version_are_read_and_kept() {
        for pem in [FIRST_VERSION, THIRD_VERSION] {
            let certificate = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
            let again = Certificate::from_stored(&certificate.stored());
            assert_eq!(again.as_ref(), Some(&certificate));
            assert!(!certificate.has_signed(b"message", b"signature"));
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_no_certificate() {
        let der = CertificateDer::from_pem_slice(FIRST_VERSION.as_bytes()).expect("DER");
        assert!(public_key(&der).is_some());
        for length in 0..der.len() {
            assert!(public_key(&der[..length]).is_none(), "{length}");
        }
        assert!(Certificate::from_pem(b"").is_none());
        assert!(
            Certificate::from_pem(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----")
                .is_none()
        );
    }
}
