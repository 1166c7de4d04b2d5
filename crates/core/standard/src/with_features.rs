//! The objects of an org with features: those that every org has, with the fields and relationships that the features add,
//! and those that the features bring.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use landfall_model::{
    ChangeEventDefinition, ChildRelationship, EntityDefinition, EntityName, FieldName,
};

use crate::data::{self, AddedField, ByFeature};
use crate::features::Features;
use crate::{Error, Shipped};

/// See [`crate::shipped_with`].
pub(crate) fn shipped(features: &Features) -> Result<Arc<Shipped>, Error> {
    static KNOWN: Mutex<Vec<(Features, Weak<Shipped>)>> = Mutex::new(Vec::new());
    if features.is_empty() {
        return crate::shipped().cloned();
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.retain(|(_, shipped)| shipped.strong_count() > 0);
    let same = known.iter().find(|(of, _)| of == features);
    if let Some(shipped) = same.and_then(|(_, shipped)| shipped.upgrade()) {
        return Ok(shipped);
    }
    let shipped = Arc::new(with(features)?);
    known.push((features.clone(), Arc::downgrade(&shipped)));
    Ok(shipped)
}

/// See [`crate::feature_objects`].
pub(crate) fn objects() -> Result<&'static [(String, Vec<String>)], Error> {
    static NAMES: OnceLock<Vec<(String, Vec<String>)>> = OnceLock::new();
    if let Some(names) = NAMES.get() {
        return Ok(names);
    }
    let read = ByFeature::read()?;
    let names = read.names();
    let names = names.map(|(name, features)| (name.to_owned(), features.to_vec()));
    let names = names.collect();
    Ok(NAMES.get_or_init(|| names))
}

/// What features add to one object that every org has.
#[derive(Default)]
struct Added {
    fields: Vec<AddedField>,
    children: Vec<ChildRelationship>,
}

fn with(features: &Features) -> Result<Shipped, Error> {
    let every_org = crate::shipped()?;
    let mut by_feature = ByFeature::read()?;
    let mut added: HashMap<String, Added> = HashMap::new();
    let mut names = Vec::new();
    for field in std::mem::take(&mut by_feature.fields) {
        if features.any_of(&field.features) {
            let entity = EntityName::new(field.entity.as_str());
            names.push((entity, FieldName::new(field.field.as_str())));
            let entity = added.entry(field.entity.clone()).or_default();
            entity.fields.push(field);
        }
    }
    let mut brought = Vec::new();
    for object in by_feature.of(features)? {
        let mut entity = object.entity;
        if let Some(own) = added.remove(entity.name.as_str()) {
            capture(&mut entity, &own.fields);
        }
        for child in object.children {
            let parent = added.entry(child.parent).or_default();
            parent.children.push(child.relationship);
        }
        brought.push(Arc::new(entity));
    }
    let of_brought: Vec<EntityName> = brought.iter().map(|entity| entity.name.clone()).collect();
    names.retain(|(entity, _)| every_org.entities.iter().any(|known| known.name == *entity));
    let changed = every_org.entities.iter().map(|entity| {
        let Some(added) = added.remove(entity.name.as_str()) else {
            return Arc::clone(entity);
        };
        Arc::new(extended(entity, added, features))
    });
    let mut entities: Vec<Arc<EntityDefinition>> = changed.chain(brought).collect();
    entities.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Shipped {
        entities,
        platform_events: every_org.platform_events.clone(),
        brought: of_brought,
        added: names,
    })
}

fn extended(entity: &EntityDefinition, added: Added, features: &Features) -> EntityDefinition {
    let mut extended = entity.clone();
    extended.children.extend(added.children);
    if !added.fields.is_empty() {
        capture(&mut extended, &added.fields);
        if let Some(fields) = data::fields_with(&extended, features) {
            extended.fields = fields;
        }
    }
    extended
}

/// Puts the captured ones of some fields into the change event.
fn capture(entity: &mut EntityDefinition, fields: &[AddedField]) {
    let Some(event) = &mut entity.change_event else {
        return;
    };
    for field in fields.iter().filter(|field| field.captured) {
        insert(event, field);
    }
}

fn insert(event: &mut ChangeEventDefinition, field: &AddedField) {
    let mut after = field.after.iter();
    let position = after.find_map(|before| {
        let mut listed = event.fields.iter();
        listed.position(|listed| listed.as_str() == before)
    });
    let index = position.map_or(0, |position| position + 1);
    event
        .fields
        .insert(index, FieldName::new(field.field.as_str()));
}
