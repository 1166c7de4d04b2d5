//! The snapshots of an org: saved, listed, shown and removed.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member, Parameter};
use landfall_http::Writer;
use landfall_model::limits::SNAPSHOTS_MAX;
use landfall_wire::dates::render_utc;

use crate::refusal::{Refusal, invalid};
use crate::{Made, Snapshot, SnapshotError};

pub(crate) const NAME: &[Parameter] = &[Parameter::in_path(
    "name",
    "The name of the snapshot: letters, digits, dots, hyphens and underscores",
)];

pub(crate) const SNAPSHOT: &[Member] = &[
    Member::required("name", Kind::Text, "Its name"),
    Member::required(
        "saved",
        Kind::Time,
        "When it was saved, by the clock of the org",
    ),
    Member::required("bytes", Kind::Integer, "The size of its file"),
    Member::required(
        "records",
        Kind::List(&[
            Member::required("object", Kind::Text, "The object"),
            Member::required(
                "count",
                Kind::Integer,
                "Its records, without the recycle bin",
            ),
        ]),
        "The records that it holds, without those that the org is set up by; objects without records are left out",
    ),
    Member::required("events", Kind::Integer, "The retained events that it holds"),
    Member::required("replayId", Kind::Integer, "Its newest replay id"),
];

const REFUSALS: &[(u16, &str)] = &[
    (409, "There are too many snapshots, or it cannot be used"),
    (503, "It could not be written, read or removed"),
];

pub(crate) const LIST: Call = Call {
    method: "get",
    path: "snapshots",
    id: "listSnapshots",
    summary: "The snapshots of the org",
    parameters: &[],
    reads: &[],
    status: 200,
    answers: &[Member::required(
        "snapshots",
        Kind::List(SNAPSHOT),
        "In the order of their names",
    )],
    refusals: REFUSALS,
};

pub(crate) const SHOW: Call = Call {
    method: "get",
    path: "snapshots/{name}",
    id: "getSnapshot",
    summary: "What a snapshot holds",
    parameters: NAME,
    reads: &[],
    status: 200,
    answers: SNAPSHOT,
    refusals: REFUSALS,
};

pub(crate) const SAVE: Call = Call {
    method: "put",
    path: "snapshots/{name}",
    id: "saveSnapshot",
    summary: "Saves what the org holds now, while everything goes on; an earlier snapshot of the name is replaced",
    parameters: NAME,
    reads: &[],
    status: 200,
    answers: SNAPSHOT,
    refusals: REFUSALS,
};

pub(crate) const LOAD: Call = Call {
    method: "post",
    path: "snapshots/{name}",
    id: "loadSnapshot",
    summary: "Returns to a snapshot, with its events and their replay ids; every subscriber is ended",
    parameters: NAME,
    reads: &[],
    status: 200,
    answers: SNAPSHOT,
    refusals: REFUSALS,
};

pub(crate) const REMOVE: Call = Call {
    method: "delete",
    path: "snapshots/{name}",
    id: "removeSnapshot",
    summary: "Removes a snapshot",
    parameters: NAME,
    reads: &[],
    status: 204,
    answers: &[],
    refusals: REFUSALS,
};

/// The name that a call is for.
pub(crate) fn named<'m>(made: &'m Made<'_>) -> &'m str {
    made.input.text("name").unwrap_or_default()
}

pub(crate) async fn list(made: &Made<'_>) -> Result<String, Refusal> {
    let all = made.org()?.snapshots.list().await.map_err(refused)?;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("snapshots").array(|w| {
            for snapshot in &all {
                w.object(|w| write(w, snapshot));
            }
        });
    });
    Ok(w.finish())
}

pub(crate) async fn show(made: &Made<'_>) -> Result<String, Refusal> {
    let all = made.org()?.snapshots.list().await.map_err(refused)?;
    let found = all.iter().find(|known| known.name == named(made));
    let found = found.ok_or(SnapshotError::Unknown).map_err(refused)?;
    Ok(rendered(found))
}

pub(crate) async fn save(made: &Made<'_>) -> Result<String, Refusal> {
    let saved = made.org()?.snapshots.save(named(made)).await;
    Ok(rendered(&saved.map_err(refused)?))
}

pub(crate) async fn remove(made: &Made<'_>) -> Result<String, Refusal> {
    let removed = made.org()?.snapshots.remove(named(made)).await;
    removed.map_err(refused)?;
    Ok(String::new())
}

pub(crate) fn rendered(snapshot: &Snapshot) -> String {
    let mut w = Writer::new();
    w.object(|w| write(w, snapshot));
    w.finish()
}

fn write(w: &mut Writer, snapshot: &Snapshot) {
    let content = &snapshot.content;
    w.name("name").string(&snapshot.name);
    w.name("saved").string(&render_utc(snapshot.saved));
    w.name("bytes").raw(&snapshot.bytes.to_string());
    w.name("records").array(|w| {
        for (object, count) in &content.records {
            w.object(|w| {
                w.name("object").string(object.as_str());
                w.name("count").raw(&count.to_string());
            });
        }
    });
    w.name("events").raw(&content.events.to_string());
    w.name("replayId").raw(&content.tail.to_string());
}

pub(crate) fn refused(error: SnapshotError) -> Refusal {
    match error {
        SnapshotError::Unknown => Refusal::new(
            StatusCode::NOT_FOUND,
            "snapshot-not-found",
            "there is no snapshot with this name",
        ),
        SnapshotError::Name(reason) => invalid(reason),
        SnapshotError::TooMany => Refusal::new(
            StatusCode::CONFLICT,
            "too-many-snapshots",
            format!("there are {SNAPSHOTS_MAX} snapshots; remove some"),
        ),
        SnapshotError::Unusable(reason) => {
            Refusal::new(StatusCode::CONFLICT, "snapshot-unusable", reason)
        }
        SnapshotError::Failed(reason) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", reason)
        }
    }
}
