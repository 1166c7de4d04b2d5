//! A developer org behind the SOAP API, with an object and two platform events of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use landfall_metadata::Component;
use landfall_soap::{SoapState, router};
use landfall_test_org::TestOrg;

const TRIP: &str = "<label>Trip</label><pluralLabel>Trips</pluralLabel>\
    <nameField><type>Text</type><label>Name</label></nameField>\
    <fields><fullName>Code__c</fullName><label>Code</label><type>Text</type><length>20</length>\
    <externalId>true</externalId><unique>true</unique></fields>\
    <fields><fullName>Number__c</fullName><label>Number</label><type>Number</type><precision>6</precision>\
    <scale>0</scale><externalId>true</externalId></fields>\
    <fields><fullName>After__c</fullName><label>After</label><type>Lookup</type>\
    <referenceTo>Trip__c</referenceTo><relationshipName>Before</relationshipName></fields>\
    <fields><fullName>Place__c</fullName><label>Place</label><type>Location</type><scale>5</scale></fields>";

const NUMBER: &str = "<fields><fullName>Count__c</fullName><label>Count</label><type>Number</type>\
    <precision>6</precision><scale>0</scale></fields>";

pub(crate) struct Org {
    pub(crate) inner: TestOrg,
    router: Router,
}

fn component(name: &str, body: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    Component {
        path: format!("objects/{name}.object"),
        content: format!("<CustomObject xmlns=\"{namespace}\">{body}</CustomObject>"),
    }
}

fn event(name: &str, behavior: &str) -> Component {
    let body = format!(
        "<label>{name}</label><pluralLabel>{name}</pluralLabel><eventType>HighVolume</eventType>\
         <publishBehavior>{behavior}</publishBehavior>{NUMBER}"
    );
    component(name, &body)
}

impl Org {
    pub(crate) async fn new() -> Self {
        let inner = TestOrg::new().await;
        inner
            .deploy(vec![
                component("Trip__c", TRIP),
                event("Now__e", "PublishImmediately"),
                event("Then__e", "PublishAfterCommit"),
            ])
            .await;
        let router = router(SoapState {
            engine: inner.engine.clone(),
            auth: inner.auth.clone(),
            base_url: Arc::new(|_| "https://localhost:7443".to_owned()),
        });
        Self { inner, router }
    }

    /// Makes a call with these headers; the answer's status and what is in its body.
    pub(crate) async fn call(&self, headers: &str, call: &str) -> (u16, String) {
        self.call_as(&self.inner.token, headers, call).await
    }

    /// The same with another session.
    pub(crate) async fn call_as(&self, token: &str, headers: &str, call: &str) -> (u16, String) {
        self.send("59.0", token, headers, call).await
    }

    /// Makes a call of a version of the API that succeeds.
    pub(crate) async fn done_by(&self, version: &str, call: &str) -> String {
        let (status, body) = self.send(version, &self.inner.token, "", call).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// Sends an envelope as it is; the answer's status and text.
    pub(crate) async fn send_body(&self, body: Body) -> (u16, String) {
        let request = Request::builder()
            .method("POST")
            .uri("/services/Soap/u/59.0")
            .header("soapaction", "\"\"")
            .body(body)
            .expect("a request");
        let reply = landfall_test_org::send(&self.router, request).await;
        let text = String::from_utf8(reply.body).expect("a text");
        (reply.status.as_u16(), text)
    }

    async fn send(&self, version: &str, token: &str, headers: &str, call: &str) -> (u16, String) {
        let envelope = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader><sessionId>{token}\
             </sessionId></SessionHeader>{headers}</e:Header><e:Body>{call}</e:Body></e:Envelope>",
        );
        let request = Request::builder()
            .method("POST")
            .uri(format!("/services/Soap/u/{version}"))
            .header("soapaction", "\"\"")
            .body(envelope.into())
            .expect("a request");
        let reply = landfall_test_org::send(&self.router, request).await;
        let text = String::from_utf8(reply.body).expect("a text");
        let (_, body) = text.split_once("<soapenv:Body>").expect("a body");
        let (body, _) = body.split_once("</soapenv:Body>").expect("its end");
        (reply.status.as_u16(), body.to_owned())
    }

    /// Makes a call that succeeds.
    pub(crate) async fn done(&self, call: &str) -> String {
        self.done_by("59.0", call).await
    }

    /// How many events of a topic were published so far.
    pub(crate) fn tail(&self) -> u64 {
        self.inner.engine.log().bounds().tail.get()
    }
}

/// The texts of all elements of this name, in order.
pub(crate) fn texts<'b>(body: &'b str, name: &str) -> Vec<&'b str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = body.split(open.as_str()).skip(1);
    parts
        .filter_map(|part| part.split_once(close.as_str()))
        .map(|(text, _)| text)
        .collect()
}
