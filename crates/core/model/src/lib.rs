//! The vocabulary of an event platform: ids, names, values, definitions, faults.
//!
//! Owns the words that every other crate speaks. It deliberately knows no encoding, no protocol and no
//! storage, and derives no Serde: a serialisable type is a promise to a stranger.
//! Start reading at [`entity`] (what an object is), [`change`] (what happened) and [`fault`] (what went wrong).

pub mod bulk;
pub mod catalog;
pub mod change;
mod consequences;
pub mod conversion;
pub mod entity;
pub mod fault;
mod fields;
pub mod id;
pub mod limits;
pub mod many;
mod mdapi;
pub mod merging;
pub mod name;
mod object_traits;
pub mod platform_event;
pub mod query_refusal;
mod record_type;
pub mod replay;
mod requester;
pub mod soap;
pub mod time;
pub mod value;

pub use bulk::{BulkFault, JobFailure, UnsupportedQuery};
pub use catalog::Catalog;
pub use change::{
    ChangeEventHeader, ChangeType, CommitNumber, EventId, EventUuid, FieldBits, TransactionKey,
    bit_places,
};
pub use consequences::Consequences;
pub use entity::{
    Capabilities, ChangeEventDefinition, ChildRelationship, DeleteRule, EntityDefinition,
    FieldDefinition, FieldType, FormulaDefinition, LookupFilterInfo, PicklistController,
    PicklistValue, RECORD_TYPE_ID, ValueMeaning,
};
pub use fault::{
    Fault, FieldFault, LimitFault, LoginFault, ManagedFault, ManagedSetupFault, PubSubFault,
    QueryFault, RecordFault, Refused, ReplicationFault, RequestFault, ServiceFault, SessionFault,
    SetupFault, StreamingFault, ValueFault,
};
pub use fields::Fields;
pub use id::{KeyPrefix, RecordId, RecordIdError};
pub use many::ManyFault;
pub use mdapi::{ComponentFault, MetadataFault};
pub use merging::{ConversionFault, MergeFault};
pub use name::{EntityName, FieldName, Topic};
pub use object_traits::{CustomKind, History, ObjectTraits, SecuredBy};
pub use platform_event::{EventReaders, PlatformEventDefinition};
pub use query_refusal::QueryRefusal;
pub use record_type::{PERSON_ACCOUNT, PersonType, PicklistSubset, RecordType};
pub use replay::{ReplayId, ReplayPreset, SchemaId};
pub use requester::Requester;
pub use soap::SoapFault;
pub use time::{Date, Timestamp, time_of_day};
pub use value::{Row, Value};
