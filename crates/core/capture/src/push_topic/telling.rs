//! The content of a notification: a record, what happened to it, and which fields are withheld.
//!
//! A user may change a record without reading all of its fields. Fields that they may not read are withheld from everybody.
//! Source: "Security and the `PushTopic` Query" (Streaming API Developer Guide).

use landfall_model::{ChangeType, RecordId, Row, Value};
use landfall_query::push_topic::FieldIndexes;
use landfall_schema::stream::left_out;

use super::Watch;

/// One changed record, for every topic that notifies of it.
#[derive(Debug)]
pub struct Telling<'h> {
    /// The record, and behind it what makes it a notification.
    row: Row,
    fields: usize,
    /// Who changed it.
    by: RecordId,
    /// The places of what they may not read; none for most.
    hidden: Option<&'h FieldIndexes>,
}

impl<'h> Telling<'h> {
    /// Of a record as it is in the end, by whom, and the places of the fields which they may not read.
    pub fn new(record: &Row, by: RecordId, hidden: Option<&'h FieldIndexes>) -> Self {
        let mut row = record.clone();
        if let Some(hidden) = hidden {
            let values = row.iter_mut().enumerate();
            for (_, value) in values.filter(|(place, _)| hidden.has(*place)) {
                *value = Value::Null;
            }
        }
        Self {
            row,
            fields: record.len(),
            by,
            hidden,
        }
    }

    /// The row of a topic's notification, as [`landfall_schema::EventSchema::of_push_topic`] has it.
    pub fn row(&mut self, watch: &Watch, change: ChangeType) -> &Row {
        let left_out = self
            .hidden
            .map_or(Value::Null, |hidden| left_out(&names(watch, hidden)));
        self.row.truncate(self.fields);
        let happened = Value::Text(participle(change).to_owned());
        self.row.extend([happened, Value::Id(self.by), left_out]);
        &self.row
    }
}

/// The fields among these that the topic selects.
fn names<'w>(watch: &'w Watch, hidden: &FieldIndexes) -> Vec<&'w str> {
    let query = watch.query();
    let told = query.told.iter().filter(|place| hidden.has(**place));
    let fields = told.filter_map(|place| query.plan.entity.fields.get(*place));
    fields.map(|field| field.name.as_str()).collect()
}

/// Wire: member `type` of a notification.
const fn participle(change: ChangeType) -> &'static str {
    match change {
        ChangeType::Create => "created",
        ChangeType::Delete => "deleted",
        ChangeType::Undelete => "undeleted",
        _ => "updated",
    }
}
