//! Logins by an assertion, as clients see them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use landfall_auth::{AppPolicy, Certificate};
use rcgen::{CertificateParams, PKCS_RSA_SHA256, RsaKeySize};

use crate::org::{BASE, Org};

const GRANT: &str = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

#[tokio::test]
async fn an_assertion_is_answered_with_exactly_the_documented_members() {
    let org = Org::new().await;
    let key = rcgen::KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    let key = key.expect("a key");
    let certificate = CertificateParams::default().self_signed(&key);
    let pem = certificate.expect("a certificate").pem();
    let policy = AppPolicy {
        certificate: Certificate::from_pem(pem.as_bytes()),
        pre_authorized: true,
        ..AppPolicy::default()
    };
    org.auth.seed_developer_with(policy).await.expect("seeded");
    let claims = format!(
        r#"{{"iss":"landfall","sub":"admin@landfall.test","aud":"{BASE}","exp":1700000180}}"#
    );
    let parts = [r#"{"alg":"RS256"}"#, &claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let signed = parts.join(".");
    let key = KeyPair::from_pkcs8(key.serialized_der()).expect("the same key");
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(
        &RSA_PKCS1_SHA256,
        &random,
        signed.as_bytes(),
        &mut signature,
    )
    .expect("signed");
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    let form = format!("{GRANT}{signed}.{signature}");
    let answer = org.post("/services/oauth2/token", &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let body = answer.json();
    let mut names: Vec<_> = body.as_object().expect("an object").keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["access_token", "id", "instance_url", "scope", "token_type"]
    );
    // A person is not asked by a pre-authorized app, but logs in.
    let path = Org::asking("landfall");
    let answer = org.post(&path, crate::org::PERSON).await;
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.body);
}
