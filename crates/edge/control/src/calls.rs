//! The calls, in the order of the document.

use std::future::ready;
use std::pin::Pin;

use landfall_apidoc::Call;

use crate::refusal::Refusal;
use crate::{
    Made, channels, clock, difference, events, expect, faults, har, logins, node, orgs,
    push_topics, requests, reset, schemas, settle, snapshots, subscribers, topics, usage,
};

/// The body of an answer that is still being made; empty for none.
pub(crate) type Pending<'a> = Pin<Box<dyn Future<Output = Result<String, Refusal>> + Send + 'a>>;

/// What a call does to an org, which decides on the nodes that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Reads. The console of a production node has it.
    Reads,
    /// Acts on what runs, or keeps a copy of what is stored: an operator may do it to a production node.
    Operates,
    /// Is for tests: developer orgs only.
    Tests,
}

/// Calls that only read what an operator may see. A call that is on neither list is for tests.
const READING: &[&str] = &[
    "listTopics",
    "getTopic",
    "getPosition",
    "countEvents",
    "countEventsByTime",
    "listEvents",
    "getEvent",
    "listDeliveries",
    "listSchemas",
    "listSubscribers",
    "getNode",
    "getUsage",
];

/// Calls that act on what runs, and backups. Nothing that is stored is changed or removed by them.
const OPERATING: &[&str] = &[
    "endSubscriber",
    "getSnapshot",
    "listSnapshots",
    "saveSnapshot",
];

/// A call and what answers it.
pub(crate) struct Declared {
    pub(crate) call: Call,
    pub(crate) answer: for<'a> fn(&'a Made<'_>) -> Pending<'a>,
}

pub(crate) const CALLS: &[Declared] = &[
    Declared {
        call: clock::SHOW,
        answer: |made| Box::pin(ready(clock::show(made))),
    },
    Declared {
        call: clock::SET,
        answer: |made| Box::pin(clock::set(made)),
    },
    Declared {
        call: clock::PREVIEW,
        answer: |made| Box::pin(clock::preview(made)),
    },
    Declared {
        call: clock::ADVANCE,
        answer: |made| Box::pin(clock::advance(made)),
    },
    Declared {
        call: topics::LIST,
        answer: |made| Box::pin(ready(topics::list(made))),
    },
    Declared {
        call: channels::SHOW,
        answer: |made| Box::pin(ready(channels::show(made))),
    },
    Declared {
        call: topics::POSITION,
        answer: |made| Box::pin(topics::position(made)),
    },
    Declared {
        call: channels::COUNT,
        answer: |made| Box::pin(channels::count(made)),
    },
    Declared {
        call: push_topics::CHECK,
        answer: |made| Box::pin(ready(push_topics::check(made))),
    },
    Declared {
        call: schemas::LIST,
        answer: |made| Box::pin(ready(schemas::list(made))),
    },
    Declared {
        call: events::LIST,
        answer: |made| Box::pin(events::list(made)),
    },
    // Before the call for one event, whose path fits as well.
    Declared {
        call: events::HISTOGRAM,
        answer: |made| Box::pin(events::histogram(made)),
    },
    Declared {
        call: events::SHOW,
        answer: |made| Box::pin(events::show(made)),
    },
    Declared {
        call: events::DELIVERIES,
        answer: |made| Box::pin(events::deliveries(made)),
    },
    Declared {
        call: subscribers::LIST,
        answer: |made| Box::pin(ready(subscribers::list(made))),
    },
    Declared {
        call: subscribers::END,
        answer: |made| Box::pin(ready(subscribers::end(made))),
    },
    Declared {
        call: settle::SETTLE,
        answer: |made| Box::pin(settle::settle(made)),
    },
    Declared {
        call: expect::EXPECT,
        answer: |made| Box::pin(expect::expect(made)),
    },
    Declared {
        call: requests::LIST,
        answer: |made| Box::pin(ready(requests::list(made))),
    },
    Declared {
        call: requests::SHOW,
        answer: |made| Box::pin(ready(requests::show(made))),
    },
    Declared {
        call: har::EXPORT,
        answer: |made| Box::pin(ready(har::export(made))),
    },
    Declared {
        call: requests::CLEAR,
        answer: |made| Box::pin(ready(requests::clear(made))),
    },
    Declared {
        call: requests::MISTAKES,
        answer: |made| Box::pin(ready(requests::mistakes(made))),
    },
    Declared {
        call: reset::RESET,
        answer: |made| Box::pin(reset::reset(made)),
    },
    Declared {
        call: snapshots::LIST,
        answer: |made| Box::pin(snapshots::list(made)),
    },
    Declared {
        call: snapshots::SAVE,
        answer: |made| Box::pin(snapshots::save(made)),
    },
    Declared {
        call: snapshots::SHOW,
        answer: |made| Box::pin(snapshots::show(made)),
    },
    Declared {
        call: snapshots::LOAD,
        answer: |made| Box::pin(reset::load(made)),
    },
    Declared {
        call: difference::SHOW,
        answer: |made| Box::pin(difference::show(made)),
    },
    Declared {
        call: snapshots::REMOVE,
        answer: |made| Box::pin(snapshots::remove(made)),
    },
    Declared {
        call: node::SHOW,
        answer: |made| Box::pin(node::show(made)),
    },
    Declared {
        call: usage::SHOW,
        answer: |made| Box::pin(ready(usage::show(made))),
    },
    Declared {
        call: orgs::LIST,
        answer: |made| Box::pin(ready(Ok(orgs::list(made)))),
    },
    Declared {
        call: orgs::OPEN,
        answer: |made| Box::pin(orgs::open(made)),
    },
    Declared {
        call: orgs::CLOSE,
        answer: |made| Box::pin(orgs::close(made)),
    },
    Declared {
        call: logins::LOG_IN,
        answer: |made| Box::pin(logins::log_in(made)),
    },
    Declared {
        call: faults::LIST,
        answer: |made| Box::pin(ready(faults::list(made))),
    },
    Declared {
        call: faults::ARM,
        answer: |made| Box::pin(ready(faults::arm(made))),
    },
    Declared {
        call: faults::CLEAR,
        answer: |made| Box::pin(ready(faults::clear(made))),
    },
    Declared {
        call: faults::REMOVE,
        answer: |made| Box::pin(ready(faults::remove(made))),
    },
];

impl Declared {
    /// What it does to an org.
    pub(crate) fn effect(&self) -> Effect {
        if READING.contains(&self.call.id) {
            Effect::Reads
        } else if OPERATING.contains(&self.call.id) {
            Effect::Operates
        } else {
            Effect::Tests
        }
    }

    /// The parameters in a path, if it is the path of the call.
    pub(crate) fn parameters(&self, path: &[String]) -> Option<Vec<(String, String)>> {
        let declared: Vec<&str> = self.call.path.split('/').collect();
        if declared.len() != path.len() {
            return None;
        }
        let mut parameters = Vec::new();
        for (declared, segment) in declared.iter().zip(path) {
            let name = declared.strip_prefix('{');
            match name.and_then(|name| name.strip_suffix('}')) {
                Some(name) => parameters.push((name.to_owned(), segment.clone())),
                None if declared == segment => {}
                None => return None,
            }
        }
        Some(parameters)
    }
}
