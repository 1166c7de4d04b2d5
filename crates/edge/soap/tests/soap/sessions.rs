//! Who may end whose sessions.

use crate::org::{Org, texts};

#[tokio::test]
async fn a_user_ends_no_sessions_but_his_own() {
    let org = Org::new().await;
    let token = org.inner.standard_user("user@landfall.test").await;
    let end = |token: &str| {
        format!("<invalidateSessions><sessionIds>{token}</sessionIds></invalidateSessions>")
    };
    let (_, body) = org.call_as(&token, "", &end(&org.inner.token)).await;
    assert_eq!(texts(&body, "success"), ["false"]);
    assert_eq!(org.call("", "<getUserInfo/>").await.0, 200);
    let (_, body) = org.call_as(&token, "", &end(&token)).await;
    assert_eq!(texts(&body, "success"), ["true"]);
    assert_eq!(org.call_as(&token, "", "<getUserInfo/>").await.0, 500);
}

/// Source: `setPassword()` (SOAP API Developer Guide).
#[tokio::test]
async fn a_password_is_set_by_its_user_and_by_who_may_change_everything() {
    let org = Org::new().await;
    let token = org.inner.standard_user("user@landfall.test").await;
    let (_, who) = org.call_as(&token, "", "<getUserInfo/>").await;
    let user = texts(&who, "userId")[0].to_owned();
    let (_, who) = org.call("", "<getUserInfo/>").await;
    let admin = texts(&who, "userId")[0].to_owned();
    let set = |user: &str, password: &str| {
        format!("<setPassword><userId>{user}</userId><password>{password}</password></setPassword>")
    };
    for (by, password) in [(&token, "first"), (&org.inner.token, " second ")] {
        let (status, body) = org.call_as(by, "", &set(&user, password)).await;
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("<setPasswordResponse>"), "{body}");
        let session = org.inner.auth.session("user@landfall.test", password);
        assert!(session.await.is_ok(), "{password}");
    }
    assert!(
        org.inner
            .auth
            .session("user@landfall.test", "first")
            .await
            .is_err()
    );
    for (by, user, password) in [
        (&token, admin.as_str(), "mine"),
        (&org.inner.token, "005000000000000", "x"),
        (&org.inner.token, "001000000000000", "x"),
        (&org.inner.token, "nonsense", "x"),
        (&org.inner.token, user.as_str(), ""),
    ] {
        let (status, body) = org.call_as(by, "", &set(user, password)).await;
        assert_eq!(status, 500, "{body}");
    }
}
