//! Users, as results name them.

use std::collections::HashMap;

use landfall_engine::Engine;
use landfall_model::{RecordId, Value};

use crate::deployment::Person;
use crate::error::Error;

/// Who does what no user does: the project of a developer.
const AUTOMATED: &str = "Automated Process";

/// A user.
///
/// # Errors
/// The failures of the engine.
pub(crate) async fn person(engine: &Engine, id: RecordId) -> Result<Person, Error> {
    let catalog = engine.catalog();
    let mut name = AUTOMATED.to_owned();
    if id != RecordId::EMPTY
        && let Some(entity) = catalog.entity("User")
        && let Some(row) = engine.row(entity, id).await?
    {
        let text = |field| {
            let (place, _) = entity.field(field)?;
            row.get(place).and_then(Value::as_text)
        };
        let both = [text("FirstName"), text("LastName")];
        name = both.into_iter().flatten().collect::<Vec<_>>().join(" ");
    }
    Ok(Person {
        id: id.to_string(),
        name,
    })
}

/// Users that were looked up already.
pub(crate) struct People<'e> {
    engine: &'e Engine,
    known: HashMap<RecordId, Person>,
}

impl<'e> People<'e> {
    pub(crate) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            known: HashMap::new(),
        }
    }

    /// A user.
    ///
    /// # Errors
    /// The failures of the engine.
    pub(crate) async fn find(&mut self, id: RecordId) -> Result<Person, Error> {
        if let Some(person) = self.known.get(&id) {
            return Ok(person.clone());
        }
        let person = person(self.engine, id).await?;
        self.known.insert(id, person.clone());
        Ok(person)
    }
}
