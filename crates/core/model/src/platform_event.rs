//! What a platform event is: a message that applications define, publish and subscribe to.

use crate::entity::FieldDefinition;
use crate::id::KeyPrefix;
use crate::name::{EntityName, Topic};

/// Who reads an event that the service itself publishes.
///
/// Source: "Special Access Rules" of each event in "Standard Platform Event Objects" and "Real-Time Event Monitoring
/// Objects" (Platform Events Developer Guide).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventReaders {
    /// All users.
    Everybody,
    /// Who may change how the org is set up: Customize Application.
    Customizers,
    /// Who may see what users do: View Real-Time Event Monitoring Data.
    Monitors,
}

/// The definition of a platform event.
///
/// Every event also has `CreatedDate`, `CreatedById`, `ReplayId` and `EventUuid`, which are the same for all and are
/// therefore not listed.
/// Source: "Platform Event Fields" (Platform Events Developer Guide).
#[derive(Clone, Debug)]
pub struct PlatformEventDefinition {
    /// API name, such as `Order_Shipped__e`.
    pub name: EntityName,
    /// What people see.
    pub label: String,
    /// The same for several messages.
    pub label_plural: String,
    /// First characters of the throw-away id that a publisher is given.
    pub key_prefix: KeyPrefix,
    /// Whether a message waits for the commit of the transaction that publishes it.
    ///
    /// Clients: it does not affect the Pub/Sub API, which has no transactions.
    pub publish_after_commit: bool,
    /// Who reads it, if the service alone publishes it; none for an event of the org's own, which all users publish and
    /// read.
    pub standard: Option<EventReaders>,
    /// The fields that the definition adds, in the order of the event schema.
    pub fields: Vec<FieldDefinition>,
}

impl PlatformEventDefinition {
    /// A field and its place among [`Self::fields`], by name in any letter case.
    pub fn field(&self, name: &str) -> Option<(usize, &FieldDefinition)> {
        self.fields
            .iter()
            .enumerate()
            .find(|(_, field)| field.name.as_str().eq_ignore_ascii_case(name))
    }

    /// The topic that carries it: `/event/Order_Shipped__e`.
    pub fn topic(&self) -> Topic {
        Topic::of_platform_event(self.name.as_str())
    }
}
