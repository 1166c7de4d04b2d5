//! What can go wrong with a request that consists of several: collections, composites, batches, trees.

use crate::name::FieldName;

/// A refusal of such a request, or of one of its parts.
///
/// Source: "sObject Collections", "Composite Resources" (REST API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManyFault {
    // ---- collections
    /// No record at all.
    RecordsMissing,
    /// More records than one request may have.
    RecordsTooMany {
        /// How many are taken.
        most: usize,
    },
    /// The records change their object too often.
    ChunksTooMany {
        /// How often is allowed.
        most: usize,
    },
    /// A record without an object.
    TypeMissing,
    /// A record of an object that does not exist.
    TypeUnknown {
        /// The name given.
        name: String,
    },
    /// A record to change without its id.
    IdMissing,
    /// A new record with an id.
    IdInInsert,
    /// A text that is no record id.
    IdUnreadable {
        /// The text.
        value: String,
    },
    /// A record to upsert without its external id.
    KeyMissing {
        /// The external id field.
        field: FieldName,
    },
    /// Several records of one request with the same external id.
    KeyRepeated {
        /// The external id field.
        field: FieldName,
        /// The external id.
        value: String,
    },

    // ---- composites and batches
    /// More parts than one request may have.
    PartsTooMany {
        /// How many are taken.
        most: usize,
    },
    /// More queries and lists of records than one request may have as parts.
    HeavyPartsTooMany {
        /// How many are taken.
        most: usize,
    },
    /// The id of a part has letters that it must not have.
    ReferenceIdInvalid {
        /// The id given.
        reference: String,
    },
    /// Two parts have the same id.
    ReferenceIdRepeated,
    /// A part brings a header that it has from the whole request.
    HeaderInherited {
        /// The header's name.
        name: String,
    },
    /// A reference to an answer that has nothing there.
    ReferenceUnresolved {
        /// What it refers to, from the id on.
        path: String,
        /// The id in it.
        reference: String,
    },
    /// The part was good, but another one of the same transaction was not.
    OthersFailed,
    /// What cannot be done in a transaction that is shared.
    NotInTransaction,
    /// An earlier part of a batch failed, and the batch was to end there.
    BatchHalted,

    // ---- trees
    /// A record without an id of its own in the request.
    ReferenceIdMissing,
    /// More levels of children than a tree may have.
    LevelsTooMany {
        /// How many are taken.
        most: usize,
    },
    /// Records of more objects than a tree may have.
    TypesTooMany {
        /// How many are taken.
        most: usize,
    },

    // ---- graphs
    /// The id of a graph is too long, begins with the wrong letter, has a dot, or is another graph's.
    GraphIdInvalid {
        /// The id given.
        id: String,
    },
    /// More of something than the graphs of one request may have.
    GraphTooLarge {
        /// Of what, in plural.
        what: &'static str,
        /// How many are taken.
        most: usize,
    },
    /// Too many graphs before this one failed.
    GraphsHalted,
}
