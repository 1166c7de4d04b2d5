//! The laws of a store, as checks that every back end runs against itself.
//!
//! A back end's own tests hand [`check_all`] a way to make fresh stores, or run the [`LAWS`] one by one; a broken law
//! panics with what was expected. They use nothing but the contract, so back ends can be compared by them.

mod commits;
mod conversions;
mod events;
mod feed;
mod files;
mod outcomes;
mod queries;
mod records;
pub mod reference;
pub mod sample;
mod transfer;

use std::sync::Arc;

use crate::transfer::{Export, Import};
use crate::{JobFiles, Opened, Reader, Result};

/// A store that a law opens, writes to and opens again.
pub trait Fixture {
    /// Opens the store, which is empty the first time. What was opened before is closed by then.
    fn open(&self) -> Opened;

    /// A reader of the same store in another process, while it is open here; none where no other process can read along.
    fn reader_elsewhere(&self) -> Option<Arc<dyn Reader>> {
        None
    }
}

/// One law.
#[derive(Clone, Copy)]
pub struct Law {
    /// What holds.
    pub name: &'static str,
    /// Panics if it does not. The store is new.
    pub check: fn(&dyn Fixture),
}

/// Every law.
pub const LAWS: &[Law] = &[
    law(
        "rows come back as written, also after reopening",
        records::rows_come_back,
    ),
    law(
        "an update writes the changed fields and no other",
        records::only_changed_fields,
    ),
    law(
        "rows are found by value with the field's rule of letter case",
        records::found_by_value,
    ),
    law(
        "rows found come in the order of their ids, up to the limit",
        records::found_in_order,
    ),
    law(
        "batched reads agree with single ones",
        records::batched_reads,
    ),
    law(
        "recent rows are the newest that are not deleted",
        records::newest_not_deleted,
    ),
    law(
        "a removed row is deleted, and no other",
        records::removed_rows,
    ),
    law("a new definition loses nothing", records::new_definition),
    law(
        "a field of an object without records becomes what a definition says",
        records::another_kind,
    ),
    law(
        "a field that gets another type has its values converted",
        conversions::values_are_converted,
    ),
    law(
        "values are converted with the commit or not at all",
        conversions::conversions_are_part_of_the_commit,
    ),
    law(
        "documents are kept, replaced and forgotten by kind and key",
        records::documents,
    ),
    law(
        "a commit is seen whole, at once, and after reopening",
        commits::seen_whole,
    ),
    law(
        "a failed commit leaves nothing and ends the writer",
        commits::failed,
    ),
    law("the position goes on where it was", commits::position),
    law("a commit in doubt is asked about", outcomes::in_doubt),
    law(
        "a store that was unavailable goes on with the next commit",
        outcomes::unavailable,
    ),
    law("a fenced writer never commits again", outcomes::fenced),
    law(
        "a follower gets every commit with what it touched",
        feed::follows,
    ),
    law(
        "a reader that is too far behind loads everything anew",
        feed::too_far_behind,
    ),
    law("followers get a trim", feed::trimmed),
    law(
        "another process reads along what is committed",
        feed::read_along,
    ),
    law(
        "what one read has seen the next one sees too",
        commits::reads_go_forward,
    ),
    law(
        "replay ids increase and are never reused",
        events::never_given_twice,
    ),
    law("events come back as appended", events::come_back),
    law(
        "pages agree with a plain filter, whatever their size",
        events::pages_agree,
    ),
    law(
        "a page says how far it looked where nothing passed",
        events::reached_without_events,
    ),
    law("trim forgets the old events and no other", events::trim),
    law(
        "the first event since a point in time is found",
        events::since,
    ),
    law("a topic keeps its number", events::topics),
    law(
        "queries find what their parts say",
        queries::find_what_they_say,
    ),
    law(
        "an object of which nothing was ever kept has no records",
        queries::find_what_is_not_there_yet,
    ),
    law("words are found in texts", queries::find_words),
    law(
        "a query reads as many rows as its limits allow",
        queries::limits,
    ),
    law(
        "a page ends with the record that fills it",
        queries::large_records,
    ),
    law("no query goes on past its deadline", queries::too_late),
    law("what is scanned is what a query finds", queries::scanned),
    law(
        "a scan ends when it is enough, and orders a bounded number",
        queries::scanned_in_part,
    ),
    law(
        "records are read again with their present values",
        queries::read_again,
    ),
];

const fn law(name: &'static str, check: fn(&dyn Fixture)) -> Law {
    Law { name, check }
}

/// Checks every law, each in a new store.
///
/// # Panics
/// If one does not hold.
pub fn check_all(fresh: &dyn Fn() -> Box<dyn Fixture>) {
    for law in LAWS {
        (law.check)(&*fresh());
    }
}

/// A store that can be moved.
pub trait Movable: Fixture {
    /// Opens it for reading as a whole. What was opened before is closed by then.
    ///
    /// # Errors
    /// Why it is refused.
    fn export(&self) -> Result<Box<dyn Export>>;

    /// Opens it for being filled.
    ///
    /// # Errors
    /// Why it is refused.
    fn import(&self) -> Result<Box<dyn Import>>;

    /// The files of its jobs, while it is open.
    fn files(&self, opened: &Opened) -> Arc<dyn JobFiles>;
}

/// A law of two stores.
#[derive(Clone, Copy)]
pub struct PairLaw {
    /// What holds.
    pub name: &'static str,
    /// Panics if it does not. Both stores are new.
    pub check: fn(&dyn Movable, &dyn Movable),
}

/// Every law of two stores.
pub const PAIR_LAWS: &[PairLaw] = &[
    PairLaw {
        name: "what was moved is equal, and the store goes on from there",
        check: transfer::equal,
    },
    PairLaw {
        name: "a move that is interrupted anywhere goes on to the same end",
        check: transfer::interrupted,
    },
    PairLaw {
        name: "a store that holds an org is not filled, and one that is half filled is neither served nor moved",
        check: transfer::refused,
    },
];

/// Checks every law of two stores, each with new ones.
///
/// # Panics
/// If one does not hold.
pub fn check_pair(from: &dyn Fn() -> Box<dyn Movable>, to: &dyn Fn() -> Box<dyn Movable>) {
    for law in PAIR_LAWS {
        (law.check)(&*from(), &*to());
    }
}

/// Checks the laws of files of jobs. There are none yet.
///
/// # Panics
/// If one does not hold.
pub fn check_files(files: &dyn JobFiles) {
    files::written_and_read(files);
    files::named(files);
    files::refused(files);
}
