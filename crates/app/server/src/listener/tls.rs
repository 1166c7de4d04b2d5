//! Certificates: the developer authority of a data folder, or the files of the configuration.
//!
//! The authority is made once and kept, so that trust in it outlives restarts. What it issues lives in memory only and
//! is created again at every start: nothing to renew, no key on disk but the authority's. A connection is shown the
//! certificate for this machine, or, where the server answers to them, the one for the vendor's host names.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::Error;
use crate::hosts::vendor;

/// What a certificate for this machine is issued for.
const LOCAL: &str = "localhost";

/// First and last year of the authority. Its key never leaves the data folder.
const AUTHORITY_YEARS: (i32, i32) = (2020, 2050);

/// How long an issued certificate is valid; clients on Apple systems refuse more than 398 days.
const LEAF_DAYS: i64 = 397;

/// How far before now a certificate begins, for clocks that are behind. Unit: days.
const LEAF_BACKDATE_DAYS: i64 = 1;

const MILLIS_A_DAY: i64 = 86_400_000;

/// The authority of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    /// Where its certificate is.
    pub(crate) path: PathBuf,
    /// Its certificate in PEM.
    pub(crate) pem: Arc<str>,
}

/// Installs the one crypto provider of the process; calling it again does no harm.
pub fn install_crypto_provider() {
    // Fails only when a provider is installed already, and there is only one in the tree.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The developer authority's certificates, selected by the name that a client requests (SNI).
#[derive(Debug)]
struct ByName {
    local: Arc<CertifiedKey>,
    vendors: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_vendors = hello.server_name().is_some_and(vendor::has);
        let chosen = if is_vendors {
            &self.vendors
        } else {
            &self.local
        };
        Some(Arc::clone(chosen))
    }
}

/// Loads or makes the authority in `folder`, and issues a certificate for this machine; and one for the vendor's host
/// names, if the server answers to them.
///
/// # Errors
/// [`Error::Data`], [`Error::Tls`].
pub(crate) fn developer(
    folder: &Path,
    now: Timestamp,
    as_salesforce: bool,
) -> Result<(Authority, Arc<ServerConfig>), Error> {
    let (authority, key) = load_or_make(folder)?;
    let certificate = CertificateDer::from_pem_slice(authority.pem.as_bytes())
        .map_err(failed("the authority's certificate is not readable"))?;
    let issuer = Issuer::new(authority_params(), key);
    let issue = |params: CertificateParams| {
        let key = KeyPair::generate().map_err(failed("no key can be made"))?;
        let leaf = params
            .signed_by(&key, &issuer)
            .map_err(failed("no certificate can be issued"))?;
        certified(
            vec![leaf.der().clone(), certificate.clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
    };
    let mut params = leaf_params(now, &[LOCAL])?;
    params.subject_alt_names.extend([
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]);
    let local = issue(params)?;
    let config = if as_salesforce {
        let vendors = issue(leaf_params(now, &vendor::NAMES)?)?;
        server_config(Arc::new(ByName { local, vendors }))?
    } else {
        server_config(Arc::new(SingleCertAndKey::from(local)))?
    };
    Ok((authority, config))
}

fn load_or_make(folder: &Path) -> Result<(Authority, KeyPair), Error> {
    let path = folder.join("ca.pem");
    let key_path = folder.join("ca-key.pem");
    let data = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Data { path, source }
    };
    std::fs::create_dir_all(folder).map_err(data(folder))?;
    let (pem, key) = if key_path.exists() && path.exists() {
        let key = std::fs::read_to_string(&key_path).map_err(data(&key_path))?;
        let pem = std::fs::read_to_string(&path).map_err(data(&path))?;
        (
            pem,
            KeyPair::from_pem(&key).map_err(failed("the authority's key is not readable"))?,
        )
    } else {
        let key = KeyPair::generate().map_err(failed("no key can be made"))?;
        let certificate = authority_params()
            .self_signed(&key)
            .map_err(failed("the authority cannot be made"))?;
        // The key first: a certificate without its key would be useless and yet trusted.
        write_new(&key_path, &key.serialize_pem(), true).map_err(data(&key_path))?;
        write_new(&path, &certificate.pem(), false).map_err(data(&path))?;
        (certificate.pem(), key)
    };
    let authority = Authority {
        path,
        pem: pem.into(),
    };
    Ok((authority, key))
}

/// Loads a certificate chain and its key; returns the server's certificate too, in DER.
///
/// # Errors
/// [`Error::Tls`].
pub(crate) fn from_files(
    certificate: &Path,
    key: &Path,
) -> Result<(Arc<ServerConfig>, Option<Vec<u8>>), Error> {
    let unreadable = |path: &Path| failed(&format!("{} is not readable", path.display()));
    let chain = CertificateDer::pem_file_iter(certificate)
        .map_err(unreadable(certificate))?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(unreadable(key))?;
    let own = chain.first().map(|own| own.as_ref().to_vec());
    let config = server_config(Arc::new(SingleCertAndKey::from(certified(chain, key)?)))?;
    Ok((config, own))
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, Error> {
    CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider())
        .map(Arc::new)
        .map_err(failed("the certificate and its key do not go together"))
}

fn server_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed("no protocol version"))?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Strict clients want the basic constraints, the key identifiers and the key usage of an authority.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let (first, last) = AUTHORITY_YEARS;
    params.not_before = rcgen::date_time_ymd(first, 1, 1);
    params.not_after = rcgen::date_time_ymd(last, 1, 1);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Landfall developer authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(now: Timestamp, names: &[&str]) -> Result<CertificateParams, Error> {
    let alternatives: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params =
        CertificateParams::new(alternatives).map_err(failed("no certificate can be described"))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    if let Some(&first) = names.first() {
        params.distinguished_name.push(DnType::CommonName, first);
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    // rcgen's dates have no constructor from a number but the calendar's: count days from the epoch.
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let day = |days: i64| {
        let seconds = u64::try_from(days.saturating_mul(86_400)).unwrap_or_default();
        epoch + std::time::Duration::from_secs(seconds)
    };
    let today = now.as_millis().div_euclid(MILLIS_A_DAY);
    params.not_before = day(today - LEAF_BACKDATE_DAYS);
    params.not_after = day(today - LEAF_BACKDATE_DAYS + LEAF_DAYS);
    Ok(params)
}

fn failed<E>(what: &str) -> impl FnOnce(E) -> Error + use<E>
where
    E: std::error::Error + Send + Sync + 'static,
{
    let what = what.to_owned();
    move |source| Error::Tls {
        what,
        source: Box::new(source),
    }
}

/// Writes a file whole or not at all; a secret one is readable by its owner only.
fn write_new(path: &Path, text: &str, secret: bool) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    // A left-over of a crash may have wider permissions.
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let mut file = options.open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    #[test]
    fn the_authority_stays_the_same_over_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, _) = developer(folder.path(), NOW, false).expect("made");
        let (second, _) = developer(folder.path(), NOW, false).expect("loaded");
        assert_eq!(first.pem, second.pem);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_key_of_the_authority() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        developer(folder.path(), NOW, false).expect("made");
        let mode = |name: &str| {
            let metadata = std::fs::metadata(folder.path().join(name)).expect("exists");
            metadata.permissions().mode() & 0o777
        };
        assert_eq!(mode("ca-key.pem"), 0o600);
        assert_eq!(mode("ca.pem"), 0o644);
    }

    #[test]
    fn a_damaged_authority_is_an_error_not_a_new_authority() {
        let folder = tempfile::tempdir().expect("a folder");
        developer(folder.path(), NOW, false).expect("made");
        std::fs::write(folder.path().join("ca-key.pem"), "nothing").expect("written");
        assert!(matches!(
            developer(folder.path(), NOW, false),
            Err(Error::Tls { .. })
        ));
    }
}
