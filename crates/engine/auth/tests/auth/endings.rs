//! How logins end: idleness, revocation, a deactivated user; and that a restart is no end.

use std::sync::Arc;
use std::time::Duration;

use landfall_auth::Settings;
use landfall_model::{Fault, LoginFault, SessionFault, Value};

use crate::org::{ADMIN, APP, Org, settings};

fn idle_2_s() -> Settings {
    Settings {
        session_idle: Duration::from_secs(2),
        ..settings()
    }
}

#[tokio::test]
async fn a_login_ends_when_it_is_not_used_and_each_use_puts_that_off() {
    let org = Org::new(idle_2_s()).await;
    let token = org.log_in().await.access_token;
    for _ in 0..3 {
        org.clock.advance(Duration::from_millis(1_900));
        let login = org.auth.authenticate(token.as_str()).expect("it is live");
        assert_eq!(&*login.username, ADMIN);
    }
    org.clock.advance(Duration::from_secs(2));
    let refused = org.auth.authenticate(token.as_str());
    assert_eq!(refused.err(), Some(Fault::Session(SessionFault::Invalid)));
}

#[tokio::test]
async fn a_held_poll_keeps_its_login_alive_only_as_long_as_it_is_kept() {
    let org = Org::new(idle_2_s()).await;
    let token = org.log_in().await.access_token;
    let login = org.auth.authenticate(token.as_str()).expect("it is live");
    org.clock.advance(Duration::from_millis(1_900));
    assert_eq!(org.auth.keep_alive(&login), Ok(()));
    org.clock.advance(Duration::from_millis(1_900));
    assert!(login.is_live());
    let ended = tokio::spawn(login.ended());
    // The keeper finds it, nobody asks.
    while !ended.is_finished() {
        org.clock.advance(Duration::from_millis(500));
        tokio::task::yield_now().await;
    }
    assert_eq!(
        org.auth.keep_alive(&login),
        Err(Fault::Session(SessionFault::Invalid))
    );
}

#[tokio::test]
async fn a_revoked_login_wakes_who_waits_for_its_end() {
    let org = Org::new(settings()).await;
    let token = org.log_in().await.access_token;
    let login = org.auth.authenticate(token.as_str()).expect("it is live");
    let ended = tokio::spawn(login.ended());
    org.auth.revoke(token.as_str()).await.expect("revoked");
    ended.await.expect("woken");
    assert!(!login.is_live());
    let refused = org.auth.authenticate(token.as_str());
    assert_eq!(refused.err(), Some(Fault::Session(SessionFault::Invalid)));
    let again = org.auth.revoke(token.as_str()).await;
    let again = again.map_err(landfall_auth::Error::fault);
    assert_eq!(again, Err(Fault::Login(LoginFault::TokenTypeUnsupported)));
}

#[tokio::test]
async fn a_deactivated_user_has_no_logins_and_gets_none() {
    let org = Org::new(settings()).await;
    let user = org.standard_user("ann@landfall.test").await;
    let granted = org
        .auth
        .password_grant(APP, "Ann@Landfall.TEST", "secret")
        .await
        .expect("names have no letter case");
    let token = granted.access_token;
    let login = org.auth.authenticate(token.as_str()).expect("it is live");
    assert!(login.permissions().api_enabled && !login.permissions().view_all_data);
    org.update_user(user, "IsActive", Value::Boolean(false))
        .await;
    login.ended().await;
    let refused = org
        .auth
        .password_grant(APP, "ann@landfall.test", "secret")
        .await;
    let fault = refused.err().map(landfall_auth::Error::fault);
    assert_eq!(fault, Some(Fault::Login(LoginFault::UserInactive)));
    let wrong = org
        .auth
        .password_grant(APP, "ann@landfall.test", "wrong")
        .await;
    let fault = wrong.err().map(landfall_auth::Error::fault);
    assert_eq!(fault, Some(Fault::Login(LoginFault::AuthenticationFailed)));
}

#[tokio::test]
async fn a_promoted_user_keeps_the_login_and_sees_more() {
    let org = Org::new(settings()).await;
    let user = org.standard_user("ann@landfall.test").await;
    let granted = org
        .auth
        .password_grant(APP, "ann@landfall.test", "secret")
        .await;
    let token = granted.expect("she logs in").access_token;
    let profile = Value::Id(org.identity().administrators);
    org.update_user(user, "ProfileId", profile).await;
    let login = org.auth.authenticate(token.as_str()).expect("it is live");
    assert!(login.permissions().view_all_data);
}

#[tokio::test]
async fn a_login_survives_a_restart_and_a_revoked_one_does_not_come_back() {
    let org = Org::new(settings()).await;
    let kept = org.log_in().await.access_token;
    let revoked = org.log_in().await.access_token;
    org.auth.revoke(revoked.as_str()).await.expect("revoked");
    let created = org.auth.authenticate(kept.as_str()).expect("live").created;
    let org = org.restarted().await;
    let login = org.auth.authenticate(kept.as_str()).expect("it is live");
    assert_eq!((&*login.username, login.created), (ADMIN, created));
    assert!(login.permissions().modify_all_data);
    assert!(org.auth.authenticate(revoked.as_str()).is_err());
}

#[tokio::test]
async fn a_graceful_stop_keeps_the_last_use_and_time_goes_on_while_the_process_is_down() {
    let org = Org::new(idle_2_s()).await;
    let token = org.log_in().await.access_token;
    org.clock.advance(Duration::from_millis(1_900));
    org.auth.authenticate(token.as_str()).expect("it is live");
    org.auth.stop().await.expect("saved");
    let clock = Arc::clone(&org.clock);
    clock.advance(Duration::from_millis(1_900));
    let org = org.restarted().await;
    org.auth.authenticate(token.as_str()).expect("it is live");
    org.auth.stop().await.expect("saved");
    clock.advance(Duration::from_secs(2));
    let org = org.restarted().await;
    assert!(org.auth.authenticate(token.as_str()).is_err());
}

#[tokio::test]
async fn revoking_a_refresh_token_ends_the_logins_that_came_from_it_and_no_others() {
    let org = Org::new(settings()).await;
    let other = org.log_in().await;
    let scope = "api refresh_token";
    let first = org.log_in_by_code(APP, other.user_id, scope).await;
    let refresh = first.refresh_token.expect("a refresh token");
    let granted = org
        .auth
        .refresh_grant(APP, refresh.as_str())
        .await
        .expect("refreshed");
    assert_eq!(granted.scopes.to_string(), "api refresh_token");
    let org = org.restarted().await;
    let token = granted.access_token.as_str();
    let login = org.auth.authenticate(token).expect("it is live");
    org.auth.revoke(refresh.as_str()).await.expect("revoked");
    login.ended().await;
    assert!(org.auth.authenticate(token).is_err());
    assert!(org.auth.authenticate(first.access_token.as_str()).is_err());
    assert!(org.auth.authenticate(other.access_token.as_str()).is_ok());
    let refused = org.auth.refresh_grant(APP, refresh.as_str()).await;
    let fault = refused.err().map(landfall_auth::Error::fault);
    assert_eq!(fault, Some(Fault::Login(LoginFault::RefreshTokenInvalid)));
}
