//! The feed of commits: what each of them touched, for everything that is kept in memory and comes from the store.
//!
//! A consumer loads its state, then follows: it reads [`Reader::position`](crate::Reader::position) first, loads what it
//! needs, and applies every commit after that position by reading the touched items again. Loading may already have seen
//! some of those commits; applying a commit twice changes nothing, because an item is always read in its newest state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_model::limits::{FEED_COMMITS_MAX, FEED_ITEMS_MAX};
use landfall_model::{CommitNumber, EntityName, RecordId, ReplayId, Timestamp};

use crate::write::{DocumentKind, Position, WriteSet};

/// One commit of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit number after it. Every commit has one of its own, and later commits have greater ones.
    pub number: CommitNumber,
    /// The newest replay id after it.
    pub tail: ReplayId,
    /// When it was made. Never before the time of an earlier commit.
    pub appended_at: Timestamp,
    /// What it changed besides the records that nobody keeps in memory.
    pub touched: Touched,
}

impl Commit {
    /// The store's position after it.
    pub const fn position(&self) -> Position {
        Position {
            tail: self.tail,
            commit_number: self.number,
            appended_at: self.appended_at,
        }
    }
}

/// What a commit touched. An item that is listed was written or deleted; its state is read from the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// Documents, each once, without those of [`DocumentKind::Counter`], which only the writer reads.
    pub documents: BTreeSet<(DocumentKind, String)>,
    /// Records of the objects that [`Writer::report_records_of`](crate::Writer::report_records_of) names, each once.
    pub records: BTreeMap<EntityName, BTreeSet<RecordId>>,
    /// Events up to and including this one are no longer retained. None: the commit trimmed nothing.
    pub trimmed: Option<ReplayId>,
    /// Whether the log is another one now: replay ids of before mean nothing.
    pub rewound: bool,
}

impl Touched {
    /// What a write touches; `reported` are the objects whose records are listed.
    pub fn by(write: &WriteSet, reported: &BTreeSet<EntityName>) -> Self {
        let documents = write
            .documents
            .iter()
            .filter(|document| document.kind != DocumentKind::Counter)
            .map(|document| (document.kind, document.key.clone()));
        let written = write.rows.iter().map(|row| (&row.entity.name, row.id));
        let removed = write
            .removals
            .iter()
            .map(|removal| (&removal.entity.name, removal.id));
        let mut records: BTreeMap<EntityName, BTreeSet<RecordId>> = BTreeMap::new();
        for (entity, id) in written.chain(removed) {
            if reported.contains(entity) {
                records.entry(entity.clone()).or_default().insert(id);
            }
        }
        Self {
            documents: documents.collect(),
            records,
            trimmed: None,
            rewound: false,
        }
    }

    /// Whether definitions changed: objects, fields, events, channels and everything else that is deployed.
    pub fn has_definitions(&self) -> bool {
        self.has(DocumentKind::Component)
    }

    /// Whether a document of this kind is among what was touched.
    pub fn has(&self, kind: DocumentKind) -> bool {
        self.keys(kind).next().is_some()
    }

    /// The keys of the touched documents of a kind.
    pub fn keys(&self, kind: DocumentKind) -> impl Iterator<Item = &str> {
        self.documents
            .range((kind, String::new())..)
            .take_while(move |(of, _)| *of == kind)
            .map(|(_, key)| key.as_str())
    }

    fn items(&self) -> usize {
        self.documents.len() + self.records.values().map(BTreeSet::len).sum::<usize>()
    }
}

/// What [`Reader::follow`](crate::Reader::follow) answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// The commits after the position, in order and without a gap. Empty: there is none yet.
    Commits(Vec<Arc<Commit>>),
    /// Some of them are not kept any more: load everything anew.
    TooFarBehind,
}

/// The newest commits in memory, bounded: the feed of a store that one process has to itself.
///
/// Such a store needs no table of recent commits. Nobody follows it over a restart, since a follower has loaded its state
/// in the same process.
#[derive(Debug)]
pub struct RecentCommits(Mutex<Recent>);

#[derive(Debug)]
struct Recent {
    commits: VecDeque<Arc<Commit>>,
    /// In all of them.
    items: usize,
    /// The commit before the first that is kept.
    before: CommitNumber,
    position: Position,
}

impl RecentCommits {
    /// None yet: the store was opened at `position`.
    pub const fn since(position: Position) -> Self {
        Self(Mutex::new(Recent {
            commits: VecDeque::new(),
            items: 0,
            before: position.commit_number,
            position,
        }))
    }

    /// Starts over at a position that no commit of this process led to: the store was filled from another one.
    pub fn begin_at(&self, position: Position) {
        let mut recent = self.lock();
        *recent = Recent {
            commits: VecDeque::new(),
            items: 0,
            before: position.commit_number,
            position,
        };
    }

    /// Takes a commit that has just become durable.
    pub fn push(&self, commit: Arc<Commit>) {
        let mut recent = self.lock();
        recent.position = commit.position();
        recent.items += commit.touched.items();
        recent.commits.push_back(commit);
        while recent.commits.len() > FEED_COMMITS_MAX || recent.items > FEED_ITEMS_MAX {
            let Some(oldest) = recent.commits.pop_front() else {
                break;
            };
            recent.items -= oldest.touched.items();
            recent.before = oldest.number;
        }
    }

    /// The position after the newest commit.
    pub fn position(&self) -> Position {
        self.lock().position
    }

    /// The commits after `after`, `limit` at most.
    pub fn after(&self, after: CommitNumber, limit: usize) -> Followed {
        let recent = self.lock();
        if after < recent.before {
            return Followed::TooFarBehind;
        }
        let first = recent
            .commits
            .partition_point(|commit| commit.number <= after);
        Followed::Commits(
            recent
                .commits
                .iter()
                .skip(first)
                .take(limit)
                .cloned()
                .collect(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u64, documents: usize) -> Arc<Commit> {
        let keys = (0..documents).map(|key| (DocumentKind::Session, key.to_string()));
        Arc::new(Commit {
            number: CommitNumber::new(number),
            tail: ReplayId::ORIGIN,
            appended_at: Timestamp::default(),
            touched: Touched {
                documents: keys.collect(),
                ..Touched::default()
            },
        })
    }

    fn recent() -> RecentCommits {
        RecentCommits::since(Position {
            tail: ReplayId::ORIGIN,
            commit_number: CommitNumber::new(10),
            appended_at: Timestamp::default(),
        })
    }

    fn numbers(recent: &RecentCommits, after: u64, limit: usize) -> Option<Vec<u64>> {
        match recent.after(CommitNumber::new(after), limit) {
            Followed::Commits(commits) => {
                Some(commits.iter().map(|commit| commit.number.get()).collect())
            }
            Followed::TooFarBehind => None,
        }
    }

    #[test]
    fn commits_follow_each_other_up_to_the_limit() {
        let recent = recent();
        assert_eq!(numbers(&recent, 10, 9), Some(vec![]));
        assert_eq!(numbers(&recent, 9, 9), None);
        for number in [11, 13, 14] {
            recent.push(commit(number, 1));
        }
        assert_eq!(numbers(&recent, 10, 9), Some(vec![11, 13, 14]));
        assert_eq!(numbers(&recent, 10, 2), Some(vec![11, 13]));
        assert_eq!(numbers(&recent, 12, 9), Some(vec![13, 14]));
        assert_eq!(numbers(&recent, 14, 9), Some(vec![]));
        assert_eq!(recent.position().commit_number.get(), 14);
    }

    #[test]
    fn a_consumer_behind_retention_reloads_everything() {
        let recent = recent();
        let most = u64::try_from(FEED_COMMITS_MAX).expect("a small number");
        for number in 11..=11 + most {
            recent.push(commit(number, 0));
        }
        assert_eq!(numbers(&recent, 10, 1), None);
        assert_eq!(numbers(&recent, 11, 1), Some(vec![12]));
    }

    #[test]
    fn the_touched_items_are_bounded_too() {
        let recent = recent();
        recent.push(commit(11, FEED_ITEMS_MAX));
        assert_eq!(numbers(&recent, 10, 9), Some(vec![11]));
        recent.push(commit(12, 1));
        assert_eq!(numbers(&recent, 10, 9), None);
        assert_eq!(numbers(&recent, 11, 9), Some(vec![12]));
        recent.push(commit(13, FEED_ITEMS_MAX + 1));
        assert_eq!(numbers(&recent, 12, 9), None);
        assert_eq!(numbers(&recent, 13, 9), Some(vec![]));
    }

    #[test]
    fn keys_are_those_of_one_kind() {
        let mut touched = Touched::default();
        for (kind, key) in [
            (DocumentKind::Org, "z"),
            (DocumentKind::Session, "a"),
            (DocumentKind::Session, "b"),
            (DocumentKind::Usage, ""),
        ] {
            touched.documents.insert((kind, key.to_owned()));
        }
        let keys = |kind| touched.keys(kind).collect::<Vec<_>>();
        assert_eq!(keys(DocumentKind::Session), ["a", "b"]);
        assert_eq!(keys(DocumentKind::Usage), [""]);
        assert!(!touched.has(DocumentKind::Component) && !touched.has_definitions());
    }
}
