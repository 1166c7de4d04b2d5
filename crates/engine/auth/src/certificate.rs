//! The certificate of a connected app: the key that its assertions are signed with.
//!
//! Only the key counts. Issuer and dates are not looked at, and certificates of the first version are read, too: whoever
//! runs the org has named this one, and the vendor's instructions make it with `openssl x509 -req -signkey`.
//! Source: RFC 5280, 4.1; "Create a Private Key and Self-Signed Digital Certificate" (Salesforce DX Developer Guide).

use std::fmt;

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

/// Tags of DER. Source: X.690, 8.
const SEQUENCE: u8 = 0x30;
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

/// One value of DER, and what follows it.
struct Element<'d> {
    tag: u8,
    content: &'d [u8],
    /// With tag and length.
    whole: &'d [u8],
    rest: &'d [u8],
}

impl<'d> Element<'d> {
    fn read(der: &'d [u8]) -> Option<Self> {
        let (&tag, behind) = der.split_first()?;
        let (&first, behind) = behind.split_first()?;
        let (length, behind) = if first < 0x80 {
            (usize::from(first), behind)
        } else {
            let (bytes, behind) = behind.split_at_checked(usize::from(first & 0x7F))?;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, behind)
        };
        let (content, rest) = behind.split_at_checked(length)?;
        let (whole, _) = der.split_at_checked(der.len() - rest.len())?;
        Some(Self {
            tag,
            content,
            whole,
            rest,
        })
    }

    fn is(self, tag: u8) -> Option<Self> {
        (self.tag == tag).then_some(self)
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
        assert!(Element::read(&[0x30, 0x85, 1, 1, 1, 1, 1]).is_none());
        assert!(Element::read(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).is_none());
        assert!(Element::read(&[0x30, 0x80]).is_none());
    }
}
