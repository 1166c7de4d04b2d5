//! What was done in the orgs of a process: requests, events, and what clients did wrong.

use landfall_engine::Engine;
use landfall_journal::{Journal, Totals};

/// What was done in one org or several.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Events that went into the log.
    pub published: u64,
    /// Events that went to subscribers, each copy for itself.
    pub delivered: u64,
    /// Requests of clients and what was wrong with them, where that is kept: in developer orgs.
    pub journal: Option<Totals>,
}

impl Activity {
    pub(crate) fn of(engine: &Engine, journal: Option<&Journal>) -> Self {
        let topics = engine.usage().totals();
        Self {
            published: topics.iter().map(|topic| topic.published).sum(),
            delivered: topics.iter().map(|topic| topic.delivered).sum(),
            journal: journal.map(Journal::totals),
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.published += other.published;
        self.delivered += other.delivered;
        if let Some(journal) = &other.journal {
            self.journal.get_or_insert_default().add(journal);
        }
    }
}
