//! What cannot have been written by this code is never served: it is an error, and no panic.

use landfall_model::{ReplayId, Topic};
use landfall_store::laws::{Fixture, sample};
use landfall_store::{Error, Page, Result, TopicFilter};

use crate::place::{Folder, commit, publish};

/// Three blocks, damaged by a statement while the store is closed, and read from the start by each way.
fn read_after(damage: &str) -> [Result<Page>; 2] {
    let folder = Folder::new();
    let mut store = folder.open();
    for _ in 0..3 {
        publish(&mut store, 20);
    }
    let topic = store
        .writer
        .topic(&Topic::new("/event/One__e"))
        .expect("numbered");
    drop(store);
    let sqlite = folder.sqlite();
    let changed = sqlite.execute(damage, []).expect("the damage is done");
    assert_eq!(changed, 1, "{damage}");
    drop(sqlite);
    let store = folder.open();
    [TopicFilter::All, TopicFilter::These(vec![topic])]
        .map(|filter| store.reader.events(ReplayId::ORIGIN, &filter, 1_000))
}

#[track_caller]
fn check_corrupt(damage: &str) {
    for result in read_after(damage) {
        assert!(
            matches!(result, Err(Error::Corrupt { .. })),
            "{damage}: {result:?}"
        );
    }
}

#[test]
fn a_truncated_block_is_corrupt() {
    for length in [0, 1, 4, 5, 24, 25, 100] {
        check_corrupt(&format!(
            "UPDATE event_block SET data = substr(data, 1, {length}) WHERE first_replay_id = 1021"
        ));
    }
}

#[test]
fn a_garbled_block_is_corrupt() {
    for place in [1, 3, 6, 30, 200] {
        check_corrupt(&format!(
            "UPDATE event_block SET data = CAST(substr(data, 1, {place} - 1) || x'5a' || substr(data, {place} + 1) AS BLOB) \
             WHERE first_replay_id = 1021"
        ));
    }
}

#[test]
fn a_block_that_is_not_bytes_is_corrupt() {
    check_corrupt("UPDATE event_block SET data = 'text' WHERE first_replay_id = 1021");
    check_corrupt("UPDATE event_block SET data = 17 WHERE first_replay_id = 1021");
}

#[test]
fn a_block_in_the_place_of_another_is_corrupt() {
    check_corrupt(
        "UPDATE event_block SET data = (SELECT data FROM event_block WHERE first_replay_id = 1001) \
         WHERE first_replay_id = 1021",
    );
    check_corrupt("UPDATE event_block SET last_replay_id = 1039 WHERE first_replay_id = 1021");
}

#[test]
fn a_missing_block_is_corrupt() {
    check_corrupt("DELETE FROM event_block WHERE first_replay_id = 1021");
    let [all, _] = read_after("DELETE FROM event_block WHERE first_replay_id = 1041");
    assert!(matches!(all, Err(Error::Corrupt { .. })), "{all:?}");
}

#[test]
fn a_value_of_another_kind_is_corrupt() {
    for damage in [
        "\"Flag__c\" = 2",
        "\"Count__c\" = 'many'",
        "\"Count__c\" = 1.5",
        "\"Ratio__c\" = 'half'",
        "\"Name\" = x'00'",
        "\"Name\" = CAST(x'ff' AS TEXT)",
        "\"Day__c\" = 1e9 * 10",
        "\"Parent__c\" = 'nobody'",
        "\"Parent__c\" = '001000000000001AAB'",
    ] {
        let folder = Folder::new();
        let entity = sample::entity();
        let mut store = folder.opened(&entity);
        let row = sample::new_row(&entity, 1, sample::full_row(&entity, 1));
        commit(&mut *store.writer, vec![row], 1, &[]).expect("committed");
        drop(store);
        let sqlite = folder.sqlite();
        let statement = format!("UPDATE \"record_Thing__c\" SET {damage}");
        sqlite.execute(&statement, []).expect("the damage is done");
        drop(sqlite);
        let store = folder.opened(&entity);
        let result = store.reader.row(&entity, sample::id(1));
        assert!(
            matches!(result, Err(Error::Corrupt { .. })),
            "{damage}: {result:?}"
        );
    }
}
