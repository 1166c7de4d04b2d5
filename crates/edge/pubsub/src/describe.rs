//! Messages of requests as JSON, for people who look at what a client has sent.
//!
//! Source: "JSON Mapping" (Protocol Buffers, proto3): members in camel case, bytes as base64, no members with default values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall_wire::write_json_string;
use prost::Message;

use crate::proto::{
    CommitReplayRequest, FetchRequest, ManagedFetchRequest, ProducerEvent, PublishRequest,
    ReplayPreset, SchemaRequest, TopicRequest,
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
    let events: Vec<String> = request.events.iter().map(event).collect();
    if !events.is_empty() {
        object.raw("events", &format!("[{}]", events.join(",")));
    }
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
    fn what_is_no_message_is_not_shown() {
        assert_eq!(described("Subscribe", b"\xff\xff"), None);
        assert_eq!(described("Unknown", b""), None);
    }
}
