//! Whatever bytes arrive, either end stays whole, and every message can be answered with JSON.

use landfall_bayeux::client::{Client, Input, Output, Settings};
use landfall_bayeux::{Advice, MESSAGES_MAX, Moment, Refusal, Response, parse};
use proptest::prelude::*;

/// JSON of any type, the kind that a client in error puts into a field.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("1e400".to_owned()),
        Just("-0.0".to_owned()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        Just(r#""long-polling""#.to_owned()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            proptest::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| {
                let member = |(key, value): &(String, String)| {
                    format!("{}:{value}", serde_json::Value::from(&**key))
                };
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn message() -> impl Strategy<Value = String> {
    let channel = prop_oneof![
        Just(r#""/meta/handshake""#.to_owned()),
        Just(r#""/meta/connect""#.to_owned()),
        Just(r#""/meta/subscribe""#.to_owned()),
        Just(r#""/meta/unsubscribe""#.to_owned()),
        Just(r#""/meta/disconnect""#.to_owned()),
        any_json(),
    ];
    let key = prop_oneof![
        Just("id"),
        Just("clientId"),
        Just("ext"),
        Just("advice"),
        Just("data"),
        Just("error"),
        Just("successful"),
        Just("subscription"),
        Just("connectionType"),
        Just("supportedConnectionTypes"),
    ];
    let members = proptest::collection::vec((key, any_json()), 0..6);
    (channel, members).prop_map(|(channel, members)| {
        let channel = [format!(r#""channel":{channel}"#)];
        let members = members
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"));
        let members: Vec<_> = channel.into_iter().chain(members).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    #[test]
    fn arbitrary_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _read_or_refused = parse(&bytes, MESSAGES_MAX);
    }

    #[test]
    fn every_message_of_any_types_is_answered_with_json(
        messages in proptest::collection::vec(message(), 1..4)
    ) {
        let body = format!("[{}]", messages.join(","));
        let parsed = parse(body.as_bytes(), MESSAGES_MAX);
        let parsed = parsed.map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut response = Response::new();
        let refusal = Refusal::new("400::\"no\"").advising(Advice::None);
        let because = refusal.clone().because("503::\n");
        for message in &parsed {
            let echo = message.echo();
            response.handshake(&echo, "c", &[]);
            response.handshake_refused(&echo, &because, &[("a\"", true)]);
            response.accepted(&echo, "c", Some(Advice::Handshake));
            response.refused(&echo, message.client_id.as_deref(), &refusal);
            response.refused(&echo, None, &because);
        }
        // As text: a number that no tree can hold is echoed all the same.
        let written: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_slice(&response.finish())
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(written.len(), parsed.len() * 5);
    }

    #[test]
    fn a_client_survives_any_response(
        bodies in proptest::collection::vec(
            proptest::collection::vec(message(), 0..4),
            1..12
        )
    ) {
        let mut client = Client::new(Settings::default());
        let mut now = Moment::from_millis(0);
        let channel = "/data/A".into();
        let replay = Some(-2);
        client.handle(now, Input::Subscribe { channel, replay }).expect("one");
        let mut awaited = Vec::new();
        for messages in bodies {
            client.handle(now, Input::Start).expect("never refused");
            client.handle(now, Input::Tick).expect("never refused");
            while let Some(output) = client.poll_output() {
                if let Output::Send { request, .. } = output {
                    awaited.push(request);
                }
            }
            if let Some(request) = awaited.pop() {
                let body = format!("[{}]", messages.join(","));
                client.handle(now, Input::Response(request, body.as_bytes())).expect("never refused");
            }
            if let Some(timeout) = client.poll_timeout() {
                now = now.max(timeout);
            }
        }
    }
}
