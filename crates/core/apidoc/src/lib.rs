//! Documents that describe an org to tools: `AsyncAPI` 2.6 of its channels, `OpenAPI` 3.1 of its REST resources, and JSON Schema
//! of each event, all made from its definitions.
//!
//! Pure: definitions in, a [`Node`] out, which prints itself as YAML or JSON. It knows no server: who serves a document says
//! where. The API itself declares its resources: [`Resource`]. [`interface`] describes an interface of our own. Start reading at [`asyncapi`] and [`openapi`]; `event` has the schemas of messages, `record` those of records.
//! Source: "`AsyncAPI` Specification" 2.6.0; "`OpenAPI` Specification" 3.1.0; "JSON Schema" 2020-12.

mod asyncapi;
mod event;
mod interface;
mod node;
mod openapi;
mod record;
mod resource;

use std::sync::Arc;

use landfall_model::{Catalog, EntityDefinition, PlatformEventDefinition};
use landfall_schema::EventSchema;

pub use asyncapi::asyncapi;
pub use event::event_schema;
pub use interface::{Call, Interface, Kind, Member, interface};
pub use node::Node;
pub use openapi::openapi;
pub use resource::{Described, Operation, PAYLOAD_FORMAT, Parameter, Resource, Shape};

/// What documents are made from.
pub struct Org<'o> {
    /// Objects and platform events.
    pub catalog: &'o Catalog,
    /// The resources that are described, in the order of the document.
    pub resources: &'o [Resource],
    /// What can be subscribed to, in the order of the document.
    pub channels: Vec<Channel<'o>>,
    /// Scheme and authority of the org: `https://localhost:7443`.
    pub base_url: &'o str,
    /// The API version of the addresses, such as `59.0`.
    pub version: &'o str,
}

/// A channel.
pub struct Channel<'o> {
    /// Its address: `/data/AccountChangeEvent`.
    pub address: String,
    /// What it carries.
    pub carries: Carries<'o>,
}

/// What a channel carries.
pub enum Carries<'o> {
    /// Changes of an object's records: the object, of whose fields those that it has are described, and the schema.
    Changes(&'o EntityDefinition, &'o EventSchema),
    /// A platform event.
    Event(&'o Arc<PlatformEventDefinition>, &'o EventSchema),
    /// Several events, by the names of their schemas: of channels that are in the document as well.
    Several(Vec<&'o str>),
    /// Records that a `PushTopic` selects: their object, of whose fields those are described that are selected and that it has,
    /// and the schema of the notifications.
    Records(&'o EntityDefinition, &'o EventSchema),
    /// Texts that are pushed.
    Texts,
}
