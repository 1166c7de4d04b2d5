//! The load: writers that create, rename and delete Accounts until their connection breaks.

use std::net::SocketAddr;

use super::model::Attempt;
use crate::{
    org::{Org, Write},
    random::Random,
    replay::Change,
};

/// Writers at once, each on a connection of its own.
pub(crate) const WRITERS: usize = 8;
/// A writer ends by itself after so many writes: the kill did not come.
const WRITES_MAX: u64 = 100_000;
/// Records of earlier rounds that one writer goes on with.
const OLD_RECORDS_MAX: usize = 40;

/// One writer with the records that are its own, so that it knows the order of each record's changes.
pub(crate) struct Writer {
    name: String,
    records: Vec<String>,
    random: Random,
}

impl Writer {
    /// The writer of this number in this round; the live records are dealt out among the writers.
    pub(crate) fn new(round: u64, writer: usize, live: &[String], mut random: Random) -> Self {
        let mut records: Vec<String> = live.iter().skip(writer).step_by(WRITERS).cloned().collect();
        while records.len() > OLD_RECORDS_MAX {
            records.swap_remove(pick(&mut random, records.len()));
        }
        Self {
            name: format!("round {round} writer {writer}"),
            records,
            random,
        }
    }

    /// Writes until the connection breaks or a write is refused.
    pub(crate) fn run(mut self, address: SocketAddr, token: &str) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        // The kill may come before this writer has its connection.
        let Ok(mut org) = Org::connect(address, token) else {
            return attempts;
        };
        for number in 0..WRITES_MAX {
            let name = format!("{} write {number}", self.name);
            let attempt = self.write(&mut org, name);
            let goes_on = attempt.acknowledged;
            attempts.push(attempt);
            if !goes_on {
                break;
            }
        }
        attempts
    }

    fn write(&mut self, org: &mut Org, name: String) -> Attempt {
        let dice = self.random.below(100);
        if self.records.is_empty() || dice < 50 {
            let outcome = org.create(&name);
            if let Write::Acknowledged(id) = &outcome {
                self.records.push(id.clone());
            }
            return attempt(outcome, None, Change::Created(name));
        }
        let index = pick(&mut self.random, self.records.len());
        if dice < 85 {
            let id = self.records.get(index).cloned().unwrap_or_default();
            attempt(org.rename(&id, &name), Some(id), Change::Renamed(name))
        } else {
            let id = self.records.swap_remove(index);
            attempt(org.delete(&id), Some(id), Change::Deleted)
        }
    }
}

fn attempt(outcome: Write, record_id: Option<String>, change: Change) -> Attempt {
    match outcome {
        Write::Acknowledged(id) => Attempt::acknowledged(id, change),
        Write::Unknown => Attempt::doubtful(record_id, change),
        Write::Refused { status, body } => Attempt {
            refused: Some(format!("{status} {body}")),
            ..Attempt::doubtful(record_id, change)
        },
    }
}

fn pick(random: &mut Random, count: usize) -> usize {
    let bound = u64::try_from(count).unwrap_or(u64::MAX);
    usize::try_from(random.below(bound)).unwrap_or(0)
}
