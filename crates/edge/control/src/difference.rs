//! What differs between a snapshot and another one, or the org as it is now.

use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_engine::{
    DifferenceRequest, Differences, EventDifferences, ObjectDifference, RecordDifference,
};
use landfall_http::Writer;
use landfall_model::limits::DIFFERENCE_PAGE;
use landfall_model::{EntityName, RecordId, Value};
use landfall_wire::dates::{render_date, render_time, render_utc};

use crate::Made;
use crate::refusal::{Refusal, invalid};
use crate::snapshots::{named, refused};

const EVENTS: &[Member] = &[
    Member::required("count", Kind::Integer, "How many"),
    Member::required(
        "first",
        Kind::List(&[
            Member::required("replayId", Kind::Integer, "The replay id"),
            Member::required("channel", Kind::Text, "The channel that it is on"),
        ]),
        "The first of them",
    ),
];

const CHANGES: &[&str] = &["created", "changed", "removed"];

const RECORD: &[Member] = &[
    Member::required("object", Kind::Text, "Its object"),
    Member::required("id", Kind::Text, "Its id"),
    Member::required(
        "change",
        Kind::OneOf(CHANGES),
        "created: only the later state has it; removed: only the snapshot has it. A record in the recycle bin is there, \
         with IsDeleted",
    ),
    Member::required(
        "fields",
        Kind::List(&[
            Member::required("name", Kind::Text, "The field"),
            Member::optional(
                "before",
                Kind::Text,
                "Its value in the snapshot, unless null",
            ),
            Member::optional(
                "after",
                Kind::Text,
                "Its value in the later state, unless null",
            ),
        ]),
        "The fields with different values, in the order of their names",
    ),
];

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "snapshots/{name}/difference",
    id: "getDifference",
    summary: "What differs between a snapshot and another one, or what the org holds now",
    parameters: &[
        Parameter::in_path("name", "The snapshot, or seed or empty"),
        Parameter::in_query("with", "A later snapshot; now unless given"),
        Parameter::in_query("object", "Records of this object only"),
        Parameter::in_query(
            "after",
            "Records with higher ids than this one: the next page of an object",
        ),
        Parameter::in_query(
            "limit",
            "How many records and events are listed, 1 to 1000; 100 unless given",
        ),
    ],
    reads: &[],
    status: 200,
    answers: &[
        Member::required("name", Kind::Text, "The snapshot"),
        Member::optional("with", Kind::Text, "The later snapshot; absent: now"),
        Member::required(
            "objects",
            Kind::List(&[
                Member::required("object", Kind::Text, "The object"),
                Member::required(
                    "created",
                    Kind::Integer,
                    "Records that only the later state has",
                ),
                Member::required("changed", Kind::Integer, "Records that are not the same"),
                Member::required(
                    "removed",
                    Kind::Integer,
                    "Records that only the snapshot has",
                ),
            ]),
            "How many records differ, of each object of which some do",
        ),
        Member::required(
            "records",
            Kind::List(RECORD),
            "The first of them, in the order of objects and ids",
        ),
        Member::required("more", Kind::Boolean, "Whether there are more records"),
        Member::required(
            "eventsAdded",
            Kind::Object(EVENTS),
            "Events that only the later state has",
        ),
        Member::required(
            "eventsRemoved",
            Kind::Object(EVENTS),
            "Events that only the snapshot has: they are past their retention, or the log has begun anew",
        ),
    ],
    refusals: &[
        (404, "There is no such snapshot"),
        (409, "A snapshot cannot be used"),
        (503, "It could not be read"),
    ],
};

pub(crate) async fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let (usual, most) = DIFFERENCE_PAGE;
    let limit = made.input.limit(usual, most)?;
    let after = made.input.text("after").map(RecordId::parse).transpose();
    let request = DifferenceRequest {
        object: made.input.text("object").map(EntityName::new),
        after: after.map_err(|_| invalid("\"after\" is no id of a record"))?,
        // One more shows whether there are more.
        limit: limit + 1,
    };
    let with = made.input.text("with");
    let snapshots = made.org()?.snapshots;
    let compared = snapshots.difference(named(made), with, request).await;
    let mut differences = compared.map_err(refused)?;
    let more = differences.records.len() > limit;
    differences.records.truncate(limit);
    for events in [&mut differences.added, &mut differences.removed] {
        events.first.truncate(limit);
    }
    Ok(rendered((named(made), with), &differences, more))
}

fn rendered((name, with): (&str, Option<&str>), differences: &Differences, more: bool) -> String {
    let mut w = Writer::new();
    w.object(|w| {
        w.name("name").string(name);
        if let Some(with) = with {
            w.name("with").string(with);
        }
        w.name("objects").array(|w| {
            for object in &differences.objects {
                write_object(w, object);
            }
        });
        w.name("records").array(|w| {
            for record in &differences.records {
                write_record(w, record);
            }
        });
        w.name("more").boolean(more);
        for (name, events) in [
            ("eventsAdded", &differences.added),
            ("eventsRemoved", &differences.removed),
        ] {
            w.name(name);
            write_events(w, events);
        }
    });
    w.finish()
}

fn write_object(w: &mut Writer, object: &ObjectDifference) {
    w.object(|w| {
        w.name("object").string(object.object.as_str());
        for (name, count) in [
            ("created", object.created),
            ("changed", object.changed),
            ("removed", object.removed),
        ] {
            w.name(name).raw(&count.to_string());
        }
    });
}

fn write_record(w: &mut Writer, record: &RecordDifference) {
    let change = match record.is_in {
        (false, _) => "created",
        (true, false) => "removed",
        (true, true) => "changed",
    };
    w.object(|w| {
        w.name("object").string(record.object.as_str());
        w.name("id").string(record.id.as_str());
        w.name("change").string(change);
        w.name("fields").array(|w| {
            for (name, before, after) in &record.fields {
                w.object(|w| {
                    w.name("name").string(name);
                    for (name, value) in [("before", before), ("after", after)] {
                        if let Some(text) = text(value) {
                            w.name(name).string(&text);
                        }
                    }
                });
            }
        });
    });
}

fn write_events(w: &mut Writer, events: &EventDifferences) {
    w.object(|w| {
        w.name("count").raw(&events.count.to_string());
        w.name("first").array(|w| {
            for (replay_id, channel) in &events.first {
                w.object(|w| {
                    w.name("replayId").raw(&replay_id.to_string());
                    w.name("channel").string(channel);
                });
            }
        });
    });
}

/// A value as a text; none for null.
fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Id(id) => id.to_string(),
        Value::Date(day) => render_date(*day),
        Value::DateTime(point) => render_utc(*point),
        Value::Time(millis) => render_time(*millis),
    })
}
