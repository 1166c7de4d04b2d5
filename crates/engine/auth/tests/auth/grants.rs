//! The grants, the apps that may use them, and what is set up before the first login.

use std::time::Duration;

use landfall_auth::{
    App, AppPolicy, AuthorizationParameters, Client, CodeExchange, Error, Grant, ResponseType,
    Scopes, Settings, TokenHash, TokenKind,
};
use landfall_lock::apart;
use landfall_model::{Fault, LoginFault, SessionFault};

use crate::org::{ADMIN, APP, Org, REDIRECT_URI, settings};

fn app(client_id: &str) -> App {
    App {
        client_id: client_id.to_owned(),
        secret: "0123456789abcdef".to_owned(),
        secret_required: true,
        grants: Grant::ALL.to_vec(),
        scopes: Scopes::parse("api refresh_token"),
        run_as: None,
        policy: AppPolicy {
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            rotates_refresh_tokens: true,
            ..AppPolicy::default()
        },
    }
}

const ROTATING: Client<'static> = Client {
    id: "rotating",
    secret: Some("0123456789abcdef"),
};

fn fault<T>(result: Result<T, Error>) -> Option<Fault> {
    result.err().map(Error::fault)
}

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth
        .set_password(user, "changed")
        .await
        .expect("changed");
    org.auth.seed_developer().await.expect("seeded again");
    let granted = org.auth.password_grant(APP, ADMIN, "changed").await;
    assert_eq!(granted.expect("the password stays").user_id, user);
}

#[tokio::test]
async fn an_app_acts_as_its_user_and_without_one_not_at_all() {
    let org = Org::new(settings()).await;
    let granted = org
        .auth
        .client_credentials_grant(APP)
        .await
        .expect("a login");
    assert_eq!(granted.username, ADMIN);
    assert!(granted.refresh_token.is_none());
    org.auth.create_app(app("rotating")).await.expect("an app");
    let refused = org.auth.client_credentials_grant(ROTATING).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::ClientUserMissing))
    );
    let secretless = Client {
        secret: None,
        ..APP
    };
    let refused = org.auth.client_credentials_grant(secretless).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::ClientCredentialsInvalid))
    );
}

#[tokio::test]
async fn a_switched_off_password_grant_is_refused_like_a_wrong_password() {
    let org = Org::new(Settings {
        password_grant: false,
        ..settings()
    })
    .await;
    let refused = org.auth.password_grant(APP, ADMIN, "landfall").await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::AuthenticationFailed))
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_works_once_also_when_it_is_used_twice_at_once() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.create_app(app("rotating")).await.expect("an app");
    let first = org
        .log_in_by_code(ROTATING, user, "api refresh_token")
        .await;
    let first = first.refresh_token.expect("a refresh token");
    let (left, right) = tokio::join!(
        apart(org.auth.refresh_grant(ROTATING, first.as_str())),
        apart(org.auth.refresh_grant(ROTATING, first.as_str())),
    );
    let (granted, refused) = if left.is_ok() {
        (left, right)
    } else {
        (right, left)
    };
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::RefreshTokenInvalid))
    );
    let granted = granted.expect("one of them");
    let second = granted.refresh_token.expect("a new one");
    let org = org.restarted().await;
    let refused = org.auth.refresh_grant(ROTATING, first.as_str()).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::RefreshTokenInvalid))
    );
    let again = org.auth.refresh_grant(ROTATING, second.as_str()).await;
    let third = again
        .expect("the chain goes on")
        .refresh_token
        .expect("a third");
    org.auth.revoke(third.as_str()).await.expect("revoked");
    let token = granted.access_token.as_str();
    assert!(
        org.auth.authenticate(token).is_err(),
        "the whole chain ends"
    );
}

#[tokio::test]
async fn a_code_works_once_also_when_it_is_used_twice_at_once() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    let code = org.code(APP.id, user, "api refresh_token").await;
    let shown = CodeExchange {
        code: code.as_str(),
        redirect_uri: REDIRECT_URI,
        verifier: None,
    };
    let (left, right) = tokio::join!(
        apart(org.auth.code_grant(APP, shown)),
        apart(org.auth.code_grant(APP, shown)),
    );
    let (granted, refused) = if left.is_ok() {
        (left, right)
    } else {
        (right, left)
    };
    assert_eq!(fault(refused), Some(Fault::Login(LoginFault::CodeExpired)));
    let granted = granted.expect("one of them");
    let org = org.restarted().await;
    let token = granted.refresh_token.expect("a refresh token");
    let again = org.auth.refresh_grant(APP, token.as_str()).await;
    assert_eq!(again.expect("it was kept").user_id, user);
    let request = org.request(APP.id, "api");
    assert!(
        org.auth.is_approved(&request, user),
        "and so was the consent"
    );
}

#[tokio::test]
async fn the_key_of_id_tokens_is_made_once_and_kept() {
    let org = Org::new(settings()).await;
    let (one, other) = tokio::join!(org.auth.id_key(), org.auth.id_key());
    let key = one.expect("a key");
    assert_eq!(other.expect("the same key"), key);
    let org = org.restarted().await;
    assert_eq!(org.auth.id_key().await.expect("it was kept"), key);
}

#[tokio::test]
async fn an_app_gets_no_code_for_a_flow_that_it_does_not_have() {
    let org = Org::new(settings()).await;
    let app = App {
        grants: vec![Grant::Password],
        ..app("rotating")
    };
    org.auth.create_app(app).await.expect("an app");
    let app = org.auth.asking_app("rotating", REDIRECT_URI);
    let asked = AuthorizationParameters {
        response_type: ResponseType::Code,
        redirect_uri: REDIRECT_URI,
        scope: None,
        code_challenge: None,
        code_challenge_method: None,
        nonce: None,
    };
    let refused = org.auth.authorization_request(app.expect("an app"), asked);
    assert_eq!(
        refused.err(),
        Some(Fault::Login(LoginFault::ResponseTypeUnsupported))
    );
}

#[tokio::test]
async fn a_policy_can_change_and_the_secret_stays() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.ensure_app(app("rotating")).await.expect("made");
    let mut changed = app("rotating");
    changed.secret = "another-secret-of-the-file".to_owned();
    changed.policy.rotates_refresh_tokens = false;
    org.auth.ensure_app(changed).await.expect("changed");
    let org = org.restarted().await;
    let granted = org
        .log_in_by_code(ROTATING, user, "api refresh_token")
        .await;
    let token = granted.refresh_token.expect("a refresh token");
    for _ in 0..2 {
        let again = org.auth.refresh_grant(ROTATING, token.as_str()).await;
        assert!(again.expect("not rotated").refresh_token.is_none());
    }
}

#[tokio::test]
async fn a_refresh_token_is_of_no_use_to_another_app() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.create_app(app("rotating")).await.expect("an app");
    let token = org.log_in_by_code(APP, user, "api refresh_token").await;
    let token = token.refresh_token.expect("a refresh token");
    let refused = org.auth.refresh_grant(ROTATING, token.as_str()).await;
    assert_eq!(
        fault(refused),
        Some(Fault::Login(LoginFault::RefreshTokenInvalid))
    );
    let seen = org.auth.introspect(ROTATING, token.as_str()).await;
    assert_eq!(seen.expect("an answer"), None);
    let seen = org.auth.introspect(APP, token.as_str()).await;
    let seen = seen.expect("an answer").expect("it is live");
    assert_eq!((seen.kind, seen.expires), (TokenKind::Refresh, None));
}

#[tokio::test]
async fn introspection_is_not_a_use() {
    let org = Org::new(Settings {
        session_idle: Duration::from_secs(2),
        ..settings()
    })
    .await;
    let token = org.log_in().await.access_token;
    for _ in 0..4 {
        let seen = org.auth.introspect(APP, token.as_str()).await;
        let seen = seen.expect("an answer").expect("it is live");
        let end = seen.expires.expect("access tokens end");
        assert_eq!(end.since(seen.issued), 2_000);
        org.clock.advance(Duration::from_millis(500));
    }
    let seen = org.auth.introspect(APP, token.as_str()).await;
    assert_eq!(seen.expect("an answer"), None);
}

#[tokio::test]
async fn a_token_without_the_api_scope_does_not_open_the_rest_api() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    for (scopes, rest, streaming) in [
        ("streaming", false, true),
        ("id", false, false),
        ("web", true, true),
    ] {
        let granted = org.log_in_by_code(APP, user, scopes).await;
        assert!(granted.refresh_token.is_none(), "{scopes}");
        let header = format!("Bearer {}", granted.access_token.as_str());
        let hash = TokenHash::of_request(granted.access_token.as_str()).expect("a token");
        let refused = org.auth.rest_login(Some(&header)).err();
        assert_eq!(
            refused,
            (!rest).then_some(Fault::Session(SessionFault::ApiScopeMissing)),
            "{scopes}"
        );
        assert_eq!(
            org.auth.streaming_login(&hash).is_ok(),
            streaming,
            "{scopes}"
        );
    }
}

#[tokio::test]
async fn an_app_with_a_weak_secret_or_an_unusable_client_id_is_not_made() {
    let org = Org::new(settings()).await;
    let weak = App {
        secret: "landfall".to_owned(),
        ..app("a")
    };
    assert!(matches!(
        org.auth.create_app(weak).await,
        Err(Error::SecretWeak)
    ));
    let unusable = org.auth.create_app(app("a b")).await;
    assert!(matches!(unusable, Err(Error::ClientIdInvalid)));
    let mut unsafely = app("a");
    unsafely.policy.redirect_uris = vec!["http://app.example/".to_owned()];
    assert!(matches!(
        org.auth.create_app(unsafely).await,
        Err(Error::RedirectUriInvalid { .. })
    ));
}
