//! Whom to trust.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::error::Error;

/// Where systems keep the certificates they trust: Debian, Fedora, Alpine and macOS, SUSE.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];

/// The certificate authorities that a client believes.
#[derive(Clone, Debug, Default)]
pub struct Trust(Option<PathBuf>);

impl Trust {
    /// The authorities in this file, in PEM.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Some(path.into()))
    }

    /// None: TLS cannot be spoken.
    pub const fn nobody() -> Self {
        Self(None)
    }
}

/// The authorities that this system trusts: `SSL_CERT_FILE`, or where systems keep them.
pub fn system_trust() -> Trust {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let known = || {
        SYSTEM_BUNDLES
            .iter()
            .map(Path::new)
            .find(|path| path.is_file())
            .map(Path::to_owned)
    };
    Trust(named.or_else(known))
}

/// Sets TLS up for one protocol, such as `h2`.
pub(crate) fn connector(trust: &Trust, protocol: &str) -> Result<TlsConnector, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &trust.0 {
        let unreadable = |source| Error::Certificates {
            path: path.clone(),
            source,
        };
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            // A bundle may hold certificates that are no authorities; the others decide.
            let _ = roots.add(certificate.map_err(unreadable)?);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(Arc::new(config).into())
}
