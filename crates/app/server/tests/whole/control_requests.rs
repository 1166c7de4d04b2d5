//! What clients have sent, and what they did wrong.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use http::{Method, Request, header};
use http_body_util::Full;
use landfall_client::pubsub::PubSub;
use landfall_client::streaming::Replay;
use landfall_client::{HttpClient, Org, Trust};
use landfall_server::config::{Config, Data};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::common::{WITHIN, bayeux, create_account, dev, get, login, start, started, stranger};
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
    assert_eq!(create["user"], "admin@landfall.test");
    assert!(
        token["user"].is_null(),
        "nobody has a token before the login"
    );
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
async fn what_fails_within_an_answer_is_a_mistake_too() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let account = "/services/data/v59.0/sobjects/Account";
    let parts = json!({ "compositeRequest": [
        { "method": "POST", "url": account, "referenceId": "one", "body": { "Nmae": "x" } },
        { "method": "POST", "url": account, "referenceId": "two", "body": { "Nmae": "y" } },
        { "method": "GET", "url": "/services/data/v59.0/sobjects/Acount", "referenceId": "three" },
        { "method": "GET", "url": "/services/data/v59.0/query?q=SELECT+Id+FROM+Account", "referenceId": "four" },
    ] });
    let path = "composite";
    assert_eq!(refused(&org, Method::POST, path, Some(parts)).await, 200);
    let batch = json!({ "batchRequests": [{ "method": "GET", "url": "v59.0/query?q=SELECT+Id+FROM+Contct" }] });
    let path = "composite/batch";
    assert_eq!(refused(&org, Method::POST, path, Some(batch)).await, 200);
    let mistakes = mistakes(&http).await;
    let found: Vec<_> = mistakes
        .iter()
        .map(|one| {
            (
                &one["kind"],
                &one["hint"],
                one["first"].as_i64(),
                one["times"].as_i64(),
            )
        })
        .collect();
    let (field, resource, object) = (
        json!("unknown-field"),
        json!("unknown-resource"),
        json!("unknown-object"),
    );
    // What a part names is not in the path of the request.
    let (name, none, contact) = (
        json!("did you mean Name?"),
        Value::Null,
        json!("did you mean Contact?"),
    );
    assert_eq!(
        found,
        [
            (&field, &name, Some(2), Some(2)),
            (&resource, &none, Some(2), Some(1)),
            (&object, &contact, Some(3), Some(1)),
        ]
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_is_wrong_with_single_records_is_a_mistake_too() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let record = |kind: &str, more: Value| {
        let mut record = json!({ "attributes": { "type": kind, "referenceId": "one" } });
        let members = more.as_object().expect("an object").clone();
        record.as_object_mut().expect("an object").extend(members);
        record
    };
    let account = "001000000000001AAA";
    let good = record("Account", json!({ "Name": "A" }));
    let with_id = record("Account", json!({ "Name": "B", "Id": account }));
    // A value that is refused is no mistake.
    let nameless = record("Account", json!({}));
    let records = json!({ "records": [good, with_id, nameless] });
    let path = "composite/sobjects";
    assert_eq!(refused(&org, Method::POST, path, Some(records)).await, 200);
    let without_id = json!({ "records": [record("Account", json!({ "Name": "C" }))] });
    assert_eq!(
        refused(&org, Method::PATCH, path, Some(without_id)).await,
        200
    );
    let path = format!("{path}?ids={account},nothing");
    assert_eq!(refused(&org, Method::DELETE, &path, None).await, 200);
    let tree = json!({ "records": [record("Acount", json!({ "Name": "D" }))] });
    let path = "composite/tree/Account";
    assert_eq!(refused(&org, Method::POST, path, Some(tree)).await, 400);
    let mistakes = mistakes(&http).await;
    let found: Vec<_> = mistakes
        .iter()
        .map(|one| (one["kind"].as_str(), one["first"].as_i64(), &one["hint"]))
        .collect();
    let (none, meant) = (Value::Null, json!("did you mean Account?"));
    assert_eq!(
        found,
        [
            (Some("malformed"), Some(2), &none),
            (Some("malformed"), Some(3), &none),
            (Some("malformed"), Some(4), &none),
            (Some("unknown-object"), Some(5), &meant),
        ]
    );
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn what_is_wrong_with_records_of_a_soap_call_is_a_mistake_too() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let create = r"<create><sObjects><type>Account</type><Nmae>A</Nmae></sObjects>
        <sObjects><type>Account</type><Name>B</Name></sObjects>
        <sObjects><type>Account</type></sObjects></create>";
    let delete = "<delete><ids>nothing</ids></delete>";
    let none = "<crate/>";
    for (call, status) in [(create, 200), (delete, 200), (none, 500)] {
        let answer = org.soap("59.0", call).await.expect("an answer");
        assert_eq!(answer.status.as_u16(), status, "{call}");
    }
    let mistakes = mistakes(&http).await;
    let found: Vec<_> = mistakes
        .iter()
        .map(|one| (one["kind"].as_str(), one["first"].as_i64(), &one["hint"]))
        .collect();
    let (none, meant) = (Value::Null, json!("did you mean Name?"));
    assert_eq!(
        found,
        [
            (Some("unknown-field"), Some(2), &meant),
            (Some("malformed"), Some(3), &none),
            (Some("unknown-resource"), Some(4), &none),
        ]
    );
    running.stop().await.expect("stops");
}

/// Has a job change accounts, and waits for its end; its id.
async fn ingested(org: &Org, operation: &str, data: &str) -> String {
    const JOBS: &str = "/services/data/v59.0/jobs/ingest";
    let job = json!({ "object": "Account", "operation": operation });
    let job = org.call(Method::POST, JOBS, Some(&job)).await;
    let job = job.expect("an answer").json()["id"].clone();
    let id = job.as_str().expect("an id").to_owned();
    let path = format!("{JOBS}/{id}");
    let upload = Request::put(format!("{path}/batches"))
        .header(header::CONTENT_TYPE, "text/csv")
        .header(
            header::AUTHORIZATION,
            format!("Bearer {}", org.access_token().expose()),
        )
        .body(Full::from(data.to_owned()))
        .expect("a request");
    let uploaded = org.http().send(upload, WITHIN).await.expect("an answer");
    assert_eq!(uploaded.status.as_u16(), 201);
    let close = json!({ "state": "UploadComplete" });
    let closed = org.call(Method::PATCH, &path, Some(&close)).await;
    assert_eq!(closed.expect("an answer").status.as_u16(), 200);
    let ended = async {
        loop {
            let job = org.call(Method::GET, &path, None).await;
            let state = job.expect("an answer").json()["state"].clone();
            if state == "JobComplete" || state == "Failed" {
                return;
            }
        }
    };
    timeout(WITHIN, ended).await.expect("the job ends");
    id
}

#[tokio::test]
async fn what_fails_in_a_bulk_job_is_a_mistake_of_the_request_that_has_begun_it() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    // A value that is refused is no mistake.
    let rows = ingested(&org, "update", "Id,Name\nnothing,A\n001000000000001AAA,B\n").await;
    let failed = ingested(&org, "insert", "Nmae\nA\n").await;
    let mistakes = mistakes(&http).await;
    let found: Vec<_> = mistakes
        .iter()
        .map(|one| {
            let message = one["message"].as_str().expect("a text");
            (one["kind"].as_str(), message, &one["hint"])
        })
        .collect();
    let begun =
        |job: &str, answer: &str| format!("PATCH /services/data/v59.0/jobs/ingest/{job}: {answer}");
    assert_eq!(
        found,
        [
            (
                Some("malformed"),
                begun(&rows, "malformed id nothing").as_str(),
                &Value::Null
            ),
            (
                Some("unknown-field"),
                begun(&failed, "InvalidBatch : Field name not found : Nmae").as_str(),
                &json!("did you mean Name?")
            ),
        ]
    );
    running.stop().await.expect("stops");
}

/// The members that the format requires.
const ARCHIVED: &[(&str, &[&str])] = &[
    (
        "request",
        &[
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        ],
    ),
    (
        "response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("timings", &["send", "wait", "receive"]),
];

#[tokio::test]
async fn requests_are_exported_as_an_http_archive() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    create_account(&org, "kept").await;
    let query = "query?q=SELECT+Name+FROM+Account";
    assert_eq!(refused(&org, Method::GET, query, None).await, 200);
    let archive = done(&http, "GET", "har", Value::Null).await;
    let log = &archive["log"];
    assert_eq!(
        (&log["version"], &log["creator"]["name"]),
        (&json!("1.2"), &json!("landfall"))
    );
    let entries = log["entries"].as_array().expect("a list");
    let [token, create, query] = entries.as_slice() else {
        panic!("three requests: {entries:?}");
    };
    let form = token["request"]["postData"]["text"]
        .as_str()
        .expect("a text");
    assert!(form.contains("password=***"), "{form}");
    let url = format!("{}/services/data/v59.0/sobjects/Account", running.url());
    assert_eq!(create["request"]["url"], url);
    assert_eq!(create["request"]["postData"]["text"], r#"{"Name":"kept"}"#);
    assert_eq!(
        (&create["response"]["status"], &create["_user"]),
        (&json!(201), &json!("admin@landfall.test"))
    );
    assert_eq!(create["response"]["statusText"], "Created");
    let pairs = json!([{ "name": "q", "value": "SELECT Name FROM Account" }]);
    assert_eq!(query["request"]["queryString"], pairs);
    assert!(query["request"]["postData"].is_null());
    for entry in entries {
        for (part, members) in ARCHIVED {
            for member in *members {
                assert!(!entry[part][member].is_null(), "{part} {member}");
            }
        }
    }
    let some = done(&http, "GET", "har?api=rest&limit=1", Value::Null).await;
    let some = some["log"]["entries"].as_array().expect("a list").clone();
    assert_eq!(some.len(), 1);
    assert_eq!(some[0]["_number"], 3);
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
    timeout(WITHIN, cut).await.expect("it is cut");
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
        ("GET", "har"),
        ("DELETE", "requests"),
        ("GET", "mistakes"),
    ] {
        let answer = call(&http, method, path, String::new()).await;
        assert_eq!(answer.status.as_u16(), 409, "{method} {path}");
        assert_eq!(answer.json()["error"]["code"], "journal-off");
    }
    running.stop().await.expect("stops");
}

/// The access token of SOAP is in the envelope.
#[tokio::test]
async fn a_request_of_any_api_has_its_user_and_one_without_a_valid_token_has_none() {
    let running = start().await;
    let (org, http) = (login(&running).await, stranger(&running));
    let user = async || {
        let newest = listed(&http, "limit=1").await.remove(0);
        newest["user"].clone()
    };
    for path in [
        "/services/data/v59.0/limits",
        "/services/data/v59.0/none",
        "/services/data/v59.0/tooling/sobjects",
        "/services/data/v59.0/jobs/ingest",
        "/services/data/v59.0/metadata/deployRequest/0Af000000000001AAA",
        "/services/async/59.0/job/750000000000001AAA",
        "/services/oauth2/userinfo",
    ] {
        org.call(Method::GET, path, None).await.expect("an answer");
        assert_eq!(user().await, "admin@landfall.test", "{path}");
    }
    let soap = org.soap("59.0", "<getUserInfo/>").await;
    assert_eq!(soap.expect("an answer").status.as_u16(), 200);
    assert_eq!(user().await, "admin@landfall.test");
    bayeux(&org, HANDSHAKE).await;
    assert_eq!(user().await, "admin@landfall.test");
    let pubsub = PubSub::connect(&org, &Trust::nobody()).await;
    let topic = "/data/AccountChangeEvent";
    let stream = pubsub.expect("a connection");
    let stream = stream.subscribe(topic, Replay::Latest).await;
    stream.expect("a subscription");
    assert_eq!(user().await, "admin@landfall.test");

    let refused = get(&http, "/services/data/v59.0/limits").await;
    assert_eq!(refused.status.as_u16(), 401);
    assert!(user().await.is_null());
    running.stop().await.expect("stops");
}
