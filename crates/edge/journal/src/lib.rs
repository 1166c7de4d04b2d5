//! What clients have sent to an org and what they got, and which of it no correct client does.
//!
//! The journal keeps the newest requests within bounds of number and memory, each with the beginnings of its bodies and
//! without its secrets. Mistakes are found as answers go out, by the typed faults that surfaces put beside them, and stay
//! when their requests are gone. Only developer orgs have a journal. Start reading at [`Journal`]; `exchange` observes a
//! request on its way.

mod entry;
mod exchange;
mod mistake;
mod ring;
mod secrets;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_engine::Engine;

pub use entry::{Api, Content, Entry, Outcome};
pub use exchange::{Observation, Reason, observed};
pub use mistake::{Finding, Kind, Mistake};
pub use ring::{Filter, Mistakes, Page, Totals};

use ring::Ring;

/// A message of a call of the Pub/Sub API as JSON: of the name of the call, and of a message of it.
pub type Describe = fn(&str, &[u8]) -> Option<String>;

/// How calls of the Pub/Sub API are shown.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// A message of the request.
    pub request: Describe,
    /// A message of the answer.
    pub answer: Describe,
}

/// The journal of an org: cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

struct Shared {
    engine: Engine,
    described: Described,
    ring: Mutex<Ring>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

impl Journal {
    /// An empty journal that keeps this many requests.
    pub fn new(engine: Engine, described: Described, requests: usize) -> Self {
        Self(Arc::new(Shared {
            engine,
            described,
            ring: Mutex::new(Ring::new(requests)),
        }))
    }

    /// The requests that a filter takes, the newest first.
    pub fn page(&self, filter: &Filter) -> Page {
        let matching = |entry: &Entry| filter.takes(entry, || self.request_text(entry));
        self.ring().page(filter, matching)
    }

    /// One request; none if it was not made, or is not kept any more.
    pub fn find(&self, number: u64) -> Option<Entry> {
        self.ring().find(number).cloned()
    }

    /// What clients did wrong, the first one first.
    pub fn mistakes(&self) -> Mistakes {
        self.ring().mistakes()
    }

    /// How many requests there were since the journal was last cleared.
    pub fn requests(&self) -> u64 {
        self.ring().requests()
    }

    /// What there was since the journal was last forgotten, also what was cleared meanwhile.
    pub fn totals(&self) -> Totals {
        self.ring().totals()
    }

    /// Begins a new list; numbers and totals go on.
    pub fn clear(&self) {
        self.ring().clear();
    }

    /// Forgets everything; numbers go on.
    pub fn forget(&self) {
        self.ring().forget();
    }

    /// The body of a request as text, as far as it is kept: unpacked, and calls of the Pub/Sub API as JSON.
    pub fn request_text(&self, entry: &Entry) -> Option<String> {
        shown(entry, &entry.request, self.0.described.request)
    }

    /// The same of the body of an answer.
    pub fn answer_text(&self, entry: &Entry) -> Option<String> {
        shown(entry, &entry.answer, self.0.described.answer)
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body as text: of the Pub/Sub API each whole message as a line.
fn shown(entry: &Entry, body: &Content, describe: Describe) -> Option<String> {
    match entry.api {
        Api::PubSub => {
            let call = entry.target.rsplit('/').next().unwrap_or_default();
            Some(body.messages(|message| describe(call, message)))
        }
        _ => body.text(),
    }
}
