//! Rules of the records that make the Streaming API what it is: `PushTopic` and `StreamingChannel`.

use landfall_model::{Fault, RecordFault, Row, Value};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::rows::{read, write};
use crate::{generic_channels, topics};

impl Planner<'_, '_> {
    /// What such a record has to keep, and what follows from its fields. Any other record keeps it.
    pub(super) fn check_stream(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
    ) -> Result<(), Error> {
        let most = &self.blueprints.streams;
        match object.entity.name.as_str() {
            topics::OBJECT => {
                follow(object, row);
                topics::checked(&object.entity, row, &self.blueprints.catalog, self.now)?;
                self.check_room(object, row, before, ("IsActive", true), most.push_topics())
            }
            generic_channels::OBJECT => {
                generic_channels::check(object, row)?;
                self.check_room(object, row, before, ("IsDeleted", false), most.channels())
            }
            _ => Ok(()),
        }
    }

    /// Whether there may be one more record with this value of a field, which says that it counts.
    fn check_room(
        &mut self,
        object: &Blueprint,
        row: &Row,
        before: Option<&Row>,
        (field, counts): (&str, bool),
        most: usize,
    ) -> Result<(), Error> {
        let Some(place) = object.entity.index_of(field) else {
            return Ok(());
        };
        let counts = Value::Boolean(counts);
        let counted = before.is_some_and(|before| *read(before, Some(place)) == counts);
        if counted || *read(row, Some(place)) != counts {
            return Ok(());
        }
        let others = self.workspace.live_where(object, place, &counts, most)?;
        if others.len() < most {
            return Ok(());
        }
        Err(Fault::Record(RecordFault::LimitExceeded {
            label: object.entity.label_plural.clone(),
            max: most,
        })
        .into())
    }
}

/// `NotifyForOperations` says in one word what the flags say.
fn follow(object: &Blueprint, row: &mut Row) {
    let entity = &object.entity;
    let flag = |name: &str| *read(row, entity.index_of(name)) == Value::Boolean(true);
    let word = topics::notify_for_operations(
        flag("NotifyForOperationCreate"),
        flag("NotifyForOperationUpdate"),
    );
    let place = entity.index_of("NotifyForOperations");
    write(row, place, Value::Text(word.to_owned()));
}
