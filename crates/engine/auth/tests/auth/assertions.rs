//! Logins by an assertion.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use landfall_auth::{AppPolicy, Certificate, Error, Granted};
use landfall_model::{Fault, LoginFault, Value};
use rcgen::{CertificateParams, PKCS_RSA_SHA256, RsaKeySize};

use crate::org::{ADMIN, APP, Org, START, settings};

const BASE: &str = "https://localhost:7443";

/// A key with its certificate.
struct Signer {
    key: KeyPair,
    certificate: Certificate,
}

impl Signer {
    fn new() -> Self {
        let key = rcgen::KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
        let key = key.expect("a key");
        let certificate = CertificateParams::default().self_signed(&key);
        let pem = certificate.expect("a certificate").pem();
        Self {
            key: KeyPair::from_pkcs8(key.serialized_der()).expect("the same key"),
            certificate: Certificate::from_pem(pem.as_bytes()).expect("readable"),
        }
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let signed = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        self.signed(&signed.join("."))
    }

    fn signed(&self, text: &str) -> String {
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .expect("signed");
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// An org whose app has this certificate.
async fn org(signer: &Signer, pre_authorized: bool) -> Org {
    let org = Org::new(settings()).await;
    let policy = AppPolicy {
        certificate: Some(signer.certificate.clone()),
        pre_authorized,
        ..AppPolicy::default()
    };
    org.auth.seed_developer_with(policy).await.expect("seeded");
    org
}

const HEADER: &str = r#"{"alg":"RS256"}"#;

fn claims(iss: &str, sub: &str, aud: &str, exp: &str) -> String {
    format!(r#"{{"iss":"{iss}","sub":"{sub}","aud":{aud},"exp":{exp}}}"#)
}

/// Some minutes after the start of the clock.
fn soon() -> String {
    (START.as_millis() / 1_000 + 180).to_string()
}

fn good() -> String {
    claims(APP.id, ADMIN, &format!("\"{BASE}\""), &soon())
}

fn fault(result: Result<Granted, Error>) -> Option<Fault> {
    result.err().map(Error::fault)
}

#[tokio::test]
async fn a_signed_assertion_is_a_login_in_every_form_that_clients_send() {
    let signer = Signer::new();
    let org = org(&signer, true).await.restarted().await;
    let millis = START.as_millis() + 300;
    for claims in [
        good(),
        good().replace(&soon(), &format!("\"{}\"", soon())),
        good().replace(&soon(), &millis.to_string()),
        good().replace(
            &format!("\"{BASE}\""),
            "[\"x\",\"https://test.salesforce.com\"]",
        ),
        good().replace("admin@", "Admin@"),
    ] {
        let granted = org
            .auth
            .assertion_grant(&signer.sign(HEADER, &claims), Some(BASE))
            .await;
        let granted = granted.expect(&claims);
        assert_eq!(granted.username, ADMIN);
        assert!(granted.refresh_token.is_none());
    }
    let padded = [HEADER, &good()].map(|part| BASE64_URL_SAFE.encode(part));
    let padded = signer.signed(&padded.join("."));
    assert!(org.auth.assertion_grant(&padded, Some(BASE)).await.is_ok());
}

#[tokio::test]
async fn what_is_not_signed_for_this_org_lately_is_refused() {
    let signer = Signer::new();
    let org = org(&signer, true).await;
    let now = (START.as_millis() / 1_000).to_string();
    for (claims, refused) in [
        (
            good().replace(BASE, "https://elsewhere.example"),
            Fault::Login(LoginFault::AudienceInvalid),
        ),
        (
            good().replace(&soon(), &now),
            Fault::Login(LoginFault::AssertionExpired),
        ),
        (
            good().replace(&soon(), "\"soon\""),
            Fault::Login(LoginFault::AssertionInvalid),
        ),
        (
            good().replace(APP.id, "unknown"),
            Fault::Login(LoginFault::ClientIdInvalid),
        ),
        (
            good().replace(APP.id, "PlatformCLI"),
            Fault::Login(LoginFault::GrantUnsupported),
        ),
        (
            good().replace("admin@", "nobody@"),
            Fault::Login(LoginFault::ClientNotApproved),
        ),
    ] {
        let given = org
            .auth
            .assertion_grant(&signer.sign(HEADER, &claims), Some(BASE))
            .await;
        assert_eq!(fault(given), Some(refused), "{claims}");
    }
    let good = signer.sign(HEADER, &good());
    let other = Signer::new().sign(HEADER, &self::good());
    let unsigned = good.rsplit_once('.').expect("three parts").0.to_owned();
    let changed = signer.sign(HEADER, &self::good().replace("admin", "other"));
    let (_, signature) = changed.rsplit_once('.').expect("three parts");
    for text in [
        other,
        format!("{unsigned}."),
        format!("{unsigned}.{signature}"),
        unsigned,
    ] {
        let given = org.auth.assertion_grant(&text, Some(BASE)).await;
        assert_eq!(
            fault(given),
            Some(Fault::Login(LoginFault::AssertionInvalid)),
            "{text}"
        );
    }
    assert!(org.auth.assertion_grant(&good, Some(BASE)).await.is_ok());
}

#[tokio::test]
async fn a_user_must_consent_unless_the_app_is_pre_authorized() {
    let signer = Signer::new();
    let org = org(&signer, false).await;
    let assertion = signer.sign(HEADER, &good());
    let refused = org.auth.assertion_grant(&assertion, Some(BASE)).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::ClientNotApproved))
    );
    let user = org.log_in().await.user_id;
    let granted = org.log_in_by_code(APP, user, "api refresh_token").await;
    let allowed = org.auth.assertion_grant(&assertion, Some(BASE)).await;
    let scopes = allowed.expect("approved").scopes.to_string();
    assert_eq!(scopes, "api refresh_token", "no more than was asked for");
    let token = granted.refresh_token.expect("a refresh token");
    org.auth.revoke(token.as_str()).await.expect("revoked");
    let refused = org.auth.assertion_grant(&assertion, Some(BASE)).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::ClientNotApproved))
    );
    org.update_user(user, "IsActive", Value::Boolean(false))
        .await;
    let policy = AppPolicy {
        certificate: Some(signer.certificate.clone()),
        pre_authorized: true,
        ..AppPolicy::default()
    };
    org.auth.seed_developer_with(policy).await.expect("seeded");
    let refused = org.auth.assertion_grant(&assertion, Some(BASE)).await;
    assert_eq!(fault(refused), Some(Fault::Login(LoginFault::UserInactive)));
}

#[tokio::test]
async fn without_a_certificate_no_assertion_is_believed() {
    let org = Org::new(settings()).await;
    let given = org
        .auth
        .assertion_grant(&Signer::new().sign(HEADER, &good()), Some(BASE))
        .await;
    assert_eq!(
        fault(given),
        Some(Fault::Login(LoginFault::AssertionInvalid))
    );
}

#[tokio::test]
async fn an_assertion_is_for_the_configured_address_and_not_yet_to_come() {
    let signer = Signer::new();
    let org = org(&signer, true).await;
    let own = signer.sign(HEADER, &good());
    let without = org.auth.assertion_grant(&own, None).await;
    assert_eq!(
        fault(without),
        Some(Fault::Login(LoginFault::AudienceInvalid))
    );
    let from = |seconds: i64| {
        let begin = START.as_millis() / 1_000 + seconds;
        let claims = good().replace("{\"iss\"", &format!("{{\"nbf\":{begin},\"iss\""));
        signer.sign(HEADER, &claims)
    };
    let later = org.auth.assertion_grant(&from(120), Some(BASE)).await;
    assert_eq!(
        fault(later),
        Some(Fault::Login(LoginFault::AssertionInvalid))
    );
    assert!(org.auth.assertion_grant(&from(5), Some(BASE)).await.is_ok());
    let critical = signer.sign(r#"{"alg":"RS256","crit":["b64"],"b64":false}"#, &good());
    let critical = org.auth.assertion_grant(&critical, Some(BASE)).await;
    assert_eq!(
        fault(critical),
        Some(Fault::Login(LoginFault::AssertionInvalid))
    );
}
