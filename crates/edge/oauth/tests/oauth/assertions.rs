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

/// A key that an app signs with.
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

    fn policy(&self) -> AppPolicy {
        AppPolicy {
            certificate: Some(self.certificate.clone()),
            pre_authorized: true,
            ..AppPolicy::default()
        }
    }

    /// What says so, signed.
    fn signed(&self, subject: &str, audience: &str) -> String {
        let claims = format!(
            r#"{{"iss":"landfall","sub":"{subject}","aud":"{audience}","exp":1700000180}}"#
        );
        let parts = [r#"{"alg":"RS256"}"#, &claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        let signed = parts.join(".");
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        let text = signed.as_bytes();
        let done = self
            .key
            .sign(&RSA_PKCS1_SHA256, &random, text, &mut signature);
        done.expect("signed");
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Source: "OAuth 2.0 Web Server Flow" (Salesforce Help), `client_assertion`; RFC 7523.
#[tokio::test]
async fn an_app_proves_itself_by_its_key_in_place_of_its_secret() {
    let org = Org::new().await;
    let signer = Signer::new();
    let seeded = org.auth.seed_developer_with(signer.policy()).await;
    seeded.expect("seeded");
    let ask = |assertion: &str| {
        format!(
            "grant_type=client_credentials&client_assertion={assertion}&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        )
    };
    for audience in [BASE.to_owned(), format!("{BASE}/services/oauth2/token")] {
        let form = ask(&signer.signed("landfall", &audience));
        let answer = org.post("/services/oauth2/token", &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    for form in [
        ask(&signer.signed("landfall", "https://example.com")),
        ask(&signer.signed("admin@landfall.test", BASE)),
        ask(&Signer::new().signed("landfall", BASE)),
        ask("nothing"),
        format!("{}&client_id=other", ask(&signer.signed("landfall", BASE))),
        "grant_type=client_credentials&client_id=landfall&client_assertion=x".to_owned(),
    ] {
        let answer = org.post("/services/oauth2/token", &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{form}");
        assert_eq!(answer.json()["error"], "invalid_client", "{form}");
    }
}

#[tokio::test]
async fn an_assertion_is_answered_with_exactly_the_documented_members() {
    let org = Org::new().await;
    let signer = Signer::new();
    let seeded = org.auth.seed_developer_with(signer.policy()).await;
    seeded.expect("seeded");
    let signed = signer.signed("admin@landfall.test", BASE);
    let form = format!("{GRANT}{signed}");
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
