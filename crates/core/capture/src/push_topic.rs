//! Of which changes of a record a `PushTopic` notifies.
//!
//! A topic has a query, fields whose change counts and operations. It is evaluated on all changes of one
//! record in one transaction at once, since a notification of one includes the others.
//! What a notification says is in [`Telling`].
//!
//! Source: "Event Notification Rules", "`NotifyForFields`", "Considerations for Multiple Notifications in the Same
//! Transaction" (Streaming API Developer Guide).

mod telling;

use landfall_model::{ChangeType, Value};
use landfall_query::Record;
use landfall_query::push_topic::{FieldIndexes, TopicQuery};

pub use telling::Telling;

/// Which fields of an updated record count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyFor {
    /// Every field, also one that the query does not have.
    All,
    /// Those that are selected or in the condition.
    Referenced,
    /// Those that are selected.
    Select,
    /// Those in the condition.
    Where,
}

impl NotifyFor {
    /// All values.
    pub const ALL: [Self; 4] = [Self::All, Self::Referenced, Self::Select, Self::Where];

    /// The value of the field `NotifyForFields`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Referenced => "Referenced",
            Self::Select => "Select",
            Self::Where => "Where",
        }
    }

    /// Reads such a value.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == text)
    }

    /// Whether the query has a field that can count, besides the record's id.
    pub const fn suits(self, query: &TopicQuery) -> bool {
        match self {
            Self::All => true,
            Self::Referenced => query.selects || query.filters,
            Self::Select => query.selects,
            Self::Where => query.filters,
        }
    }
}

/// Which operations notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a PushTopic has a flag for each operation"
)]
pub struct Operations {
    /// New records.
    pub create: bool,
    /// Changed records.
    pub update: bool,
    /// Records that go to the recycle bin.
    pub delete: bool,
    /// Records that come back from it.
    pub undelete: bool,
}

impl Operations {
    const fn include(self, change: ChangeType) -> bool {
        match change {
            ChangeType::Create => self.create,
            ChangeType::Update => self.update,
            ChangeType::Delete => self.delete,
            ChangeType::Undelete => self.undelete,
            ChangeType::GapCreate
            | ChangeType::GapUpdate
            | ChangeType::GapDelete
            | ChangeType::GapUndelete
            | ChangeType::GapOverflow
            | ChangeType::Snapshot => false,
        }
    }
}

/// One change of a record.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// What happened.
    pub change: ChangeType,
    /// The fields that have other values than before; only those of an update count.
    pub changed: FieldIndexes,
    /// The record after it.
    pub row: &'a [Value],
}

impl<'a> Seen<'a> {
    /// A change from one state of a record to another.
    pub fn new(change: ChangeType, before: Option<&[Value]>, row: &'a [Value]) -> Self {
        let changed = match (change, before) {
            (ChangeType::Update, Some(before)) => {
                let pairs = before.iter().zip(row).enumerate();
                let differing = pairs.filter(|(_, (before, after))| before != after);
                differing.map(|(place, _)| place).collect()
            }
            _ => FieldIndexes::default(),
        };
        Self {
            change,
            changed,
            row,
        }
    }
}

/// What a topic watches.
#[derive(Clone, Debug)]
pub struct Watch {
    query: TopicQuery,
    tracked: FieldIndexes,
    operations: Operations,
}

impl Watch {
    /// A topic of this query.
    pub fn new(query: TopicQuery, fields: NotifyFor, operations: Operations) -> Self {
        let tracked = match fields {
            NotifyFor::All => query.any.clone(),
            NotifyFor::Select => query.selected.clone(),
            NotifyFor::Where => query.filtered.clone(),
            NotifyFor::Referenced => {
                let mut both = query.selected.clone();
                both.extend(&query.filtered);
                both
            }
        };
        Self {
            query,
            tracked,
            operations,
        }
    }

    /// Its query.
    pub const fn query(&self) -> &TopicQuery {
        &self.query
    }

    /// The fields of which one has to change for an update to count.
    pub const fn tracked(&self) -> &FieldIndexes {
        &self.tracked
    }

    /// The changes of one record in one transaction that notify, in their order.
    ///
    /// The last comes first. One that counts brings along those that do not: all of its record that are more than the
    /// service's own marks on it.
    pub fn told(&self, changes: &[Seen<'_>]) -> Vec<usize> {
        if !changes.iter().any(|change| self.counts(change)) {
            return Vec::new();
        }
        let told = changes.iter().enumerate().rev();
        let told = told.filter(|(_, seen)| self.is_told_along(seen));
        told.map(|(place, _)| place).collect()
    }

    fn is_told_along(&self, seen: &Seen<'_>) -> bool {
        self.operations.include(seen.change)
            && (seen.change != ChangeType::Update || seen.changed.meets(&self.query.any))
    }

    fn counts(&self, seen: &Seen<'_>) -> bool {
        self.operations.include(seen.change)
            && (seen.change != ChangeType::Update || seen.changed.meets(&self.tracked))
            && self.query.plan.matches(&Alone(seen.row))
    }
}

/// A record without what its references lead to.
struct Alone<'a>(&'a [Value]);

impl Record for Alone<'_> {
    fn value(&self, _: usize, place: usize) -> Value {
        self.0.get(place).cloned().unwrap_or_default()
    }
}
