//! Every error that a client can get, independent of the API that reports it.
//!
//! A family is an enum of its own for each subject; an operation returns the narrowest one, and [`Fault`] is their sum.

mod field;
mod limit;
mod login;
mod managed;
mod managed_setup;
mod pubsub;
mod query;
mod record;
mod replication;
mod request;
mod service;
mod session;
mod setup;
mod streaming;
mod value;

use crate::bulk::BulkFault;
use crate::many::ManyFault;
use crate::mdapi::MetadataFault;
use crate::merging::{ConversionFault, MergeFault};
use crate::name::FieldName;
use crate::soap::SoapFault;

pub use field::FieldFault;
pub use limit::LimitFault;
pub use login::LoginFault;
pub use managed::ManagedFault;
pub use managed_setup::ManagedSetupFault;
pub use pubsub::PubSubFault;
pub use query::QueryFault;
pub use record::{BrokenRule, PersonAccountReason, RecordFault};
pub use replication::ReplicationFault;
pub use request::RequestFault;
pub use service::ServiceFault;
pub use session::SessionFault;
pub use setup::SetupFault;
pub use streaming::StreamingFault;
pub use value::ValueFault;

/// What an operation on records tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create a record.
    Create,
    /// Change a record.
    Update,
    /// Delete a record.
    Delete,
    /// Bring a record back from the recycle bin.
    Undelete,
    /// Merge other records into a record.
    Merge,
}

/// The field that a fault is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultField {
    /// API name, listed in `fields`.
    pub name: FieldName,
    /// What people see: the subject of the message.
    pub label: String,
}

/// Declares the sum of the families, and converts each of them into it.
macro_rules! sum {
    ($($(#[$doc:meta])* $family:ident($kind:ident),)+) => {
        /// A refusal, in the platform's terms. `landfall-wire` is the only place that spells one for a client.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[$doc])* $family($kind),)+
        }

        $(impl From<$kind> for Fault {
            fn from(fault: $kind) -> Self {
                Self::$family(fault)
            }
        })+
    };
}

sum! {
    /// What is wrong with a request before its subject matters: its resource, its headers, its body.
    Request(RequestFault),
    /// Why a query or a search is refused.
    Query(QueryFault),
    /// Why the records that changed in a period are not listed.
    Replication(ReplicationFault),
    /// Fields that a record, or a request to save it, must or must not have.
    Field(FieldFault),
    /// Why a field does not take a value.
    Value(ValueFault),
    /// Why a record cannot be read, saved or deleted, whatever its values are.
    Record(RecordFault),
    /// Why records cannot be merged.
    Merge(MergeFault),
    /// A lead that cannot become other records.
    Conversion(ConversionFault),
    /// Why a component cannot be created or changed as a record of the Tooling API.
    Setup(SetupFault),
    /// Why a managed event subscription cannot be created or changed.
    ManagedSetup(ManagedSetupFault),
    /// What is wrong with a request that consists of several.
    Many(ManyFault),
    /// What is wrong with a bulk job.
    Bulk(BulkFault),
    /// What only requests of the Metadata API hear.
    Metadata(MetadataFault),
    /// What only requests of the SOAP API hear.
    Soap(SoapFault),
    /// What is wrong with the access token of a request.
    Session(SessionFault),
    /// Why a login, or a grant of OAuth 2.0, is refused.
    Login(LoginFault),
    /// What only clients of the Streaming API get.
    Streaming(StreamingFault),
    /// What only clients of the Pub/Sub API get, except about managed subscriptions.
    PubSub(PubSubFault),
    /// Why a stream of a managed event subscription is refused or ended.
    Managed(ManagedFault),
    /// An allocation of the org is used up.
    Limit(LimitFault),
    /// The service itself cannot answer.
    Service(ServiceFault),
}

/// The faults that an answer reports, attached to it for observers of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub Vec<Fault>);

impl From<&Fault> for Refused {
    fn from(fault: &Fault) -> Self {
        Self(vec![fault.clone()])
    }
}

/// Converts every family into an error type that a [`Fault`] converts into, so that `?` takes any of them.
#[macro_export]
macro_rules! from_fault_families {
    ($error:ty) => {
        $crate::from_fault_families!($error: RequestFault QueryFault ReplicationFault FieldFault ValueFault RecordFault MergeFault ConversionFault SetupFault ManagedSetupFault ManyFault BulkFault MetadataFault SoapFault SessionFault LoginFault StreamingFault PubSubFault ManagedFault LimitFault ServiceFault);
    };
    ($error:ty: $($family:ident)+) => {
        $(impl From<$crate::$family> for $error {
            fn from(fault: $crate::$family) -> Self {
                Self::from($crate::Fault::from(fault))
            }
        })+
    };
}
