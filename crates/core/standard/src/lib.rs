//! The objects and platform events that every new org has, before anybody adds one.
//!
//! Owns the data files of the shipped objects and reads them into [`EntityDefinition`]s. Everything that sets one standard
//! object apart by data is in its file in `data/objects`: fields, captured fields, access and default grants, searched
//! names, `PushTopics`, PK chunking, value sets. Adding an object adds a file and changes nothing else. Behaviour, such
//! as stages and conversions, belongs to the engine.
//! Objects and fields that need a feature are marked with it, and read for orgs that have it.
//! Start reading at [`entities`]; the shape of a data file is in `data`, that of the events in `events`, what an org has with
//! features in `with_features`.
//!
//! Source: "Standard Objects" (Object Reference); the fields are those of a plain Developer Edition org.

mod data;
mod events;
mod features;
mod traits;
mod with_features;

use std::sync::{Arc, OnceLock};

use landfall_model::{EntityDefinition, EntityName, FieldName, PlatformEventDefinition};
use thiserror::Error;

pub use features::{Feature, Features, Meaning, feature, feature_of_setting, features};

/// Why a data file cannot be read: always a mistake in this crate.
#[derive(Debug, Error)]
pub enum Error {
    /// Not JSON of the expected shape.
    #[error("the definition file `{file}` cannot be read")]
    Parse {
        /// Name of the data file.
        file: &'static str,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// What the build has packed cannot be unpacked.
    #[error("the packed definitions cannot be read")]
    Packed {
        /// What the decoder says.
        #[source]
        source: std::io::Error,
    },
    /// A key prefix that is not three letters or digits.
    #[error("the object {entity} has the impossible key prefix `{prefix}`")]
    KeyPrefix {
        /// The object.
        entity: String,
        /// The text of the data file.
        prefix: String,
    },
    /// A field names a list of values that no file has.
    #[error("the field {entity}.{field} refers to the unknown value set `{value_set}`")]
    ValueSet {
        /// The object.
        entity: String,
        /// The field.
        field: String,
        /// The missing list.
        value_set: String,
    },
}

/// The shipped objects, sorted by name.
///
/// # Errors
/// [`enum@Error`] if a data file of this crate is wrong; the tests of this crate read every file.
pub fn entities() -> Result<Vec<EntityDefinition>, Error> {
    data::entities()
}

/// Objects and platform events that every org has, in memory once for all orgs of a process.
#[derive(Debug)]
pub struct Shipped {
    /// As [`entities`].
    pub entities: Vec<Arc<EntityDefinition>>,
    /// As [`platform_events`].
    pub platform_events: Vec<Arc<PlatformEventDefinition>>,
    /// Objects that a feature brings.
    pub brought: Vec<EntityName>,
    /// Fields of other objects that a feature brings.
    pub added: Vec<(EntityName, FieldName)>,
}

/// What [`entities`] and [`platform_events`] return, read once.
///
/// # Errors
/// [`enum@Error`] as for [`entities`].
pub fn shipped() -> Result<&'static Arc<Shipped>, Error> {
    static SHIPPED: OnceLock<Arc<Shipped>> = OnceLock::new();
    if let Some(shipped) = SHIPPED.get() {
        return Ok(shipped);
    }
    let shipped = Shipped {
        entities: entities()?.into_iter().map(Arc::new).collect(),
        platform_events: platform_events()?.into_iter().map(Arc::new).collect(),
        brought: Vec::new(),
        added: Vec::new(),
    };
    Ok(SHIPPED.get_or_init(|| Arc::new(shipped)))
}

/// What an org with these features has: in memory once for all orgs with the same features, as long as there is one.
/// Objects that the features do not change are those of [`shipped`].
///
/// # Errors
/// [`enum@Error`] as for [`entities`].
pub fn shipped_with(features: &Features) -> Result<Arc<Shipped>, Error> {
    with_features::shipped(features)
}

/// Names of the objects that no org has without a feature, sorted, each with the features that bring it.
///
/// # Errors
/// [`enum@Error`] as for [`entities`].
pub fn feature_objects() -> Result<&'static [(String, Vec<String>)], Error> {
    with_features::objects()
}

/// The object of one data file, which need not be one of the shipped ones.
///
/// # Errors
/// [`enum@Error`] if the text is not a data file.
pub fn entity(file: &'static str, text: &str) -> Result<EntityDefinition, Error> {
    data::entity(file, text)
}

/// The platform events that the service itself publishes, sorted by name.
///
/// # Errors
/// [`enum@Error`] as for [`entities`].
pub fn platform_events() -> Result<Vec<PlatformEventDefinition>, Error> {
    events::platform_events()
}
