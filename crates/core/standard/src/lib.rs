//! The objects and platform events that every new org has, before anybody adds one.
//!
//! Owns the data files of the shipped objects and reads them into [`EntityDefinition`]s. Everything that sets one standard
//! object apart by data is in its file in `data/objects`: fields, captured fields, access and default grants, searched
//! names, `PushTopics`, PK chunking, value sets. Adding an object adds a file and changes nothing else. Behaviour, such
//! as stages and conversions, belongs to the engine.
//! Start reading at [`entities`]; the shape of a data file is in `data`, that of the events in `events`.
//!
//! Source: "Standard Objects" (Object Reference); the fields are those of a plain Developer Edition org.

mod data;
mod events;
mod traits;

use std::sync::{Arc, OnceLock};

use landfall_model::{EntityDefinition, PlatformEventDefinition};
use thiserror::Error;

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
}

/// What [`entities`] and [`platform_events`] return, read once.
///
/// # Errors
/// [`enum@Error`] as for [`entities`].
pub fn shipped() -> Result<&'static Shipped, Error> {
    static SHIPPED: OnceLock<Shipped> = OnceLock::new();
    if let Some(shipped) = SHIPPED.get() {
        return Ok(shipped);
    }
    let shipped = Shipped {
        entities: entities()?.into_iter().map(Arc::new).collect(),
        platform_events: platform_events()?.into_iter().map(Arc::new).collect(),
    };
    Ok(SHIPPED.get_or_init(|| shipped))
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
