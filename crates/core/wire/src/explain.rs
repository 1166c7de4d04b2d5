//! What every error means, beside the table that spells it: cause, remedy, what clients do, how to rehearse it.
//!
//! An entry explains faults, never texts: its spellings come from [`crate::wire`] and the functions beside it, so that
//! nothing is spelled twice. A fault that nothing explains does not compile. Start reading at [`entries`] and [`find`];
//! docs/errors.md is made from the same entries.

mod events;
mod jobs;
mod queries;
mod records;
mod requests;
mod search;
mod sessions;
mod spelling;
#[cfg(test)]
mod tests;

use landfall_model::{ComponentFault, EntityName, Fault, FieldName, JobFailure, RecordId};

pub use search::{Found, find};
pub use spelling::{Spelling, Surface};

/// What an entry explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A fault.
    Fault(Fault),
    /// What is wrong with one component of a deployment.
    Component(ComponentFault),
    /// Why a bulk job failed.
    Job(JobFailure),
    /// A code that no fault has.
    Code(Spelling),
}

impl Subject {
    /// How it is spelled, on each surface that has it.
    pub fn spellings(&self) -> Vec<Spelling> {
        spelling::of(self)
    }
}

/// One explanation, for every fault that has the same cause and the same remedy.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The part of the service that it belongs to.
    pub chapter: &'static str,
    /// What happened, and why.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// What known clients do; empty where nothing is known.
    pub clients: &'static str,
    /// A command that makes a developer org answer so; empty if any wrong request does.
    pub rehearse: &'static str,
    /// The faults, with names in capitals where a request has names and values of its own.
    pub subjects: Vec<Subject>,
}

impl Entry {
    /// All spellings, each once.
    pub fn spellings(&self) -> Vec<Spelling> {
        let mut spellings: Vec<Spelling> = Vec::new();
        for spelling in self.subjects.iter().flat_map(Subject::spellings) {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings
    }
}

/// All entries, by chapter.
pub fn entries() -> Vec<Entry> {
    let chapters = [
        sessions::session(),
        sessions::login(),
        events::streaming(),
        events::pubsub(),
        events::managed(),
        events::limit(),
        events::codes(),
        requests::request(),
        requests::many(),
        requests::replication(),
        requests::service(),
        records::fields(),
        records::value(),
        records::record(),
        records::merge(),
        records::conversion(),
        queries::query(),
        queries::refusal(),
        jobs::bulk(),
        jobs::job(),
        jobs::metadata(),
        jobs::component(),
        jobs::setup(),
        jobs::managed_setup(),
        jobs::soap(),
    ];
    chapters.into_iter().flatten().collect()
}

/// Declares the entries of a family, each with the variants that it explains. Where a variant has fields, they are
/// those of an example. The match makes a new variant fail to compile until it is explained.
macro_rules! explain {
    ($function:ident: $family:ident in $chapter:literal as $subject:expr; $(
        $meaning:literal
        do $remedy:literal
        $(clients $clients:literal)?
        $(rehearse $rehearse:literal)?
        {
            $($variant:ident $({ $($field:ident : $value:expr),* $(,)? })? $(( $inner:expr ))?),+ $(,)?
        }
    )+) => {
        pub(super) fn $function() -> Vec<$crate::explain::Entry> {
            #[allow(unreachable_patterns, reason = "a variant may have several examples")]
            const fn is_explained(fault: &$family) -> bool {
                match fault {
                    $($($family::$variant { .. })|+ => true,)+
                }
            }
            let subject = |fault: $family| {
                assert!(is_explained(&fault), "every variant is");
                ($subject)(fault)
            };
            vec![$(
                $crate::explain::Entry {
                    chapter: $chapter,
                    meaning: $meaning,
                    remedy: $remedy,
                    clients: concat!($($clients)?),
                    rehearse: concat!($($rehearse)?),
                    subjects: vec![$(
                        subject($family::$variant $({ $($field: $value),* })? $(($inner))?),
                    )+],
                },
            )+]
        }
    };
}

use explain;

/// The example of an object.
fn entity() -> EntityName {
    EntityName::new("OBJECT")
}

/// The example of a field.
fn field() -> FieldName {
    FieldName::new("FIELD")
}

/// The example of a record.
fn id() -> RecordId {
    RecordId::parse("0015f00002J9YYEAA3").expect("a published id")
}

/// The example of a text.
fn word(text: &str) -> String {
    text.to_owned()
}

/// A fault as a subject.
fn fault(fault: impl Into<Fault>) -> Subject {
    Subject::Fault(fault.into())
}
