//! TLS to the server: the parameters of the URL mean what they mean to the vendor's own clients
//! (<https://www.postgresql.org/docs/current/libpq-ssl.html>).

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_model::limits::POSTGRES_TLS_FILE_MAX;
use landfall_store::{Result, chain};
use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::open;

/// The `sslrootcert` that means the authorities of the system.
const SYSTEM: &str = "system";

/// What is verified of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verified {
    Nothing,
    /// That an authority has signed it.
    Chain,
    /// That an authority has signed it for the host of the URL.
    ChainAndName,
}

/// The parameters of a URL that are about TLS.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    mode: Option<String>,
    authorities: Option<String>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// How connections are encrypted.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) mode: SslMode,
    pub(crate) connector: MakeRustlsConnect,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

impl Parameters {
    /// Takes the parameters out of a URL, which the driver does not know; of one that is given twice, the last counts.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub(crate) fn take(url: &str) -> Result<(Cow<'_, str>, Self)> {
        let mut taken = Self::default();
        let Some((place, query)) = url.split_once('?') else {
            return Ok((Cow::Borrowed(url), taken));
        };
        let mut rest = Vec::new();
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !matches!(name, "sslmode" | "sslrootcert" | "sslcert" | "sslkey") {
                rest.push(parameter);
                continue;
            }
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| open(format_args!("{name} of the store's URL is not UTF-8")))?
                .into_owned();
            match name {
                "sslmode" => taken.mode = Some(value),
                "sslrootcert" => taken.authorities = Some(value),
                "sslcert" => taken.certificate = Some(value.into()),
                _ => taken.key = Some(value.into()),
            }
        }
        let separator = if rest.is_empty() { "" } else { "?" };
        let url = format!("{place}{separator}{}", rest.join("&"));
        Ok((Cow::Owned(url), taken))
    }

    /// Reads the files that the parameters name.
    ///
    /// # Errors
    /// Parameters that are unknown or do not go together, and files that cannot be used.
    pub(crate) fn read(self) -> Result<Tls> {
        let (mode, verified) = self.mode()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = match (verified, self.authorities.as_deref()) {
            (Verified::Nothing, _) => Verifier::of_anything(Arc::clone(&provider)),
            (verified, None | Some(SYSTEM)) => {
                Verifier::new(verified, system_authorities()?, Arc::clone(&provider))?
            }
            (verified, Some(file)) => {
                let file = certificates("sslrootcert", Path::new(file))?;
                Verifier::new(verified, file, Arc::clone(&provider))?
            }
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| open(chain(&error)))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let config = match (self.certificate, self.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let chain_of = certificates("sslcert", &certificate)?;
                let key = private_key(&key)?;
                builder
                    .with_client_auth_cert(chain_of, key)
                    .map_err(|error| {
                        open(format_args!(
                            "sslcert and sslkey of the store's URL: {}",
                            chain(&error)
                        ))
                    })?
            }
            _ => {
                return Err(open(
                    "the URL of the store has one of sslcert and sslkey: a certificate needs its key",
                ));
            }
        };
        Ok(Tls {
            mode,
            connector: MakeRustlsConnect::new(config),
        })
    }

    /// Whether to encrypt, and what to verify.
    fn mode(&self) -> Result<(SslMode, Verified)> {
        let of_system = self.authorities.as_deref() == Some(SYSTEM);
        let default = if of_system { "verify-full" } else { "prefer" };
        let mode = self.mode.as_deref().unwrap_or(default);
        if of_system && mode != "verify-full" {
            return Err(open(format_args!(
                "sslmode={mode} of the store's URL is too weak for sslrootcert=system: anybody can have a certificate of \
                 these authorities; use verify-full"
            )));
        }
        match mode {
            "disable" => Ok((SslMode::Disable, Verified::Nothing)),
            "prefer" => Ok((SslMode::Prefer, Verified::Nothing)),
            // As the vendor's clients do where there are authorities.
            "require" if self.authorities.is_some() => Ok((SslMode::Require, Verified::Chain)),
            "require" => Ok((SslMode::Require, Verified::Nothing)),
            // As with `system`: such a chain alone says nothing about who the server is.
            "verify-ca" if self.authorities.is_none() => Err(open(
                "sslmode=verify-ca of the store's URL needs the authorities in sslrootcert; verify-full can do with the system's",
            )),
            "verify-ca" => Ok((SslMode::Require, Verified::Chain)),
            "verify-full" => Ok((SslMode::Require, Verified::ChainAndName)),
            _ => Err(open(format_args!(
                "sslmode={mode:?} of the store's URL: disable, prefer, require, verify-ca or verify-full"
            ))),
        }
    }
}

/// Verifies a server's certificate as far as the mode asks for it.
#[derive(Debug)]
struct Verifier {
    verified: Verified,
    /// None if any certificate will do.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    /// A server's own certificate, signed by itself, can be listed in place of an authority's.
    listed: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn of_anything(provider: Arc<CryptoProvider>) -> Self {
        Self {
            verified: Verified::Nothing,
            authorities: None,
            listed: Vec::new(),
            provider,
        }
    }

    fn new(
        verified: Verified,
        listed: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        let (_, unusable) = roots.add_parsable_certificates(listed.iter().cloned());
        if unusable > 0 {
            tracing::warn!(
                unusable,
                "certificates of authorities for PostgreSQL cannot be read"
            );
        }
        let authorities =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| {
                    open(format_args!(
                        "the certificates of authorities for PostgreSQL: {}",
                        chain(&error)
                    ))
                })?;
        Ok(Self {
            verified,
            authorities: Some(authorities),
            listed,
            provider,
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        if self.listed.contains(end_entity) {
            if self.verified == Verified::ChainAndName {
                let parsed = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&parsed, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        let verified = authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // Names are looked at last: the rest was right.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.verified == Verified::Chain => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

fn system_authorities() -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reason = found.errors.first().map(|error| chain(error));
        return Err(open(format_args!(
            "the system has no certificates of authorities ({}): name a file in sslrootcert of the store's URL",
            reason.as_deref().unwrap_or("no file")
        )));
    }
    Ok(found.certs)
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let pem = file(parameter, path)?;
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unusable(parameter, path, "it has no certificate")),
        Err(error) => Err(unusable(parameter, path, &chain(&error))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    use std::os::unix::fs::MetadataExt;
    let metadata =
        std::fs::metadata(path).map_err(|error| unusable("sslkey", path, &chain(&error)))?;
    // Root's may be read by a group, as system-wide keys are.
    let others = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & others != 0 {
        return Err(unusable(
            "sslkey",
            path,
            "others may read it: chmod 600 makes it its owner's",
        ));
    }
    let pem = file("sslkey", path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable("sslkey", path, &chain(&error)))
}

fn file(parameter: &str, path: &Path) -> Result<Vec<u8>> {
    let metadata =
        std::fs::metadata(path).map_err(|error| unusable(parameter, path, &chain(&error)))?;
    if !metadata.is_file() || metadata.len() > POSTGRES_TLS_FILE_MAX {
        return Err(unusable(
            parameter,
            path,
            "it is no file of certificates or keys",
        ));
    }
    std::fs::read(path).map_err(|error| unusable(parameter, path, &chain(&error)))
}

fn unusable(parameter: &str, path: &Path, reason: &str) -> landfall_store::Error {
    open(format_args!(
        "{parameter} of the store's URL, {}: {reason}",
        path.display()
    ))
}
