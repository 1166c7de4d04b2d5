//! Identity URL, user info, discovery.

use http::StatusCode;
use landfall_auth::NewUser;

use crate::org::{Answer, BASE, Org, encoded, text};

const USER_INFO: &str = "/services/oauth2/userinfo";

async fn with_token(org: &Org, path: &str, token: &str) -> Answer {
    let header = format!("Bearer {token}");
    org.call("GET", path, &[("authorization", &header)], "")
        .await
}

async fn identity_path(org: &Org, token: &str) -> String {
    let body = with_token(org, USER_INFO, token).await.json();
    let url = text(&body, "sub")
        .strip_prefix(BASE)
        .expect("on the same host");
    url.to_owned()
}

#[tokio::test]
async fn user_info_has_what_the_command_line_reads() {
    let org = Org::new().await;
    let token = org.log_in().await;
    let body = with_token(&org, USER_INFO, &token).await.json();
    assert!(text(&body, "user_id").starts_with("005"));
    assert_eq!(text(&body, "preferred_username"), "admin@landfall.test");
    assert_eq!(text(&body, "organization_id").len(), 18);
    assert_eq!(text(&body, "zoneinfo"), "America/Los_Angeles");
    assert_eq!(body["utcOffset"], -28_800_000);
    assert_eq!(text(&body, "updated_at"), "2023-11-14T22:13:20.000Z");
    let rest = text(&body["urls"], "rest");
    assert_eq!(rest, format!("{BASE}/services/data/v{{version}}/"));
    assert!(
        token.starts_with(
            text(&body["urls"], "partner")
                .rsplit('/')
                .next()
                .expect("an id")
        )
    );
}

#[tokio::test]
async fn the_identity_accepts_the_token_in_header_or_query() {
    let org = Org::new().await;
    let token = org.log_in().await;
    let path = identity_path(&org, &token).await;
    let query = format!("{path}?format=json&oauth_token={}", encoded(&token));
    for answer in [
        with_token(&org, &path, &token).await,
        org.call("GET", &query, &[], "").await,
    ] {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let body = answer.json();
        assert_eq!(text(&body, "username"), "admin@landfall.test");
        assert_eq!(text(&body, "id"), format!("{BASE}{path}"));
        assert_eq!(
            text(&body, "last_modified_date"),
            "2023-11-14T22:13:20.000+0000"
        );
        assert_eq!(
            (&body["active"], text(&body, "user_type")),
            (&true.into(), "STANDARD")
        );
    }
}

#[tokio::test]
async fn unknown_metrics_paths_are_refused_in_plain_text() {
    let org = Org::new().await;
    let token = org.log_in().await;
    let path = identity_path(&org, &token).await;
    let [_, _, org_id, user_id] = path.split('/').collect::<Vec<_>>()[..] else {
        panic!("{path}");
    };
    let cases = [
        (
            format!("/id/00D000000000001/{user_id}"),
            StatusCode::FORBIDDEN,
            "Wrong_Org",
        ),
        (format!("/id/{org_id}/x"), StatusCode::FORBIDDEN, "Bad_Id"),
        (
            format!("/id/{org_id}/005000000000001"),
            StatusCode::NOT_FOUND,
            "Not Found",
        ),
    ];
    for (path, status, body) in cases {
        let answer = with_token(&org, &path, &token).await;
        assert_eq!((answer.status, answer.body.as_str()), (status, body));
    }
    for path in [path.as_str(), USER_INFO] {
        let answer = org.call("GET", path, &[], "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::FORBIDDEN, "Missing_OAuth_Token")
        );
        let answer = with_token(&org, path, "x").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::FORBIDDEN, "Bad_OAuth_Token")
        );
    }
    let answer = org
        .call("GET", &format!("{path}?oauth_token=x"), &[], "")
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (StatusCode::FORBIDDEN, "Bad_OAuth_Token")
    );
}

#[tokio::test]
async fn a_user_without_permission_sees_only_their_own_record() {
    let org = Org::new().await;
    let admin = org.log_in().await;
    let user = NewUser {
        username: "ann@landfall.test",
        password: "secret",
        last_name: "Ann",
        alias: "ann",
        profile: org.auth.engine().org().standard_users,
    };
    org.auth.create_user(&user).await.expect("a user");
    let form =
        "grant_type=password&client_id=landfall&username=ann%40landfall.test&password=secret";
    let body = org.post("/services/oauth2/token", form).await.json();
    let own = text(&body, "access_token");
    let other = identity_path(&org, &admin).await;
    assert_eq!(with_token(&org, &other, own).await.body, "No_Access");
    let path = identity_path(&org, own).await;
    for token in [own, &admin] {
        let body = with_token(&org, &path, token).await.json();
        assert_eq!(text(&body, "username"), "ann@landfall.test");
    }
}

#[tokio::test]
async fn discovery_names_only_endpoints_that_answer() {
    let org = Org::new().await;
    let answer = org
        .call("GET", "/.well-known/openid-configuration", &[], "")
        .await;
    let body = answer.json();
    assert_eq!(text(&body, "issuer"), BASE);
    for (name, value) in body.as_object().expect("an object") {
        if name.ends_with("_endpoint") {
            let path = value
                .as_str()
                .and_then(|url| url.strip_prefix(BASE))
                .expect(name);
            let answer = org.call("POST", path, &[], "").await;
            assert_ne!(answer.status, StatusCode::NOT_FOUND, "{name}");
        }
    }
    let answer = org.call("GET", "/services/oauth2/success", &[], "").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_identity_comes_as_xml_or_as_a_call_too() {
    let org = Org::new().await;
    let token = org.log_in().await;
    let path = identity_path(&org, &token).await;
    let header = format!("Bearer {token}");
    let accepting = [
        ("authorization", header.as_str()),
        ("accept", "application/xml"),
    ];
    for answer in [
        with_token(&org, &format!("{path}?format=xml"), &token).await,
        org.call("GET", &path, &accepting, "").await,
    ] {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let known = format!("<user_id>{}</user_id>", &path[path.len() - 18..]);
        assert!(answer.body.contains(&known), "{}", answer.body);
        assert!(answer.body.contains("<first_name xsi:nil=\"true\"/>"));
        assert!(answer.body.ends_with("</is_app_installed></user>"));
    }
    let call = format!("{path}?format=jsonp&callback=shown.here");
    let answer = with_token(&org, &call, &token).await;
    assert!(
        answer.body.starts_with("shown.here({\"id\":"),
        "{}",
        answer.body
    );
    assert!(answer.body.ends_with("});"));
    let code = format!("{path}?format=jsonp&callback=alert(1)//");
    let answer = with_token(&org, &code, &token).await;
    assert!(answer.body.starts_with('{'), "{}", answer.body);
}
