//! What clients have sent, and what they did wrong.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::Method;
use landfall_client::{HttpClient, Org};
use landfall_server::config::{Config, Data};
use serde_json::{Value, json};

use crate::common::{WITHIN, bayeux, create_account, dev, login, start, started, stranger};
use crate::control::{call, done};

const HANDSHAKE: &str = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;

async fn listed(http: &HttpClient, query: &str) -> Vec<Value> {
    let path = format!("requests?{query}");
    let answer = done(http, "GET", &path, Value::Null).await;
    answer["requests"].as_array().expect("a list").clone()
}

async fn mistakes(http: &HttpClient) -> Vec<Value> {
    let answer = done(http, "GET", "mistakes", Value::Null).await;
    answer["mistakes"].as_array().expect("a list").clone()
}

/// A request that is refused: its status.
async fn refused(org: &Org, method: Method, path: &str, body: Option<Value>) -> u16 {
    let path = format!("/services/data/v59.0/{path}");
    let answer = org.call(method, &path, body.as_ref()).await;
    answer.expect("an answer").status.as_u16()
}

#[tokio::test]
async fn requests_are_listed_and_shown_with_their_bodies_and_without_secrets() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    create_account(&org, "kept").await;

    let all = listed(&http, "").await;
    let numbers: Vec<_> = all
        .iter()
        .filter_map(|one| one["number"].as_u64())
        .collect();
    assert_eq!(
        numbers,
        [2, 1],
        "calls of the control interface are none of a client"
    );
    let (create, token) = (&all[0], &all[1]);
    assert_eq!(
        (&create["api"], &create["status"]),
        (&json!("rest"), &json!(201))
    );
    assert_eq!(create["target"], "/services/data/v59.0/sobjects/Account");
    assert_eq!(create["cut"], false);
    assert!(create["ms"].is_u64());
    assert_eq!(
        (&token["api"], &token["status"]),
        (&json!("oauth"), &json!(200))
    );

    let create = done(&http, "GET", "requests/2", Value::Null).await;
    assert_eq!(create["request"]["text"], r#"{"Name":"kept"}"#);
    assert_eq!(create["request"]["whole"], true);
    let answer = create["answer"]["text"].as_str().expect("a text");
    assert!(answer.contains(r#""success":true"#), "{answer}");

    let token = done(&http, "GET", "requests/1", Value::Null).await;
    let form = token["request"]["text"].as_str().expect("a text");
    assert!(form.contains("password=***"), "{form}");
    assert!(form.contains("client_secret=***"), "{form}");
    let answer = token["answer"]["text"].as_str().expect("a text");
    assert!(answer.contains(r#""access_token":"***""#), "{answer}");
    assert!(!answer.contains('!'), "{answer}");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn requests_are_filtered_and_forgotten() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    for name in ["one", "two", "three"] {
        create_account(&org, name).await;
    }
    let numbers = async |query: &str| -> Vec<u64> {
        let listed = listed(&http, query).await;
        listed
            .iter()
            .filter_map(|one| one["number"].as_u64())
            .collect()
    };
    assert_eq!(numbers("api=oauth").await, [1]);
    assert_eq!(numbers("status=201").await, [4, 3, 2]);
    assert_eq!(numbers("text=two").await, [3]);
    assert_eq!(
        numbers("text=POST%20%2Fservices%2Fdata&before=4&after=2").await,
        [3]
    );
    assert_eq!(numbers("limit=2").await, [4, 3]);
    let page = done(&http, "GET", "requests?limit=2", Value::Null).await;
    assert_eq!(page["more"], true);
    for (query, status) in [
        ("api=none", 400),
        ("limit=0", 400),
        ("limit=1001", 400),
        ("status=x", 400),
        ("other=1", 400),
    ] {
        let answer = call(&http, "GET", &format!("requests?{query}"), String::new()).await;
        assert_eq!(answer.status.as_u16(), status, "{query}");
    }
    let unknown = call(&http, "GET", "requests/99", String::new()).await;
    assert_eq!(unknown.json()["error"]["code"], "request-not-found");

    done(&http, "DELETE", "requests", Value::Null).await;
    assert!(listed(&http, "").await.is_empty());
    create_account(&org, "four").await;
    assert_eq!(numbers("").await, [5], "numbers go on");
    done(&http, "POST", "reset", Value::Null).await;
    assert!(
        listed(&http, "").await.is_empty(),
        "each test begins with none"
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_no_correct_client_does_is_a_mistake_with_a_hint() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let account = json!({ "Nmae": "x" });
    assert_eq!(
        refused(&org, Method::POST, "sobjects/Account", Some(account)).await,
        400
    );
    assert_eq!(
        refused(&org, Method::GET, "sobjects/Acount", None).await,
        404
    );
    assert_eq!(
        refused(&org, Method::GET, "query?q=SELECT+Id+FROM+Contct", None).await,
        400
    );
    assert_eq!(
        refused(&org, Method::POST, "graphql", Some(json!({}))).await,
        404
    );
    assert_eq!(
        refused(&org, Method::POST, "graphql", Some(json!({}))).await,
        404
    );
    let shaken = bayeux(&org, HANDSHAKE).await;
    let client = shaken[0]["clientId"].clone();
    let subscription = "/data/AcountChangeEvent";
    let subscribe =
        json!([{ "channel": "/meta/subscribe", "clientId": client, "subscription": subscription }]);
    assert_eq!(
        bayeux(&org, &subscribe.to_string()).await[0]["successful"],
        false
    );
    // What a client has to live with is none.
    assert_eq!(
        refused(
            &org,
            Method::GET,
            "sobjects/Account/001000000000001AAA",
            None
        )
        .await,
        404
    );

    let found: Vec<(String, Value, Value)> = mistakes(&http)
        .await
        .into_iter()
        .map(|one| {
            let kind = one["kind"].as_str().expect("a kind").to_owned();
            (kind, one["hint"].clone(), one["times"].clone())
        })
        .collect();
    let once = |kind: &str, hint: &str| (kind.to_owned(), json!(hint), json!(1));
    assert_eq!(
        found,
        [
            once("unknown-field", "did you mean Name?"),
            once("unknown-resource", "did you mean Account?"),
            once("unknown-object", "did you mean Contact?"),
            ("unsupported".to_owned(), Value::Null, json!(2)),
            once("unknown-channel", "did you mean /data/AccountChangeEvent?"),
        ]
    );
    let unsupported = listed(&http, "text=graphql").await;
    assert_eq!(
        unsupported[0]["unsupported"],
        "the GraphQL API is not supported"
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_poll_that_is_held_is_listed_and_one_that_is_given_up_is_cut() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let shaken = bayeux(&org, HANDSHAKE).await;
    let client = shaken[0]["clientId"].clone();
    let connect = json!([{ "channel": "/meta/connect", "clientId": client, "connectionType": "long-polling" }]);
    let connect = connect.to_string();
    bayeux(&org, &connect).await;
    let held = bayeux(&org, &connect);
    let seen = async {
        loop {
            let newest = listed(&http, "api=streaming&limit=1").await.remove(0);
            if newest["number"] == 4 && newest["status"].is_null() {
                return newest;
            }
        }
    };
    tokio::select! {
        _ = held => panic!("it is held"),
        newest = seen => assert!(newest["ms"].is_null()),
    }
    let cut = async || {
        let newest = listed(&http, "api=streaming&limit=1").await.remove(0);
        newest["cut"] == true
    };
    let cut = async { while !cut().await {} };
    tokio::time::timeout(WITHIN, cut).await.expect("it is cut");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn an_org_without_a_journal_says_so() {
    let config = Config {
        journal_requests: 0,
        ..dev(Data::Ephemeral)
    };
    let running = started(&config).await.expect("starts");
    let http = stranger(&running);
    for (method, path) in [
        ("GET", "requests"),
        ("GET", "requests/1"),
        ("DELETE", "requests"),
        ("GET", "mistakes"),
    ] {
        let answer = call(&http, method, path, String::new()).await;
        assert_eq!(answer.status.as_u16(), 409, "{method} {path}");
        assert_eq!(answer.json()["error"]["code"], "journal-off");
    }
    running.stop().await.expect("stops");
}
