//! Random changes against roll-ups computed anew from all records.

use landfall_model::{RecordId, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{fleet, given, harbour, ship};
use crate::org::Org;

#[derive(Clone, Copy, Debug)]
enum Op {
    Create {
        ship: usize,
        cents: i32,
        paid: bool,
    },
    Change {
        voyage: usize,
        cents: i32,
        paid: bool,
    },
    Move {
        voyage: usize,
        ship: usize,
    },
    Delete {
        record: usize,
    },
    Undelete {
        record: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let (ship, voyage, cents) = (0..4_usize, 0..20_usize, -500..500_i32);
    prop_oneof![
        3 => (ship.clone(), cents.clone(), any::<bool>())
            .prop_map(|(ship, cents, paid)| Op::Create { ship, cents, paid }),
        2 => (voyage.clone(), cents, any::<bool>())
            .prop_map(|(voyage, cents, paid)| Op::Change { voyage, cents, paid }),
        2 => (voyage.clone(), ship).prop_map(|(voyage, ship)| Op::Move { voyage, ship }),
        2 => voyage.clone().prop_map(|record| Op::Delete { record }),
        2 => voyage.prop_map(|record| Op::Undelete { record }),
    ]
}

/// Two fleets with two ships each, and their changes.
struct World {
    org: Org,
    fleets: Vec<RecordId>,
    ships: Vec<RecordId>,
    voyages: Vec<RecordId>,
}

impl World {
    async fn new() -> Self {
        let org = harbour().await;
        let fleets = vec![fleet(&org).await, fleet(&org).await];
        let mut ships = Vec::new();
        for fleet in &fleets {
            ships.push(ship(&org, *fleet).await);
            ships.push(ship(&org, *fleet).await);
        }
        Self {
            org,
            fleets,
            ships,
            voyages: Vec::new(),
        }
    }

    /// Any record, voyages more often than the others.
    fn record(&self, number: usize) -> Option<RecordId> {
        let all = [&self.ships[..], &self.fleets, &self.voyages].concat();
        all.get(number).copied()
    }

    async fn make(&mut self, ops: Vec<Op>) {
        let org = &self.org;
        let changes = ops.into_iter().filter_map(|op| match op {
            Op::Create { ship, cents, paid } => {
                let given = given(*self.ships.get(ship)?, f64::from(cents) / 100.0, paid);
                Some(org.create("Voyage__c", &given))
            }
            Op::Change {
                voyage,
                cents,
                paid,
            } => {
                let fee = Value::Double(f64::from(cents) / 100.0);
                let given = [("Fee__c", fee), ("Paid__c", Value::Boolean(paid))];
                Some(org.update(*self.voyages.get(voyage)?, &given))
            }
            Op::Move { voyage, ship } => {
                let given = [("Ship__c", Value::Id(*self.ships.get(ship)?))];
                Some(org.update(*self.voyages.get(voyage)?, &given))
            }
            Op::Delete { record } => Some(org.delete(self.record(record)?)),
            Op::Undelete { record } => Some(org.undelete(self.record(record)?)),
        });
        let outcomes = org.commit(changes.collect()).await;
        let created = outcomes.into_iter().flatten().filter(|saved| saved.created);
        self.voyages.extend(created.map(|saved| saved.id));
    }

    /// The details of a record, without those in the recycle bin.
    async fn details(&self, of: &[RecordId], key: &str, master: RecordId) -> Vec<RecordId> {
        let mut found = Vec::new();
        for id in of {
            let is_its = self.org.value(*id, key).await == Value::Id(master);
            if is_its && !self.org.is_deleted(*id).await {
                found.push(*id);
            }
        }
        found
    }

    async fn numbers(&self, of: &[RecordId], field: &str) -> Vec<f64> {
        let mut numbers = Vec::new();
        for id in of {
            if let Value::Double(number) = self.org.value(*id, field).await {
                numbers.push(number);
            }
        }
        numbers
    }

    async fn check(&self) {
        for ship in self.live(&self.ships).await {
            let voyages = self.details(&self.voyages, "Ship__c", ship).await;
            let mut paid = Vec::new();
            for voyage in &voyages {
                if self.org.value(*voyage, "Paid__c").await == Value::Boolean(true) {
                    paid.push(*voyage);
                }
            }
            let fees = self.numbers(&voyages, "Fee__c").await;
            let income: f64 = self.numbers(&paid, "Fee__c").await.iter().sum();
            self.is(ship, "Voyages__c", Some(exact(voyages.len())))
                .await;
            self.is(ship, "Income__c", Some(income)).await;
            self.is(ship, "Largest__c", fees.into_iter().reduce(f64::max))
                .await;
        }
        for fleet in self.live(&self.fleets).await {
            let ships = self.details(&self.ships, "Fleet__c", fleet).await;
            let income: f64 = self.numbers(&ships, "Income__c").await.iter().sum();
            self.is(fleet, "Ships__c", Some(exact(ships.len()))).await;
            self.is(fleet, "Income__c", Some(income)).await;
        }
    }

    async fn live(&self, of: &[RecordId]) -> Vec<RecordId> {
        let mut live = Vec::new();
        for id in of {
            if !self.org.is_deleted(*id).await {
                live.push(*id);
            }
        }
        live
    }

    async fn is(&self, id: RecordId, field: &str, expected: Option<f64>) {
        let kept = match self.org.value(id, field).await {
            Value::Double(number) => Some(number),
            other => {
                assert_eq!(other, Value::Null);
                None
            }
        };
        let same = match (kept, expected) {
            (Some(kept), Some(expected)) => (kept - expected).abs() < 0.005,
            (kept, expected) => kept == expected,
        };
        assert!(same, "{field} of {id} is {kept:?}, not {expected:?}");
    }
}

fn exact(count: usize) -> f64 {
    f64::from(u32::try_from(count).expect("few"))
}

#[test]
fn after_any_changes_every_roll_up_is_what_its_details_make_of_it() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let transactions = prop::collection::vec(prop::collection::vec(op(), 1..6), 1..12);
    let mut runner = TestRunner::new(Config::with_cases(24));
    let result = runner.run(&transactions, |transactions| {
        runtime.block_on(async {
            let mut world = World::new().await;
            for ops in transactions {
                world.make(ops).await;
                world.check().await;
            }
        });
        Ok(())
    });
    result.expect("true roll-ups");
}
