//! Platform events as objects.

use std::sync::Arc;

use landfall_engine::faults::{Arming, FaultKind, Filter};
use landfall_engine::usage::Allocations;
use landfall_engine::{LogEvent, TopicFilter};
use landfall_model::ReplayId;
use serde_json::{Value, json};

use crate::org::{DATA, Org, named, names};
use crate::project;

const EVENTS: &str = "/sobjects/Low_Ink__e";

async fn org() -> Org {
    Org::with(vec![project::low_ink("")]).await
}

#[tokio::test]
async fn what_is_published_is_enqueued_and_names_the_uuid_that_is_delivered() {
    let org = org().await;
    let mut published = Vec::new();
    for path in [EVENTS, "/sobjects/low_ink__E/"] {
        let body = json!({"Printer_Model__c": "XZO-5", "ink_percentage__c": "0.2"});
        let answer = org.post(path, &body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert!(answer.headers.get("location").is_none());
        let uuid = answer.json()["errors"][0]["message"].clone();
        assert_eq!(
            answer.body,
            format!(
                "{{\"id\":\"e00xx0000000001AAA\",\"success\":true,\"errors\":[{{\"statusCode\":\
                 \"OPERATION_ENQUEUED\",\"message\":{uuid},\"fields\":[]}}]}}"
            )
        );
        published.push(uuid.as_str().expect("a text").to_owned());
    }
    assert_eq!(published[0].len(), 36);
    assert_eq!(delivered(&org).await, published);
}

#[tokio::test]
async fn an_event_keeps_empty_texts_and_milliseconds() {
    let note = "<fields><fullName>Note__c</fullName><label>Note</label><type>Text</type>\
        <length>10</length></fields>";
    let org = Org::with(vec![project::low_ink(note)]).await;
    let mut event = json!({
        "Printer_Model__c": "XZO-5", "Note__c": "", "Since__c": "2017-04-09T18:31:40.517Z", "Ink_Percentage__c": "",
    });
    let answer = org.post(EVENTS, &event).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let payload = &payloads(&org).await[0];
    assert_eq!(payload["Note__c"], "");
    assert_eq!(payload["Since__c"], "2017-04-09T18:31:40.517Z");
    assert_eq!(payload["Ink_Percentage__c"], Value::Null);
    event["Printer_Model__c"] = json!("");
    let refused = org.post(EVENTS, &event).await;
    assert_eq!(refused.json()[0]["errorCode"], "REQUIRED_FIELD_MISSING");
}

/// What the events in the log say.
async fn payloads(org: &Org) -> Vec<Value> {
    let events = logged(org).await;
    let payloads = events.iter().map(|event| {
        let (event, mut json) = (event.event(), Vec::new());
        let schema = org.engine.schema(event.schema).expect("kept");
        schema
            .render_cometd(&event.payload, &mut json)
            .expect("of its schema");
        serde_json::from_slice(&json).expect("JSON")
    });
    payloads.collect()
}

#[tokio::test]
async fn an_event_of_more_than_a_megabyte_is_not_published() {
    let long = |number: usize| {
        let more = "<length>131072</length><visibleLines>3</visibleLines>";
        project::field(&format!("Text_{number}__c"), "Text", "LongTextArea", more)
    };
    let texts: String = (0..8).map(long).collect();
    let org = Org::with(vec![project::low_ink(&texts)]).await;
    let event = |length: usize| {
        let mut event = json!({"attributes": {"type": "Low_Ink__e"}, "Printer_Model__c": "XZO-5"});
        for number in 0..8 {
            event[format!("Text_{number}__c")] = json!("x".repeat(length));
        }
        event
    };
    let refusal = org.post(EVENTS, &event(131_072)).await.refusal();
    let text = "The event message size exceeds the maximum of 1 MB";
    let expected = (
        400,
        "PLATFORM_EVENT_PUBLISH_FAILED".to_owned(),
        text.to_owned(),
    );
    assert_eq!(refusal, expected);
    let body = json!({"records": [event(131_072), event(100_000)]});
    let answer = org.post("/composite/sobjects", &body).await.json();
    assert_eq!(
        answer[0]["errors"][0]["statusCode"],
        "PLATFORM_EVENT_PUBLISH_FAILED"
    );
    assert_eq!(answer[1]["success"], true);
    assert_eq!(delivered(&org).await.len(), 1);
}

/// The UUIDs in the event log.
async fn delivered(org: &Org) -> Vec<String> {
    let events = logged(org).await;
    let uuids = events.iter().map(|event| event.event().id.to_string());
    uuids.collect()
}

async fn logged(org: &Org) -> Vec<Arc<LogEvent>> {
    let definitions = org.engine.definitions();
    let publication = definitions.publication("Low_Ink__e").expect("deployed");
    let filter = TopicFilter::These(vec![publication.topic]);
    let stretch = org.engine.log().read(ReplayId::ORIGIN, &filter, 100).await;
    stretch.expect("a read").events
}

#[tokio::test]
async fn events_in_a_list_are_published_even_if_records_fail() {
    let org = org().await;
    let event =
        |model: &str| json!({"attributes": {"type": "Low_Ink__e"}, "Printer_Model__c": model});
    let body = json!({"allOrNone": true, "records": [
        event("A"),
        {"attributes": {"type": "Account"}},
        event("ABCDEFGHIJK"),
        event("B"),
    ]});
    let answer = org.post("/composite/sobjects", &body).await;
    let results = answer.json();
    let error = |place: usize| &results[place]["errors"][0];
    assert_eq!(answer.status, 200, "{answer:?}");
    for (place, code) in [
        (0, "OPERATION_ENQUEUED"),
        (1, "REQUIRED_FIELD_MISSING"),
        (2, "STRING_TOO_LONG"),
        (3, "OPERATION_ENQUEUED"),
    ] {
        assert_eq!(error(place)["statusCode"], code);
    }
    assert_eq!(
        json!(delivered(&org).await),
        json!([error(0)["message"], error(3)["message"]])
    );
    let answer = org
        .patch("/composite/sobjects", &json!({"records": [event("A")]}))
        .await;
    assert_eq!(
        answer.json()[0]["errors"][0]["statusCode"],
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    );
}

#[tokio::test]
async fn what_does_not_fit_is_refused_as_records_are() {
    let org = org().await;
    let model = "Printer_Model__c";
    for (body, code, message) in [
        (
            json!({"Id": "e00xx0000000001AAA", model: "A"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "The event can't be published because it contains an ID value.",
        ),
        (
            json!({"Model__c": "A"}),
            "INVALID_FIELD",
            "No such column 'Model__c' on sobject of type Low_Ink__e",
        ),
        (
            json!({model: "ABCDEFGHIJK"}),
            "STRING_TOO_LONG",
            "Printer Model: data value too large: ABCDEFGHIJK (max length=10)",
        ),
        (
            json!({"Checked__c": true}),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Printer_Model__c]",
        ),
        (
            json!({model: "A", "Ink_Percentage__c": "much"}),
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of double from VALUE_STRING value much or request may be missing a required \
             field at [line:1, column:22]",
        ),
    ] {
        let answer = org.post(EVENTS, &body).await;
        let expected = (400, code.to_owned(), message.to_owned());
        assert_eq!(answer.refusal(), expected, "{body}");
    }
    for read_only in [
        json!({model: "A", "ReplayId": "1"}),
        json!({model: "A", "CreatedById": "005000000000001"}),
        json!({model: "A", "CreatedBy": {"Username": "admin@landfall.test"}}),
    ] {
        let answer = org.post(EVENTS, &read_only).await;
        assert_eq!(answer.refusal().1, "INVALID_FIELD_FOR_INSERT_UPDATE");
        assert_ne!(answer.json()[0]["fields"], json!([]), "{read_only}");
    }
    let empty = org.send("POST", EVENTS, &[], "").await;
    assert_eq!(empty.refusal().1, "JSON_PARSER_ERROR");
}

#[tokio::test]
async fn published_events_are_no_records() {
    let org = org().await;
    let row = format!("{EVENTS}/e00xx0000000001AAA");
    assert_eq!(org.get(&row).await.refusal().0, 404);
    for (method, path, allowed) in [
        ("PATCH", row.as_str(), "HEAD,GET"),
        ("DELETE", row.as_str(), "HEAD,GET"),
        ("PATCH", EVENTS, "HEAD,GET,POST"),
        ("DELETE", EVENTS, "HEAD,GET,POST"),
    ] {
        let answer = org.send(method, path, &[], "{}").await;
        let (status, code, _) = answer.refusal();
        assert_eq!((status, code.as_str()), (405, "METHOD_NOT_ALLOWED"));
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn an_event_is_described_as_an_object_that_can_be_created_only() {
    let org = org().await;
    let list = org.get("/sobjects").await.json();
    let entry = named(&list["sobjects"], "Low_Ink__e").clone();
    let basic = org.get(EVENTS).await.json();
    let full = org.get(&format!("{EVENTS}/describe")).await.json();
    for face in [&entry, &basic["objectDescribe"], &full] {
        for (name, value) in [
            ("keyPrefix", json!("e00")),
            ("label", json!("Low Ink")),
            ("labelPlural", json!("Low Inks")),
            ("custom", json!(true)),
            ("createable", json!(true)),
            ("updateable", json!(false)),
            ("deletable", json!(false)),
            ("queryable", json!(false)),
            ("layoutable", json!(false)),
            ("associateEntityType", Value::Null),
        ] {
            assert_eq!(face[name], value, "{name}");
        }
        let root = format!("{DATA}{EVENTS}");
        let urls = json!({
            "rowTemplate": format!("{root}/{{ID}}"), "eventSchema": format!("{root}/eventSchema"),
            "describe": format!("{root}/describe"), "sobject": root,
        });
        assert_eq!(face["urls"], urls);
    }
    let expected = [
        "ReplayId",
        "EventUuid",
        "CreatedDate",
        "CreatedById",
        "Printer_Model__c",
        "Ink_Percentage__c",
        "Checked__c",
        "Since__c",
    ];
    assert_eq!(names(&full["fields"]), expected);
    assert_eq!(names(&basic["objectDescribe"]["fields"]), expected);
    assert_eq!(basic["recentItems"], json!([]));
    let model = named(&full["fields"], "Printer_Model__c");
    assert_eq!(
        (
            &model["type"],
            &model["length"],
            &model["nillable"],
            &model["custom"]
        ),
        (&json!("string"), &json!(10), &json!(false), &json!(true))
    );
    assert_eq!(full["recordTypeInfos"], json!([]));
}

#[tokio::test]
async fn the_schema_of_an_event_is_found_by_its_name_and_by_its_id() {
    let org = org().await;
    let schema = format!("{EVENTS}/eventSchema");
    for (format, kind) in [("COMPACT", "record"), ("expanded", "expanded-record")] {
        let query = format!("?payloadFormat={format}");
        let by_name = org.get(&(schema.clone() + &query)).await.json();
        assert_eq!(
            (&by_name["name"], &by_name["type"]),
            (&json!("Low_Ink__e"), &json!(kind))
        );
        let uuid = by_name["uuid"].as_str().expect("an id");
        let by_id = org.get(&format!("/event/eventSchema/{uuid}{query}")).await;
        assert_eq!(by_id.json(), by_name);
    }
    let old = org.get(&schema).await.json()["uuid"].clone();
    org.deploy(vec![project::low_ink(&project::text_field("More__c"))])
        .await;
    assert_ne!(org.get(&schema).await.json()["uuid"], old);
    let old = old.as_str().expect("an id");
    assert_eq!(
        org.get(&format!("/event/eventSchema/{old}")).await.status,
        200
    );
    assert_eq!(
        org.get(&format!("{schema}?payloadFormat=FOO")).await.status,
        400
    );
}

#[tokio::test]
async fn a_schema_cannot_be_read_for_a_while() {
    let org = org().await;
    let schema = format!("{EVENTS}/eventSchema");
    let uuid = org.get(&schema).await.json()["uuid"].clone();
    let by_id = format!("/event/eventSchema/{}", uuid.as_str().expect("an id"));
    for (path, filter) in [
        (&schema, Filter::default()),
        (
            &by_id,
            Filter {
                topic: Some("/event/Low_Ink__e".to_owned()),
                ..Filter::default()
            },
        ),
        (
            &by_id,
            Filter {
                method: Some("GET /event/eventSchema".to_owned()),
                ..Filter::default()
            },
        ),
    ] {
        let arming = Arming {
            filter,
            ..Arming::once(FaultKind::SchemaUnavailable)
        };
        org.engine.faults().arm(arming).expect("there is space");
        let refused = org.get(path).await;
        assert_eq!(refused.status, 503);
        assert_eq!(refused.json()[0]["errorCode"], "SERVER_UNAVAILABLE");
        assert_eq!(org.get(path).await.status, 200, "once only");
    }
}

#[tokio::test]
async fn an_event_that_is_no_longer_defined_is_not_found() {
    let org = org().await;
    org.deploy(vec![project::trip("")]).await;
    for path in [
        EVENTS.to_owned(),
        format!("{EVENTS}/describe"),
        format!("{EVENTS}/eventSchema"),
    ] {
        assert_eq!(org.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(
        org.post(EVENTS, &json!({"Printer_Model__c": "A"}))
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn events_of_the_service_are_described_and_not_for_others_to_publish() {
    let org = org().await;
    let event = "/sobjects/LoginEventStream";
    let describe = org.get(&format!("{event}/describe")).await.json();
    for (key, value) in [
        ("name", json!("LoginEventStream")),
        ("label", json!("Login Event Stream")),
        ("createable", json!(false)),
        ("custom", json!(false)),
        ("keyPrefix", Value::Null),
    ] {
        assert_eq!(describe[key], value, "{key}");
    }
    let fields = &describe["fields"];
    assert_eq!(
        names(fields)[..5],
        [
            "ReplayId",
            "EventUuid",
            "CreatedDate",
            "CreatedById",
            "AdditionalInfo"
        ]
    );
    let user = named(fields, "UserId");
    assert_eq!(
        (&user["type"], &user["referenceTo"]),
        (&json!("reference"), &json!(["User"]))
    );
    assert_eq!(named(fields, "EventDate")["type"], "datetime");
    let schema = org
        .get(&format!("{event}/eventSchema?payloadFormat=COMPACT"))
        .await;
    let latitude = named(&schema.json()["fields"], "LoginLatitude").clone();
    assert_eq!(latitude["type"], json!(["null", "double"]));
    let (status, code, text) = org.post(event, &json!({"Username": "x"})).await.refusal();
    assert_eq!(
        (status, code.as_str()),
        (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    );
    assert_eq!(text, "entity type cannot be inserted: Login Event Stream");
}

#[tokio::test]
async fn events_beyond_the_allocation_are_refused_one_by_one() {
    let allocations = Allocations {
        published_hourly: Some(1),
        ..Allocations::UNLIMITED
    };
    let org = Org::allowed(allocations, vec![project::low_ink("")]).await;
    let event = json!({"attributes": {"type": "Low_Ink__e"}, "Printer_Model__c": "A"});
    let account = json!({"attributes": {"type": "Account"}, "Name": "Acme"});
    let body = json!({"records": [event, account, event]});
    let answer = org.post("/composite/sobjects", &body).await.json();
    assert_eq!(answer[1]["success"], true, "{answer}");
    for place in [0, 2] {
        let refused = &answer[place]["errors"][0]["statusCode"];
        assert_eq!(refused, "LIMIT_EXCEEDED", "{answer}");
    }
    let body = json!({"Printer_Model__c": "A"});
    assert_eq!(org.post(EVENTS, &body).await.status, 201);
    let refused = org.post(EVENTS, &body).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()[0]["errorCode"], "LIMIT_EXCEEDED");
}
