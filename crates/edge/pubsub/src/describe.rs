//! Messages of requests and answers as JSON, for people who look at what a client has sent and got.
//!
//! Source: "JSON Mapping" (Protocol Buffers, proto3): members in camel case, bytes as base64, no members with default values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall_wire::write_json_string;
use prost::Message;

use crate::fetch_response::{FetchResponse, ManagedFetchResponse, consumer_event};
use crate::proto::{
    CommitReplayRequest, CommitReplayResponse, ConsumerEvent, Error, ErrorCode, FetchRequest,
    ManagedFetchRequest, ProducerEvent, PublishRequest, PublishResponse, PublishResult,
    ReplayPreset, SchemaInfo, SchemaRequest, TopicInfo, TopicRequest,
};

/// A message of the request of a call, such as `Subscribe`; none if it is not one, or there is no such call.
pub fn described(call: &str, message: &[u8]) -> Option<String> {
    let mut object = Object::default();
    match call {
        "GetSchema" => object.text("schemaId", &SchemaRequest::decode(message).ok()?.schema_id),
        "GetTopic" => object.text("topicName", &TopicRequest::decode(message).ok()?.topic_name),
        "Subscribe" => fetch(&mut object, &FetchRequest::decode(message).ok()?),
        "ManagedSubscribe" => managed(&mut object, &ManagedFetchRequest::decode(message).ok()?),
        "Publish" | "PublishStream" => publish(&mut object, &PublishRequest::decode(message).ok()?),
        _ => return None,
    }
    Some(object.finished())
}

/// A message of the answer of a call; none if it is not one, or there is no such call.
pub fn described_answer(call: &str, message: &[u8]) -> Option<String> {
    let mut object = Object::default();
    match call {
        "GetSchema" => {
            let info = SchemaInfo::decode(message).ok()?;
            object.text("schemaJson", &info.schema_json);
            object.text("schemaId", &info.schema_id);
            object.text("rpcId", &info.rpc_id);
        }
        "GetTopic" => {
            let info = TopicInfo::decode(message).ok()?;
            object.text("topicName", &info.topic_name);
            object.text("tenantGuid", &info.tenant_guid);
            object.truth("canPublish", info.can_publish);
            object.truth("canSubscribe", info.can_subscribe);
            object.text("schemaId", &info.schema_id);
            object.text("rpcId", &info.rpc_id);
        }
        "Subscribe" => fetched(&mut object, &FetchResponse::decode(message).ok()?)?,
        "ManagedSubscribe" => {
            let response = ManagedFetchResponse::decode(message).ok()?;
            fetched(&mut object, &response.fetched)?;
            if let Some(commit) = &response.commit_response {
                object.raw("commitResponse", &committed(commit));
            }
        }
        "Publish" | "PublishStream" => {
            let response = PublishResponse::decode(message).ok()?;
            object.list("results", response.results.iter().map(published));
            object.text("schemaId", &response.schema_id);
            object.text("rpcId", &response.rpc_id);
        }
        _ => return None,
    }
    Some(object.finished())
}

fn fetched(object: &mut Object, response: &FetchResponse) -> Option<()> {
    let events = response.events.iter().map(|field| consumer_event(field));
    let events: Vec<ConsumerEvent> = events.collect::<Option<_>>()?;
    object.list("events", events.iter().map(delivered));
    object.bytes("latestReplayId", &response.latest_replay_id);
    object.text("rpcId", &response.rpc_id);
    object.number("pendingNumRequested", response.pending_num_requested);
    Some(())
}

fn delivered(delivered: &ConsumerEvent) -> String {
    let mut object = Object::default();
    if let Some(produced) = &delivered.event {
        object.raw("event", &event(produced));
    }
    object.bytes("replayId", &delivered.replay_id);
    object.finished()
}

fn published(result: &PublishResult) -> String {
    let mut object = Object::default();
    object.bytes("replayId", &result.replay_id);
    if let Some(error) = &result.error {
        object.raw("error", &failed(error));
    }
    object.text("correlationKey", &result.correlation_key);
    object.finished()
}

fn committed(response: &CommitReplayResponse) -> String {
    let mut object = Object::default();
    object.text("commitRequestId", &response.commit_request_id);
    object.bytes("replayId", &response.replay_id);
    if let Some(error) = &response.error {
        object.raw("error", &failed(error));
    }
    // 64 bits are a text in JSON.
    if response.process_time != 0 {
        object.text("processTime", &response.process_time.to_string());
    }
    object.finished()
}

fn failed(error: &Error) -> String {
    let mut object = Object::default();
    match error.code() {
        ErrorCode::Unknown => {}
        code => object.text("code", code.as_str_name()),
    }
    object.text("msg", &error.msg);
    object.finished()
}

fn fetch(object: &mut Object, request: &FetchRequest) {
    object.text("topicName", &request.topic_name);
    match request.replay_preset() {
        ReplayPreset::Latest => {}
        preset => object.text("replayPreset", preset.as_str_name()),
    }
    object.bytes("replayId", &request.replay_id);
    object.number("numRequested", request.num_requested);
    object.text("authRefresh", &request.auth_refresh);
}

fn managed(object: &mut Object, request: &ManagedFetchRequest) {
    object.text("subscriptionId", &request.subscription_id);
    object.text("developerName", &request.developer_name);
    object.number("numRequested", request.num_requested);
    object.text("authRefresh", &request.auth_refresh);
    if let Some(CommitReplayRequest {
        commit_request_id,
        replay_id,
    }) = &request.commit_replay_id_request
    {
        let mut commit = Object::default();
        commit.text("commitRequestId", commit_request_id);
        commit.bytes("replayId", replay_id);
        object.raw("commitReplayIdRequest", &commit.finished());
    }
}

fn publish(object: &mut Object, request: &PublishRequest) {
    object.text("topicName", &request.topic_name);
    object.list("events", request.events.iter().map(event));
    object.text("authRefresh", &request.auth_refresh);
}

fn event(event: &ProducerEvent) -> String {
    let mut object = Object::default();
    object.text("id", &event.id);
    object.text("schemaId", &event.schema_id);
    object.bytes("payload", &event.payload);
    object.finished()
}

/// An object that is being written.
#[derive(Default)]
struct Object(String);

impl Object {
    fn raw(&mut self, name: &str, json: &str) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        write_json_string(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(json);
    }

    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            let mut json = String::new();
            write_json_string(&mut json, text);
            self.raw(name, &json);
        }
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.text(name, &STANDARD.encode(bytes));
    }

    fn truth(&mut self, name: &str, truth: bool) {
        if truth {
            self.raw(name, "true");
        }
    }

    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.collect();
        if !items.is_empty() {
            self.raw(name, &format!("[{}]", items.join(",")));
        }
    }

    fn number(&mut self, name: &str, number: i32) {
        if number != 0 {
            self.raw(name, &number.to_string());
        }
    }

    fn finished(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_shown_as_the_json_of_protocol_buffers() {
        let request = FetchRequest {
            topic_name: "/data/AccountChangeEvent".to_owned(),
            replay_preset: ReplayPreset::Custom.into(),
            replay_id: vec![0, 0, 0, 7].into(),
            num_requested: 10,
            auth_refresh: String::new(),
        };
        assert_eq!(
            described("Subscribe", &request.encode_to_vec()).as_deref(),
            Some(
                r#"{"topicName":"/data/AccountChangeEvent","replayPreset":"CUSTOM","replayId":"AAAABw==","numRequested":10}"#
            )
        );
        let request = PublishRequest {
            topic_name: "/event/A__e".to_owned(),
            events: vec![ProducerEvent {
                schema_id: "s\"".to_owned(),
                payload: b"hi".as_slice().into(),
                ..ProducerEvent::default()
            }],
            auth_refresh: String::new(),
        };
        assert_eq!(
            described("Publish", &request.encode_to_vec()).as_deref(),
            Some(r#"{"topicName":"/event/A__e","events":[{"schemaId":"s\"","payload":"aGk="}]}"#)
        );
        let request = ManagedFetchRequest {
            developer_name: "a".to_owned(),
            commit_replay_id_request: Some(CommitReplayRequest {
                commit_request_id: "1".to_owned(),
                replay_id: b"\x01".as_slice().into(),
            }),
            ..ManagedFetchRequest::default()
        };
        assert_eq!(
            described("ManagedSubscribe", &request.encode_to_vec()).as_deref(),
            Some(
                r#"{"developerName":"a","commitReplayIdRequest":{"commitRequestId":"1","replayId":"AQ=="}}"#
            )
        );
        assert_eq!(described("GetTopic", b"").as_deref(), Some("{}"));
    }

    #[test]
    fn answers_are_shown_as_well() {
        let consumer = ConsumerEvent {
            event: Some(ProducerEvent {
                id: "1".to_owned(),
                schema_id: "s".to_owned(),
                payload: b"hi".as_slice().into(),
                headers: Vec::new(),
            }),
            replay_id: b"\x07".as_slice().into(),
        };
        let mut field = Vec::new();
        prost::encoding::message::encode(1, &consumer, &mut field);
        let fetched = FetchResponse {
            events: vec![field.into()],
            latest_replay_id: b"\x08".to_vec(),
            rpc_id: "r".to_owned(),
            pending_num_requested: 2,
        };
        let event = r#"{"event":{"id":"1","schemaId":"s","payload":"aGk="},"replayId":"Bw=="}"#;
        let rest = r#""latestReplayId":"CA==","rpcId":"r","pendingNumRequested":2"#;
        assert_eq!(
            described_answer("Subscribe", &fetched.encode_to_vec()),
            Some(format!(r#"{{"events":[{event}],{rest}}}"#))
        );
        let managed = ManagedFetchResponse {
            fetched: FetchResponse::default(),
            commit_response: Some(CommitReplayResponse {
                commit_request_id: "c".to_owned(),
                process_time: 5,
                ..CommitReplayResponse::default()
            }),
        };
        assert_eq!(
            described_answer("ManagedSubscribe", &managed.encode_to_vec()).as_deref(),
            Some(r#"{"commitResponse":{"commitRequestId":"c","processTime":"5"}}"#)
        );
        let published = PublishResponse {
            results: vec![PublishResult {
                error: Some(Error {
                    code: ErrorCode::Publish.into(),
                    msg: "no".to_owned(),
                }),
                correlation_key: "k".to_owned(),
                ..PublishResult::default()
            }],
            ..PublishResponse::default()
        };
        assert_eq!(
            described_answer("Publish", &published.encode_to_vec()).as_deref(),
            Some(r#"{"results":[{"error":{"code":"PUBLISH","msg":"no"},"correlationKey":"k"}]}"#)
        );
        let topic = TopicInfo {
            topic_name: "t".to_owned(),
            can_subscribe: true,
            ..TopicInfo::default()
        };
        assert_eq!(
            described_answer("GetTopic", &topic.encode_to_vec()).as_deref(),
            Some(r#"{"topicName":"t","canSubscribe":true}"#)
        );
        assert_eq!(described_answer("Subscribe", b"\xff\xff"), None);
    }

    #[test]
    fn what_is_no_message_is_not_shown() {
        assert_eq!(described("Subscribe", b"\xff\xff"), None);
        assert_eq!(described("Unknown", b""), None);
    }
}
