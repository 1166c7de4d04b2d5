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
