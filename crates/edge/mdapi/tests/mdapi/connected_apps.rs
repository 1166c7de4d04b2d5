//! Connected apps that are deployed ask for tokens like those of the configuration.

use landfall_auth::{AuthorizationParameters, Client, ResponseType};
use landfall_model::{Fault, LoginFault};

use crate::org::{Org, file, manifest, told};

const CALLBACK: &str = "https://robot.example.com/callback";

fn robot(more: &str) -> String {
    let config = format!(
        "<callbackUrl>{CALLBACK}\nhttp://localhost:1717/OauthRedirect</callbackUrl><consumerKey>robot.key</consumerKey>\
         {more}<scopes>Api</scopes><scopes>RefreshToken</scopes>"
    );
    let head = "<contactEmail>robot@example.com</contactEmail><label>Robot</label>";
    file(
        "ConnectedApp",
        &format!("{head}<oauthConfig>{config}</oauthConfig>"),
    )
}

#[tokio::test]
async fn a_deployed_app_gets_codes_until_it_is_removed() {
    let org = Org::new().await;
    let package = manifest(&[("ConnectedApp", &["Robot"])]);
    let app = robot(
        "<isPkceRequired>true</isPkceRequired><isConsumerSecretOptional>true</isConsumerSecretOptional>",
    );
    let files = [
        ("package.xml", package.as_str()),
        ("connectedApps/Robot.connectedApp", &app),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(
        told(&result),
        [
            "Successes|ConnectedApp|Robot|connectedApps/Robot.connectedApp|created|||",
            "Successes||package.xml|package.xml|changed|||",
        ]
    );
    let auth = &org.base.auth;
    let asking = auth.asking_app("robot.key", CALLBACK).expect("it is there");
    assert_eq!(asking.scopes.to_string(), "api refresh_token");
    let elsewhere = auth.asking_app("robot.key", "https://elsewhere.example.com/");
    assert_eq!(
        elsewhere.err(),
        Some(Fault::Login(LoginFault::RedirectUriMismatch))
    );
    let parameters = AuthorizationParameters {
        response_type: ResponseType::Code,
        redirect_uri: CALLBACK,
        scope: None,
        code_challenge: None,
        code_challenge_method: None,
        nonce: None,
    };
    let refused = auth.authorization_request(asking, parameters);
    assert_eq!(
        refused.err(),
        Some(Fault::Login(LoginFault::CodeChallengeMissing))
    );
    let empty = manifest(&[]);
    let files = [
        ("package.xml", empty.as_str()),
        ("destructiveChanges.xml", &package),
    ];
    org.deploy(&files, "").await;
    let gone = org.base.auth.asking_app("robot.key", CALLBACK);
    assert_eq!(gone.err(), Some(Fault::Login(LoginFault::ClientIdInvalid)));
}

#[tokio::test]
async fn a_secret_is_asked_for_unless_the_app_may_go_without() {
    let org = Org::new().await;
    let package = manifest(&[("ConnectedApp", &["Robot"])]);
    let app = robot("<consumerSecret>robot.secret</consumerSecret>");
    let files = [
        ("package.xml", package.as_str()),
        ("connectedApps/Robot.connectedApp", &app),
    ];
    org.deploy(&files, "").await;
    let identified = async |secret| {
        let client = Client {
            id: "robot.key",
            secret,
        };
        let auth = &org.base.auth;
        auth.introspect(client, "of nobody").await.is_ok()
    };
    assert!(identified(Some("robot.secret")).await);
    for secret in [None, Some(""), Some("wrong.secret")] {
        assert!(!identified(secret).await, "{secret:?}");
    }
}
