//! Laws of the outcomes of a commit, with the faults of [`crate::faults`].

use landfall_model::{EntityDefinition, Value};

use super::Fixture;
use super::sample::{entity, event, id, new_row, nothing, opened, place, row, text, topic};
use crate::faults::{self, Fault};
use crate::{Appended, Error, Opened, Outcome, WriteSet};

/// The names of the first records.
fn names(store: &Opened, entity: &EntityDefinition) -> Vec<Option<Value>> {
    let row = |number| store.reader.row(entity, id(number)).expect("readable");
    let rows = (1..=3).map(row);
    rows.map(|row| row.and_then(|row| row.get(place(entity, "Name")).cloned()))
        .collect()
}

/// A new record with an event.
fn attempt(
    store: &mut Opened,
    entity: &std::sync::Arc<EntityDefinition>,
    number: u64,
) -> crate::Result<Outcome> {
    let topic = topic(store, "/data/Thing__ChangeEvent");
    let values = [("Name", text(&number.to_string()))];
    let write = WriteSet {
        rows: vec![new_row(entity, number, row(entity, number, &values))],
        ..WriteSet::default()
    };
    store.writer.commit(&write, &mut |position| Appended {
        events: vec![event(topic, number)],
        ..nothing(position)
    })
}

pub(super) fn in_doubt(at: &dyn Fixture) {
    let entity = entity();
    let (mut store, plan) = faults::injecting(opened(at, &entity));
    for (number, fault) in [(1, Fault::UnknownKept(2)), (2, Fault::UnknownLost(1))] {
        let before = store.reader.position().expect("readable");
        plan.inject(0, fault);
        let mut outcome = attempt(&mut store, &entity, number).expect("an outcome");
        let mut asked = 0;
        while let Outcome::Unknown(transaction) = outcome {
            asked += 1;
            outcome = store.writer.outcome_of(transaction).expect("an outcome");
        }
        let after = store.reader.position().expect("readable");
        match (fault, outcome) {
            (Fault::UnknownKept(_), Outcome::Committed(committed)) => {
                assert_eq!((asked, committed.events.len()), (3, 1));
                assert_eq!(committed.commit.position(), after);
                assert!(after.commit_number > before.commit_number);
            }
            (Fault::UnknownLost(_), Outcome::Unavailable { .. }) => {
                assert_eq!((asked, after), (2, before));
            }
            (_, outcome) => panic!("{fault:?} ended as {outcome:?}"),
        }
    }
    assert_eq!(names(&store, &entity), [Some(text("1")), None, None]);
    drop(store);
    assert_eq!(names(&at.open(), &entity), [Some(text("1")), None, None]);
}

pub(super) fn unavailable(at: &dyn Fixture) {
    let entity = entity();
    let (mut store, plan) = faults::injecting(opened(at, &entity));
    let before = store.reader.position().expect("readable");
    plan.inject_from(0, Fault::Unavailable);
    for _ in 0..2 {
        let outcome = attempt(&mut store, &entity, 1);
        assert!(
            matches!(outcome, Ok(Outcome::Unavailable { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(store.reader.position().expect("readable"), before);
    plan.withdraw();
    let outcome = attempt(&mut store, &entity, 1);
    assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{outcome:?}");
    assert_eq!(names(&store, &entity), [Some(text("1")), None, None]);
}

pub(super) fn fenced(at: &dyn Fixture) {
    let entity = entity();
    let (mut store, plan) = faults::injecting(opened(at, &entity));
    plan.inject(0, Fault::Fenced);
    for _ in 0..2 {
        let outcome = attempt(&mut store, &entity, 1);
        assert!(matches!(outcome, Ok(Outcome::Fenced)), "{outcome:?}");
    }
    let trimmed = store.writer.trim(landfall_model::Timestamp::default());
    assert!(matches!(trimmed, Err(Error::Fenced)), "{trimmed:?}");
    assert_eq!(names(&store, &entity), [None, None, None]);
}
