//! Orgs with a random seed and a clock that stands still: the same requests get the same bytes.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use landfall_client::pubsub::PubSub;
use landfall_client::streaming::Replay;
use landfall_client::{HttpClient, Trust};
use landfall_server::config::{Config, Data};
use landfall_server::{Running, Server};
use serde_json::Value;

use crate::common::{WITHIN, dev, get, login, stranger};

const START: &str = "2030-01-01T09:00:00Z";

fn config(data: Data, seed: u64) -> Config {
    let mut config = dev(data);
    config.random_seed = Some(seed);
    config.frozen_at = landfall_wire::dates::parse_date_time(START);
    config
}

fn text(json: &Value, pointer: &str) -> String {
    let text = json.pointer(pointer).and_then(Value::as_str);
    text.expect("a text").to_owned()
}

/// What a client gets, one answer after the other: status, headers except for the time of the machine, body.
struct Client {
    http: HttpClient,
    token: String,
    /// The address of the server, which is another one each time.
    address: String,
    received: Vec<String>,
}

impl Client {
    async fn of(running: &Running) -> Self {
        let mut client = Self {
            http: stranger(running),
            token: String::new(),
            address: running.url().trim_start_matches("http://").to_owned(),
            received: Vec::new(),
        };
        let form = "grant_type=password&client_id=landfall&client_secret=landfall\
            &username=admin%40landfall.test&password=landfall";
        let answer = client
            .post(
                "/services/oauth2/token",
                "application/x-www-form-urlencoded",
                form,
            )
            .await;
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        client.token = text(&answer, "/access_token");
        // The signature is one of the address, too.
        let signature = text(&answer, "/signature");
        for received in &mut client.received {
            *received = received.replace(&signature, "SIGNATURE");
        }
        client
    }

    async fn post(&mut self, path: &str, content_type: &str, body: &str) -> String {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::<Bytes>::from(body.to_owned()))
            .expect("a request");
        let answer = self.http.send(request, WITHIN).await.expect("an answer");
        let mut headers = answer.headers;
        headers.remove(header::DATE);
        let body = String::from_utf8(answer.body.to_vec()).expect("text");
        let all = format!("{path} {} {headers:?} {body}", answer.status);
        self.received.push(all.replace(&self.address, "HOST"));
        body
    }

    async fn json(&mut self, path: &str, body: &str) -> Value {
        let text = self.post(path, "application/json", body).await;
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Everything that a client gets for the same requests.
async fn session(running: &Running) -> Vec<String> {
    let mut client = Client::of(running).await;
    let data = "/services/data/v59.0";
    let cometd = "/cometd/59.0";
    let handshake = r#"[{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}]"#;
    let shaken = client.json(cometd, handshake).await;
    let id = text(&shaken, "/0/clientId");
    let connect = format!(
        r#"[{{"channel":"/meta/connect","clientId":"{id}","connectionType":"long-polling"}}]"#
    );
    client.json(cometd, &connect).await;
    let subscribe = format!(
        r#"[{{"channel":"/meta/subscribe","clientId":"{id}","subscription":"/data/ChangeEvents"}}]"#
    );
    client.json(cometd, &subscribe).await;
    client
        .json(&format!("{data}/sobjects/Account"), r#"{"Name":"Acme"}"#)
        .await;
    let tree = r#"{"records":[{"attributes":{"type":"Contact","referenceId":"a"},"LastName":"Roe"},
        {"attributes":{"type":"Contact","referenceId":"b"},"LastName":"Poe"}]}"#;
    client
        .json(&format!("{data}/composite/tree/Contact"), tree)
        .await;
    client.json(cometd, &connect).await;
    let job = r#"{"object":"Account","operation":"insert"}"#;
    client.json(&format!("{data}/jobs/ingest"), job).await;
    let login = r#"<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
        <login xmlns="urn:partner.soap.sforce.com"><username>admin@landfall.test</username><password>landfall</password></login>
        </soapenv:Body></soapenv:Envelope>"#;
    client
        .post("/services/Soap/u/59.0", "text/xml", login)
        .await;
    let pubsub = PubSub::connect(&crate::common::login(running).await, &Trust::nobody()).await;
    let events = pubsub
        .expect("a connection")
        .subscribe("/data/AccountChangeEvent", Replay::Earliest)
        .await;
    let events = events.expect("a subscription").next_encoded().await;
    for event in events.expect("events") {
        client
            .received
            .push(format!("{:?} {:?}", event.replay_id, event.payload));
    }
    client.received
}

#[tokio::test]
async fn two_orgs_with_the_same_seed_answer_with_the_same_bytes() {
    let mut sessions = Vec::new();
    for seed in [7, 7, 8] {
        let running = Server::start(config(Data::Ephemeral, seed))
            .await
            .expect("starts");
        sessions.push(session(&running).await);
        running.stop().await.expect("stops");
    }
    let [first, second, other] = sessions.as_slice() else {
        panic!("three sessions");
    };
    assert_eq!(first.len(), 10);
    for (first, second) in first.iter().zip(second) {
        assert_eq!(first, second);
    }
    assert_ne!(first, other);
    assert!(first.concat().contains("2030-01-01T09:00:00.000"));
}

#[tokio::test]
async fn an_org_that_is_there_goes_on_with_another_sequence() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let config = config(Data::Folder(folder.path().to_owned()), 7);
        let running = crate::common::started(&config).await.expect("starts");
        let org = login(&running).await;
        tokens.push(org.access_token().expose().to_owned());
        crate::common::create_account(&org, "Acme").await;
        let clock = get(&stranger(&running), "/_landfall/v1/clock").await.json();
        assert_eq!(clock["mode"], "frozen");
        assert_eq!(clock["now"], "2030-01-01T09:00:00.000Z");
        running.stop().await.expect("stops");
    }
    assert_ne!(tokens.first(), tokens.last());
}
