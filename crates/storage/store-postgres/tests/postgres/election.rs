//! Which of several nodes is the writer, and that none writes after another has taken over.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use landfall_model::{EntityDefinition, Timestamp, Topic};
use landfall_store::laws::sample::{entity, event, id, new_row, row, text};
use landfall_store::{Appended, Error, Opened, Outcome, WriteSet};
use landfall_store_postgres::{Config, Election, Lead, Node, Standing, nodes, open};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use crate::server::Server;

const TOPIC: &str = "/data/Thing__ChangeEvent";

/// The server's number for the lock of the lead.
const END_LEAD: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = 1281641572";

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime")
}

fn node(server: &Server, name: &str) -> Election {
    let node = Node {
        address: format!("{name}:7443"),
        certificate: None,
    };
    Election::new(&Config::new(server.url("landfall")), node).expect("a node")
}

fn config(server: &Server, lead: Lead) -> Config {
    Config {
        lead: Some(lead),
        ..Config::new(server.url("landfall"))
    }
}

async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    let done = timeout(Duration::from_secs(60), work).await;
    done.unwrap_or_else(|_| panic!("{what} within a minute"))
}

/// Rounds until the node is elected.
async fn elected(election: &mut Election) -> Lead {
    within("an election", async {
        loop {
            if let Ok(Standing::Elected(lead)) = election.round(true).await {
                return lead;
            }
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

fn opened(server: &Server, lead: Lead, entity: &Arc<EntityDefinition>) -> Opened {
    let mut store = open(&config(server, lead)).expect("the store opens");
    let prepared = store.writer.prepare(std::slice::from_ref(entity));
    prepared.expect("prepared");
    store.writer.topic(&Topic::new(TOPIC)).expect("numbered");
    store
}

/// A new record with an event; `between` runs between planning and the commit.
fn attempt(
    store: &mut Opened,
    entity: &Arc<EntityDefinition>,
    number: u64,
    between: impl FnOnce(),
) -> landfall_store::Result<Outcome> {
    let writer = &mut *store.writer;
    let topic = writer.topic(&Topic::new(TOPIC))?;
    let values = row(entity, number, &[("Name", text(&number.to_string()))]);
    let write = WriteSet {
        rows: vec![new_row(entity, number, values)],
        ..WriteSet::default()
    };
    let mut between = Some(between);
    let mut outcome = writer.commit(&write, &mut |position| {
        if let Some(between) = between.take() {
            between();
        }
        Appended {
            events: vec![event(topic, number)],
            at: Timestamp::from_millis(1),
            commit_number: position.commit_number.advanced_by(1),
        }
    })?;
    for _ in 0..1_000 {
        let Outcome::Unknown(transaction) = outcome else {
            return Ok(outcome);
        };
        outcome = writer.outcome_of(transaction)?;
    }
    panic!("the outcome never gets known")
}

fn is_kept(store: &Opened, entity: &EntityDefinition, number: u64) -> bool {
    let record = store.reader.row(entity, id(number));
    record.expect("readable").is_some()
}

#[test]
fn one_node_leads_and_another_one_when_it_lets_go() {
    let (server, runtime, entity) = (Server::start(), runtime(), entity());
    let (mut one, mut other) = (node(&server, "one"), node(&server, "other"));
    runtime.block_on(async {
        let lead = elected(&mut one).await;
        let standing = other.round(true).await.expect("asked");
        assert!(matches!(standing, Standing::Leaderless), "{standing:?}");
        let store = opened(&server, lead, &entity);
        let first = one.lead().await.expect("told");
        assert!(matches!(one.round(true).await, Ok(Standing::Leading)));
        match other.round(true).await.expect("asked") {
            Standing::Following { leader, epoch } => {
                assert_eq!((leader.address.as_str(), epoch), ("one:7443", first));
            }
            standing => panic!("{standing:?}"),
        }
        let listed = nodes(&Config::new(server.url("landfall")))
            .await
            .expect("listed");
        let roles: Vec<_> = listed
            .1
            .iter()
            .map(|node| (node.address.as_str(), node.is_leader))
            .collect();
        assert_eq!(roles, [("one:7443", true), ("other:7443", false)]);
        drop(store);
        one.let_go().await;
        within("a word to the other node", other.woken()).await;
        let lead = elected(&mut other).await;
        let mut store = opened(&server, lead, &entity);
        assert_eq!(other.lead().await.expect("told"), first + 1);
        let outcome = attempt(&mut store, &entity, 1, || {});
        assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{outcome:?}");
    });
}

#[test]
fn a_node_that_is_frozen_between_planning_and_commit_writes_nothing_once_another_leads() {
    let (server, runtime, entity) = (Server::start(), runtime(), entity());
    let (mut frozen, mut other) = (node(&server, "frozen"), node(&server, "other"));
    let lead = runtime.block_on(elected(&mut frozen));
    let mut store = opened(&server, lead, &entity);
    let first = runtime.block_on(frozen.lead()).expect("told");
    let mut taken_over = None;
    // The frozen node gives no sign of life: PostgreSQL ends its lead, and the other one opens the store.
    let outcome = attempt(&mut store, &entity, 1, || {
        let lead = runtime.block_on(elected(&mut other));
        taken_over = Some(opened(&server, lead, &entity));
        runtime.block_on(other.lead()).expect("told");
    });
    assert!(matches!(outcome, Ok(Outcome::Fenced)), "{outcome:?}");
    let standing = runtime.block_on(frozen.round(true)).expect("asked");
    assert!(matches!(standing, Standing::Deposed), "{standing:?}");
    let mut taken_over = taken_over.expect("opened");
    assert!(!is_kept(&taken_over, &entity, 1));
    let outcome = attempt(&mut taken_over, &entity, 2, || {});
    assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{outcome:?}");
    assert!(is_kept(&taken_over, &entity, 2));
    assert_eq!(other.term(), Some(first + 1));
}

#[test]
fn without_the_lock_nothing_is_acknowledged_until_the_node_has_it_again() {
    let (server, runtime, entity) = (Server::start(), runtime(), entity());
    let mut one = node(&server, "one");
    let lead = runtime.block_on(elected(&mut one));
    let mut store = opened(&server, lead.clone(), &entity);
    let epoch = runtime.block_on(one.lead()).expect("published");
    server.psql(END_LEAD);
    runtime.block_on(within("the end of the connection", async {
        // The node is also woken by its own note that it leads.
        while lead.holds() {
            one.woken().await;
        }
    }));
    let refused = attempt(&mut store, &entity, 1, || {});
    let is_refused = matches!(
        refused,
        Ok(Outcome::Unavailable { .. }) | Err(Error::Unavailable { .. })
    );
    assert!(is_refused, "{refused:?}");
    let again = runtime.block_on(within("the lead again", async {
        loop {
            match one.round(true).await {
                Ok(Standing::Leading) => return one.term(),
                Ok(Standing::Doubtful) | Err(_) => sleep(Duration::from_millis(50)).await,
                Ok(standing) => panic!("{standing:?}"),
            }
        }
    }));
    assert_eq!(again, Some(epoch));
    let outcome = attempt(&mut store, &entity, 1, || {});
    assert!(matches!(outcome, Ok(Outcome::Committed(_))), "{outcome:?}");
}
