//! What the store does when its server or its connection fails, and when another process becomes the writer.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use landfall_model::{EntityDefinition, Timestamp, Topic, Value};
use landfall_store::laws::sample::{entity, event, id, new_row, row, text};
use landfall_store::{Appended, Error, Opened, Outcome, TopicFilter, WriteSet, Writer};
use landfall_store_postgres::{Config, open};

use crate::server::Server;

const TOPIC: &str = "/data/Thing__ChangeEvent";

fn opened(server: &Server, entity: &Arc<EntityDefinition>) -> Opened {
    let mut store = open(&Config::new(server.url("landfall"))).expect("the store opens");
    let prepared = store.writer.prepare(std::slice::from_ref(entity));
    prepared.expect("prepared");
    store.writer.topic(&Topic::new(TOPIC)).expect("numbered");
    store
}

/// A new record with an event.
fn attempt(
    writer: &mut dyn Writer,
    entity: &Arc<EntityDefinition>,
    number: u64,
) -> landfall_store::Result<Outcome> {
    let topic = writer.topic(&Topic::new(TOPIC))?;
    let values = row(entity, number, &[("Name", text(&number.to_string()))]);
    let write = WriteSet {
        rows: vec![new_row(entity, number, values)],
        ..WriteSet::default()
    };
    writer.commit(&write, &mut |position| Appended {
        events: vec![event(topic, number)],
        at: Timestamp::from_millis(1),
        commit_number: position.commit_number.advanced_by(1),
    })
}

/// The outcome once it is known, as the engine asks for it.
fn settled(writer: &mut dyn Writer, mut outcome: Outcome) -> Outcome {
    let began = Instant::now();
    while let Outcome::Unknown(transaction) = outcome {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it becomes known"
        );
        sleep(Duration::from_millis(20));
        outcome = writer.outcome_of(transaction).expect("an outcome");
    }
    outcome
}

/// Whether the record and its event are there; never one without the other.
fn is_kept(store: &Opened, entity: &EntityDefinition, number: u64) -> bool {
    let record = store.reader.row(entity, id(number)).expect("readable");
    let page = store
        .reader
        .events(landfall_model::ReplayId::ORIGIN, &TopicFilter::All, 10_000);
    let payload = format!("payload {number}");
    let events = page.expect("readable").events;
    let events = events
        .iter()
        .filter(|event| event.payload == payload.as_bytes());
    let events = events.count();
    assert_eq!(events, usize::from(record.is_some()), "record {number}");
    record.is_some()
}

/// Ends every connection of the store, wherever it is in a transaction.
const END_CONNECTIONS: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'landfall'";

#[test]
fn a_commit_whose_connection_is_cut_is_kept_or_lost_as_it_is_answered() {
    let server = Server::start();
    let entity = entity();
    let mut store = opened(&server, &entity);
    let done = std::sync::atomic::AtomicBool::new(false);
    let (mut kept, mut lost) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                server.psql(END_CONNECTIONS);
                sleep(Duration::from_millis(15));
            }
        });
        let mut answers = Vec::new();
        for number in 1..=300 {
            let outcome = match attempt(&mut *store.writer, &entity, number) {
                Ok(outcome) => settled(&mut *store.writer, outcome),
                Err(Error::Unavailable { failure, source }) => {
                    Outcome::Unavailable { failure, source }
                }
                Err(error) => panic!("{number}: {error:?}"),
            };
            match outcome {
                Outcome::Committed(_) => answers.push((number, true)),
                Outcome::Unavailable { .. } => answers.push((number, false)),
                other => panic!("{number}: {other:?}"),
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for (number, answer) in answers {
            let found = loop {
                // The other thread may end one last connection.
                match store.reader.row(&entity, id(number)) {
                    Ok(found) => break found.is_some(),
                    Err(_) => sleep(Duration::from_millis(20)),
                }
            };
            assert_eq!(found, answer, "record {number}");
            if answer {
                kept += 1;
            } else {
                lost += 1;
            }
        }
    });
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost");
    for number in 1..=300 {
        is_kept(&store, &entity, number);
    }
}

#[test]
fn what_was_acknowledged_is_there_after_a_crash_of_the_server() {
    let mut server = Server::start();
    let entity = entity();
    let mut store = opened(&server, &entity);
    let outcome = attempt(&mut *store.writer, &entity, 1).expect("an outcome");
    assert!(matches!(outcome, Outcome::Committed(_)), "{outcome:?}");
    server.crash();
    assert!(is_kept(&store, &entity, 1), "the reader connects again");
    let through_writer = store.writer.row(&entity, id(1)).expect("readable");
    let name = through_writer.expect("there").into_iter().nth(1);
    assert_eq!(name, Some(Value::Text("1".to_owned())));
    let outcome = attempt(&mut *store.writer, &entity, 2).expect("an outcome");
    let outcome = settled(&mut *store.writer, outcome);
    let again = match outcome {
        Outcome::Committed(_) => true,
        _ => matches!(
            attempt(&mut *store.writer, &entity, 2),
            Ok(Outcome::Committed(_))
        ),
    };
    assert!(again && is_kept(&store, &entity, 2));
}

#[test]
fn a_second_process_is_refused_and_a_fenced_one_writes_nothing() {
    let server = Server::start();
    let entity = entity();
    let mut store = opened(&server, &entity);
    let refused = open(&Config::new(server.url("landfall"))).err();
    let refused = refused.expect("refused").to_string();
    assert!(
        refused.contains("another process is the writer"),
        "{refused}"
    );
    // As after a failure of the network that only this side has not noticed.
    server.psql("UPDATE landfall.org SET epoch = epoch + 1");
    for _ in 0..2 {
        let outcome = attempt(&mut *store.writer, &entity, 1);
        assert!(matches!(outcome, Ok(Outcome::Fenced)), "{outcome:?}");
    }
    let trimmed = store.writer.trim(Timestamp::from_millis(5));
    assert!(matches!(trimmed, Err(Error::Fenced)), "{trimmed:?}");
    assert!(!is_kept(&store, &entity, 1));
    drop(store);
    let mut store = opened(&server, &entity);
    let outcome = attempt(&mut *store.writer, &entity, 1);
    assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{outcome:?}");
}

#[test]
fn a_server_that_would_lose_what_it_acknowledged_is_refused() {
    for (settings, reason) in [
        (&["fsync=off"][..], "fsync"),
        (&["synchronous_commit=off"][..], "synchronous_commit"),
    ] {
        let server = Server::with(settings);
        let refused = open(&Config::new(server.url("landfall"))).err();
        let refused = refused.expect("refused").to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    let server = Server::start();
    server.psql("CREATE SCHEMA taken");
    server.psql("CREATE TABLE taken.something (a int)");
    let refused = open(&Config::new(server.url("taken"))).err();
    let refused = refused.expect("refused").to_string();
    assert!(refused.contains("something else"), "{refused}");
    let nowhere = open(&Config::new(
        "postgres://landfall@%2Fno%2Fsuch%2Ffolder/postgres",
    ));
    let nowhere = nowhere.err().expect("refused").to_string();
    assert!(nowhere.contains("PostgreSQL"), "{nowhere}");
}
