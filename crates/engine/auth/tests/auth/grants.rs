//! The grants, the apps that may use them, and what is set up before the first login.

use std::time::Duration;

use landfall_auth::{App, Client, Error, Grant, Scopes, Settings, TokenKind};
use landfall_model::{Fault, RecordId};

use crate::org::{ADMIN, APP, Org, settings};

fn app(client_id: &str) -> App {
    App {
        client_id: client_id.to_owned(),
        secret: "0123456789abcdef".to_owned(),
        secret_required: true,
        grants: Grant::ALL.to_vec(),
        scopes: Scopes::parse("api refresh_token"),
        run_as: None,
        rotates_refresh_tokens: true,
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
    assert_eq!(fault(refused), Some(Fault::ClientUserMissing));
    let secretless = Client {
        secret: None,
        ..APP
    };
    let refused = org.auth.client_credentials_grant(secretless).await;
    assert_eq!(fault(refused), Some(Fault::ClientCredentialsInvalid));
}

#[tokio::test]
async fn a_switched_off_password_grant_is_refused_like_a_wrong_password() {
    let org = Org::new(Settings {
        password_grant: false,
        ..settings()
    })
    .await;
    let refused = org.auth.password_grant(APP, ADMIN, "landfall").await;
    assert_eq!(fault(refused), Some(Fault::AuthenticationFailed));
}

#[tokio::test]
async fn a_rotated_refresh_token_works_once_also_when_it_is_used_twice_at_once() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.create_app(app("rotating")).await.expect("an app");
    let scopes = Scopes::parse("api refresh_token");
    let first = org.auth.issue_refresh_token(user, "rotating", scopes).await;
    let first = first.expect("a refresh token");
    let (left, right) = tokio::join!(
        org.auth.refresh_grant(ROTATING, first.as_str()),
        org.auth.refresh_grant(ROTATING, first.as_str()),
    );
    let (granted, refused) = if left.is_ok() {
        (left, right)
    } else {
        (right, left)
    };
    assert_eq!(fault(refused), Some(Fault::RefreshTokenInvalid));
    let granted = granted.expect("one of them");
    let second = granted.refresh_token.expect("a new one");
    let org = org.restarted().await;
    let refused = org.auth.refresh_grant(ROTATING, first.as_str()).await;
    assert_eq!(fault(refused), Some(Fault::RefreshTokenInvalid));
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
async fn a_refresh_token_is_of_no_use_to_another_app() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.create_app(app("rotating")).await.expect("an app");
    let scopes = Scopes::parse("api");
    let token = org.auth.issue_refresh_token(user, APP.id, scopes).await;
    let token = token.expect("a refresh token");
    let refused = org.auth.refresh_grant(ROTATING, token.as_str()).await;
    assert_eq!(fault(refused), Some(Fault::RefreshTokenInvalid));
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
        let token = org
            .auth
            .issue_refresh_token(user, APP.id, Scopes::parse(scopes))
            .await;
        let token = token.expect("a refresh token");
        let granted = org
            .auth
            .refresh_grant(APP, token.as_str())
            .await
            .expect("a login");
        let header = format!("Bearer {}", granted.access_token.as_str());
        let refused = org.auth.rest_login(Some(&header)).err();
        assert_eq!(
            refused,
            (!rest).then_some(Fault::ApiScopeMissing),
            "{scopes}"
        );
        assert_eq!(
            org.auth.streaming_login(Some(&header)).is_ok(),
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
    let refused = org
        .auth
        .issue_refresh_token(RecordId::EMPTY, "landfall", Scopes::default())
        .await;
    assert_eq!(fault(refused), Some(Fault::UserInactive));
}
