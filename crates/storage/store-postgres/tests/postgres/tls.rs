//! Encrypted connections: what is verified of a server, and what a server verifies.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use landfall_store_postgres::{Config, open};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

use crate::server::Server;

/// Certificates and keys as PEM.
struct Certificates {
    authority: String,
    server: String,
    server_key: String,
    client: String,
    client_key: String,
}

impl Certificates {
    /// An authority, a server at `localhost`, and a client named `landfall`.
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "Authority of a test");
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
        let signed = |name: &str| {
            let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
            params.distinguished_name.push(DnType::CommonName, name);
            let key = KeyPair::generate().expect("a key");
            let certificate = params.signed_by(&key, &authority).expect("signed");
            (certificate.pem(), key.serialize_pem())
        };
        let (server, server_key) = signed("localhost");
        let (client, client_key) = signed("landfall");
        Self {
            authority: authority.pem(),
            server,
            server_key,
            client,
            client_key,
        }
    }

    /// A server that takes clients over TLS only; with `cert` those alone that have a certificate.
    fn server(&self, method: &str) -> (Server, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let hba = format!("local all all trust\nhostssl all all 127.0.0.1/32 {method}\n");
        let files = [
            ("server.crt", self.server.as_str()),
            ("server.key", self.server_key.as_str()),
            ("authority.crt", self.authority.as_str()),
            ("pg_hba.conf", hba.as_str()),
        ];
        let settings = ["ssl=on", "ssl_ca_file=authority.crt"];
        (Server::with_files(port, &files, &settings), port)
    }
}

/// Opens the store at a host with these parameters of the URL, and closes it.
fn try_open(host: &str, port: u16, parameters: &str) -> Result<(), String> {
    let url = format!("postgres://landfall@{host}:{port}/postgres?{parameters}");
    open(&Config::new(url))
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn written(folder: &Path, name: &str, content: &str, mode: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    path.to_str().expect("UTF-8").replace('/', "%2F")
}

#[test]
fn a_server_is_verified_as_far_as_the_mode_says() {
    let (ours, others) = (Certificates::new(), Certificates::new());
    let (server, port) = ours.server("trust");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = written(folder.path(), "ours.pem", &ours.authority, 0o644);
    let other = written(folder.path(), "others.pem", &others.authority, 0o644);
    let itself = written(folder.path(), "itself.pem", &ours.server, 0o644);
    for (host, parameters) in [
        // What is not verified may be anything, and this server refuses whom it cannot encrypt to.
        ("localhost", String::new()),
        ("127.0.0.1", "sslmode=require".to_owned()),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={authority}"),
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={authority}"),
        ),
        // Its own certificate in place of an authority's.
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={itself}"),
        ),
    ] {
        let opened = try_open(host, port, &parameters);
        assert_eq!(opened, Ok(()), "{host} {parameters}");
    }
    for (host, parameters, reason) in [
        ("localhost", "sslmode=disable".to_owned(), "no encryption"),
        // With authorities, `require` verifies too.
        (
            "localhost",
            format!("sslmode=require&sslrootcert={other}"),
            "invalid peer certificate",
        ),
        (
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={other}"),
            "invalid peer certificate",
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={authority}"),
            "not valid for name",
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={itself}"),
            "not valid for name",
        ),
    ] {
        let refused = try_open(host, port, &parameters).expect_err(&parameters);
        assert!(refused.contains(reason), "{parameters}: {refused}");
    }
    let encrypted = server.psql("SELECT count(*) FROM pg_stat_ssl WHERE ssl");
    assert_eq!(encrypted, "0", "all that were opened are closed");
}

#[test]
fn a_client_has_a_certificate_if_the_server_asks_for_one() {
    let certificates = Certificates::new();
    let (_server, port) = certificates.server("cert");
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = written(folder.path(), "client.crt", &certificates.client, 0o644);
    let key = written(folder.path(), "client.key", &certificates.client_key, 0o600);
    let with_key = format!("sslmode=require&sslcert={certificate}&sslkey={key}");
    assert_eq!(try_open("localhost", port, &with_key), Ok(()));
    let refused = try_open("localhost", port, "sslmode=require").expect_err("refused");
    assert!(refused.contains("certificate"), "{refused}");
    written(folder.path(), "client.key", &certificates.client_key, 0o644);
    let refused = try_open("localhost", port, &with_key).expect_err("refused");
    assert!(refused.contains("chmod 600"), "{refused}");
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let began = Instant::now();
    let refused = try_open("127.0.0.1", port, "").expect_err("refused");
    assert!(refused.contains("did not answer in time"), "{refused}");
    assert!(began.elapsed() < Duration::from_secs(60));
}
