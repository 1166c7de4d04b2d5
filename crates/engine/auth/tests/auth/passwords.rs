//! Passwords, security tokens, and what slows guessing down.

use std::time::Duration;

use landfall_auth::{Error, Settings};
use landfall_model::{Fault, LoginFault, Value, ValueFault};

use crate::org::{ADMIN, APP, Org, settings};

async fn refusal(org: &Org, username: &str, password: &str) -> Option<Fault> {
    let granted = org.auth.password_grant(APP, username, password).await;
    granted.err().map(Error::fault)
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_get_the_same_answer() {
    let org = Org::new(settings()).await;
    let long = "x".repeat(10_000);
    for (username, password) in [
        (ADMIN, "Landfall"),
        (ADMIN, ""),
        (ADMIN, long.as_str()),
        ("nobody@landfall.test", "landfall"),
        ("", ""),
    ] {
        let fault = refusal(&org, username, password).await;
        assert_eq!(
            fault,
            Some(Fault::Login(LoginFault::AuthenticationFailed)),
            "{username}"
        );
    }
}

#[tokio::test]
async fn a_security_token_after_the_password_is_not_harmful_in_a_developer_org() {
    let org = Org::new(settings()).await;
    let token = "0123456789abcdefABCDEFGH";
    assert_eq!(
        refusal(&org, ADMIN, &format!("landfall{token}")).await,
        None
    );
    assert_eq!(
        refusal(&org, ADMIN, &format!("landfall{token}9")).await,
        None
    );
    for any in ["x", "not-a-token", "012345678901234567890123-"] {
        let password = format!("landfall{any}");
        assert_eq!(refusal(&org, ADMIN, &password).await, None, "{any}");
    }
    for wrong in [
        "landfal",
        "Landfallx",
        "xlandfall",
        "xlandfall0123456789abcdefABCDEFGH",
    ] {
        assert!(refusal(&org, ADMIN, wrong).await.is_some(), "{wrong}");
    }
}

#[tokio::test]
async fn elsewhere_only_the_users_own_security_token_may_follow() {
    let strict = Settings {
        security_token_ignored: false,
        ..settings()
    };
    let org = Org::new(strict).await;
    let user = org.log_in().await.user_id;
    let token = org.auth.reset_security_token(user).await.expect("a token");
    assert_eq!(token.len(), 24);
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
    assert_eq!(
        refusal(&org, ADMIN, &format!("landfall{token}")).await,
        None
    );
    assert!(
        refusal(&org, ADMIN, "landfall0123456789abcdefABCDEFGH")
            .await
            .is_some()
    );
    org.auth.set_password(user, "other").await.expect("changed");
    assert!(
        refusal(&org, ADMIN, &format!("other{token}"))
            .await
            .is_some()
    );
    assert!(refusal(&org, ADMIN, "landfall").await.is_some());
    assert_eq!(refusal(&org, ADMIN, "other").await, None);
}

#[tokio::test]
async fn a_changed_password_is_followed_by_a_token_of_the_usual_length_only() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    org.auth.set_password(user, "other").await.expect("changed");
    for wrong in ["landfall", "landfallx", "otherx"] {
        assert!(refusal(&org, ADMIN, wrong).await.is_some(), "{wrong}");
    }
    let token = "0123456789abcdefABCDEFGH";
    assert_eq!(refusal(&org, ADMIN, &format!("other{token}")).await, None);
}

#[tokio::test]
async fn guesses_have_to_wait_and_the_wait_ends_by_the_clock() {
    let org = Org::new(Settings {
        failed_logins_free: 3,
        ..settings()
    })
    .await;
    for _ in 0..3 {
        let fault = refusal(&org, ADMIN, "guess").await;
        assert_eq!(fault, Some(Fault::Login(LoginFault::AuthenticationFailed)));
    }
    let fault = refusal(&org, ADMIN, "landfall").await;
    assert_eq!(fault, Some(Fault::Login(LoginFault::LoginRateExceeded)));
    org.standard_user("ann@landfall.test").await;
    assert_eq!(refusal(&org, "ann@landfall.test", "secret").await, None);
    org.clock.advance(Duration::from_secs(1));
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
}

#[tokio::test]
async fn guesses_that_are_sent_at_once_do_not_pass_the_limit_together() {
    let org = Org::new(Settings {
        failed_logins_free: 5,
        ..settings()
    })
    .await;
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let auth = org.auth.clone();
        guesses.spawn(async move { auth.password_grant(APP, ADMIN, "guess").await.err() });
    }
    let faults = guesses.join_all().await;
    let verified = faults
        .into_iter()
        .filter_map(|error| error.map(Error::fault))
        .filter(|fault| *fault == Fault::Login(LoginFault::AuthenticationFailed));
    // Two hashes are computed at once: one guess may be under way when the limit is reached.
    assert!((5..=6).contains(&verified.count()));
}

#[tokio::test]
async fn logins_of_an_hour_are_limited_as_documented() {
    let org = Org::new(Settings {
        logins_an_hour: Some(2),
        ..settings()
    })
    .await;
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
    let fault = refusal(&org, ADMIN, "landfall").await;
    assert_eq!(fault, Some(Fault::Login(LoginFault::LoginRateExceeded)));
    org.clock.advance(Duration::from_hours(1));
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
}

#[tokio::test]
async fn a_remembered_password_is_not_a_second_password() {
    let org = Org::new(Settings {
        verified_password_kept: Duration::from_mins(5),
        ..settings()
    })
    .await;
    let user = org.log_in().await.user_id;
    assert_eq!(refusal(&org, ADMIN, "landfall").await, None);
    assert!(refusal(&org, ADMIN, "wrong").await.is_some());
    org.auth.set_password(user, "other").await.expect("changed");
    assert!(refusal(&org, ADMIN, "landfall").await.is_some());
    assert_eq!(refusal(&org, ADMIN, "other").await, None);
    org.update_user(user, "IsActive", Value::Boolean(false))
        .await;
    assert_eq!(
        refusal(&org, ADMIN, "other").await,
        Some(Fault::Login(LoginFault::UserInactive))
    );
}

#[tokio::test]
async fn a_password_that_could_never_be_given_is_not_set() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    for unusable in [String::new(), "x".repeat(1_025)] {
        let refused = org.auth.set_password(user, &unusable).await;
        let fault = refused.err().map(Error::fault);
        assert!(
            matches!(fault, Some(Fault::Value(ValueFault::Refused { .. }))),
            "{fault:?}"
        );
    }
    let longest = "x".repeat(1_024);
    org.auth.set_password(user, &longest).await.expect("set");
    assert_eq!(refusal(&org, ADMIN, &longest).await, None);
}

#[tokio::test]
async fn a_password_expires_and_a_new_one_is_good() {
    let org = Org::new(settings()).await;
    let user = org.log_in().await.user_id;
    assert!(!org.auth.password_expired(user).await.expect("read"));
    org.auth.expire_password(user).await.expect("kept");
    assert!(org.auth.password_expired(user).await.expect("read"));
    org.auth.set_password(user, "other").await.expect("changed");
    assert!(!org.auth.password_expired(user).await.expect("read"));
}

#[tokio::test]
async fn every_password_is_as_long_as_the_administrators_has_to_be() {
    let org = Org::new(settings()).await;
    let user = org.standard_user("ann@landfall.test").await;
    let strict = Settings {
        password_chars_min: 12,
        ..settings()
    };
    let org = org.restarted_with(strict).await;
    let short = org.auth.set_password(user, "eleven char").await;
    let short = short.err().map(Error::fault);
    assert!(
        matches!(short, Some(Fault::Value(ValueFault::Refused { .. }))),
        "{short:?}"
    );
    let enough = org.auth.set_password(user, "twelve chars").await;
    assert!(enough.is_ok());
}
