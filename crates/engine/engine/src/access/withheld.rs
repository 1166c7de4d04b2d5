//! What a fault hides from a user, whatever their permissions grant.

use std::collections::BTreeSet;

use landfall_model::{EntityDefinition, FieldDefinition};

/// An object, or one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenPart {
    /// The object.
    pub object: String,
    /// The field; none for the object as a whole.
    pub field: Option<String>,
}

impl HiddenPart {
    fn key(&self) -> String {
        let key = match &self.field {
            Some(field) => format!("{}.{field}", self.object),
            None => self.object.clone(),
        };
        key.to_ascii_lowercase()
    }
}

/// All that is hidden from a user: `object` or `object.field`, in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Withheld(BTreeSet<String>);

impl Withheld {
    pub(crate) fn add(&mut self, part: &HiddenPart) {
        self.0.insert(part.key());
    }

    /// Takes a part away, or all of them.
    pub(crate) fn remove(&mut self, part: Option<&HiddenPart>) {
        match part {
            Some(part) => {
                self.0.remove(&part.key());
            }
            None => self.0.clear(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has_object(&self, name: &str) -> bool {
        !self.is_empty() && self.0.contains(&name.to_ascii_lowercase())
    }

    pub(super) fn has_field(&self, entity: &EntityDefinition, field: &FieldDefinition) -> bool {
        let name = || format!("{}.{}", entity.name, field.name).to_ascii_lowercase();
        !self.is_empty() && self.0.contains(&name())
    }
}
