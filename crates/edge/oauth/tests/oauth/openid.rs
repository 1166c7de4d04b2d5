//! ID tokens, the key that checks them, and where both are found.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::org::{BASE, Org, REDIRECT_URI, encoded, member, text};

fn bytes(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).expect(text)
}

/// The claims of a token, whose signature is checked with the published key.
async fn claims(org: &Org, token: &str) -> Value {
    let keys = org.call("GET", "/id/keys", &[], "").await;
    assert_eq!(keys.status, StatusCode::OK);
    let keys = keys.json();
    let key = keys.pointer("/keys/0").expect("a key");
    for (name, value) in [
        ("kty", "RSA"),
        ("alg", "RS256"),
        ("use", "sig"),
        ("e", "AQAB"),
    ] {
        assert_eq!(text(key, name), value);
    }
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("three parts");
    let header: Value = serde_json::from_slice(&bytes(header)).expect("JSON");
    assert_eq!(
        header,
        json!({"alg": "RS256", "kid": text(key, "kid"), "typ": "JWT"})
    );
    let key = RsaPublicKeyComponents {
        n: bytes(text(key, "n")),
        e: bytes(text(key, "e")),
    };
    let algorithm = &RSA_PKCS1_2048_8192_SHA256;
    key.verify(algorithm, signed.as_bytes(), &bytes(signature))
        .expect("the org has signed it");
    serde_json::from_slice(&bytes(claims)).expect("JSON")
}

fn expected(access_token: &str, id: &str, nonce: Option<&str>) -> Value {
    let digest = Sha256::digest(access_token.as_bytes());
    let (half, _) = digest.split_at(16);
    let mut claims = json!({
        "at_hash": BASE64_URL_SAFE_NO_PAD.encode(half),
        "sub": id,
        "aud": "landfall",
        "iss": BASE,
        "exp": 1_700_000_120,
        "iat": 1_700_000_000,
    });
    if let (Some(claims), Some(nonce)) = (claims.as_object_mut(), nonce) {
        claims.insert("nonce".to_owned(), nonce.into());
    }
    claims
}

#[tokio::test]
async fn who_asks_for_openid_gets_a_token_that_others_can_check() {
    let org = Org::new().await;
    let path = Org::asking("landfall").replace("scope=api", "nonce=n%201&scope=openid");
    let location = org.allowed(&path).await;
    let form = format!(
        "grant_type=authorization_code&client_id=landfall&code={}&redirect_uri={}",
        encoded(&member(&location, "code")),
        encoded(REDIRECT_URI)
    );
    let body = org.post("/services/oauth2/token", &form).await.json();
    let claims = claims(&org, text(&body, "id_token")).await;
    let (token, id) = (text(&body, "access_token"), text(&body, "id"));
    assert_eq!(claims, expected(token, id, Some("n 1")));
}

#[tokio::test]
async fn a_page_gets_an_id_token_only_if_it_asks_for_one_and_for_openid() {
    let org = Org::new().await;
    let path = Org::asking("landfall").replace("scope=api+refresh_token", "scope=openid");
    let both = path.replace("response_type=code", "response_type=token%20id_token");
    let location = org.allowed(&both).await;
    assert!(
        location.starts_with(&format!("{REDIRECT_URI}#")),
        "{location}"
    );
    let claims = claims(&org, &member(&location, "id_token")).await;
    let (token, id) = (member(&location, "access_token"), member(&location, "id"));
    assert_eq!(claims, expected(&token, &id, None));
    for path in [
        path.replace("response_type=code", "response_type=token"),
        both.replace("scope=openid", "scope=api"),
    ] {
        let location = org.allowed(&path).await;
        assert!(!location.contains("id_token"), "{location}");
    }
}
