//! The features that the components of an org switch on, and what the standard profiles grant of them.
//!
//! A component of [`Kind::Features`] names features of a project or of the settings that an org is started with. A
//! component that is part of an object, refers to it or takes its changes needs the feature that brings the object.

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_metadata::{Granted, Kind, NamedFeature, Part, named_features, objects_of_part};
use landfall_model::{Catalog, EntityDefinition, EntityName, FieldDefinition, SecuredBy};
use landfall_standard::{Features, Shipped};

use crate::error::Error;
use crate::profiles;

pub use landfall_standard::{Feature, Meaning, feature, feature_of_setting};

/// Rights for an object that profiles grant, by the fields of `ObjectPermissions`.
const LOOK: [&str; 1] = ["PermissionsRead"];
const WORK: [&str; 4] = [
    "PermissionsRead",
    "PermissionsCreate",
    "PermissionsEdit",
    "PermissionsDelete",
];

/// The features that components switch on, each once with the first reason, sorted by name.
///
/// # Errors
/// [`Error::Standard`].
pub fn switched_on(parts: &[Part]) -> Result<Vec<NamedFeature>, Error> {
    let mut features = Features::default();
    let mut reasons: Vec<NamedFeature> = Vec::new();
    let mut add = |name: &str, reason: &str, features: &mut Features| {
        let Meaning::Feature(feature) = feature(name) else {
            return;
        };
        let before = features.clone();
        features.add(feature);
        let new = features.names().filter(|name| !before.any_of(&[name]));
        reasons.extend(new.map(|name| NamedFeature {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }));
    };
    for named in named_features(parts) {
        add(&named.name, &named.reason, &mut features);
    }
    let objects = landfall_standard::feature_objects()?;
    for part in parts {
        for object in objects_of_part(part) {
            let known = objects.binary_search_by(|(name, _)| name.as_str().cmp(object));
            let Some((_, brought_by)) = known.ok().and_then(|index| objects.get(index)) else {
                continue;
            };
            if !features.any_of(brought_by)
                && let Some(first) = brought_by.first()
            {
                add(first, &part.path, &mut features);
            }
        }
    }
    reasons.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(reasons)
}

/// The same as a set.
///
/// # Errors
/// As [`switched_on`].
pub(crate) fn of(parts: &[Part]) -> Result<Features, Error> {
    let names = switched_on(parts)?;
    let features = names.iter();
    let features = features.filter_map(|named| match feature(&named.name) {
        Meaning::Feature(feature) => Some(feature),
        Meaning::WithoutEffect | Meaning::Unknown(_) => None,
    });
    Ok(features.collect())
}

/// The standard objects of an org with these components.
///
/// # Errors
/// As [`switched_on`].
pub(crate) fn shipped(parts: &[Part]) -> Result<Arc<Shipped>, Error> {
    Ok(landfall_standard::shipped_with(&of(parts)?)?)
}

/// What the standard profiles grant of the objects and fields that new components bring.
///
/// Source: none; profiles of orgs in which a feature is enabled show it to their standard users.
///
/// # Errors
/// As [`switched_on`].
pub(crate) fn granted(
    earlier: &[Part],
    parts: &[Part],
    catalog: &Catalog,
) -> Result<Vec<Granted>, Error> {
    let (before, now) = (of(earlier)?, of(parts)?);
    if before == now {
        return Ok(Vec::new());
    }
    let before = landfall_standard::shipped_with(&before)?;
    let now = landfall_standard::shipped_with(&now)?;
    let mut objects: Vec<&EntityDefinition> = Vec::new();
    let mut fields: Vec<(&EntityDefinition, &FieldDefinition)> = Vec::new();
    let known: BTreeSet<&str> = before.brought.iter().map(EntityName::as_str).collect();
    for name in now
        .brought
        .iter()
        .filter(|name| !known.contains(name.as_str()))
    {
        let Some(entity) = catalog.entity(name.as_str()) else {
            continue;
        };
        if entity.secured_by() == SecuredBy::ObjectPermissions {
            objects.push(entity);
        }
        fields.extend(entity.fields.iter().map(|field| (&**entity, field)));
    }
    let known: BTreeSet<_> = before.added.iter().collect();
    for added in now.added.iter().filter(|added| !known.contains(added)) {
        let (entity, field) = added;
        if let Some(entity) = catalog.entity(entity.as_str())
            && let Some((_, field)) = entity.field(field.as_str())
        {
            fields.push((&**entity, field));
        }
    }
    fields.retain(|(entity, field)| !field.custom && entity.secures(field));
    let work = profile(profiles::STANDARD_USER.name, &WORK, &objects, &fields);
    let look = profile(profiles::READ_ONLY, &LOOK, &objects, &fields);
    Ok(vec![work, look])
}

fn profile(
    name: &str,
    rights: &[&'static str],
    objects: &[&EntityDefinition],
    fields: &[(&EntityDefinition, &FieldDefinition)],
) -> Granted {
    let works = rights.len() > LOOK.len();
    let objects: Vec<_> = objects
        .iter()
        .map(|entity| (entity.name.to_string(), rights.to_vec()))
        .collect();
    let fields: Vec<_> = fields
        .iter()
        .map(|(entity, field)| (format!("{}.{}", entity.name, field.name), works))
        .collect();
    let mentioned = objects.iter().map(|(object, _)| object.clone());
    let mentioned = mentioned.chain(fields.iter().map(|(field, _)| field.clone()));
    Granted {
        kind: Kind::Profile,
        name: name.to_owned(),
        record: name.to_owned(),
        label: name.to_owned(),
        description: None,
        mentioned: mentioned.collect(),
        objects,
        fields,
        system: Vec::new(),
        record_types: Vec::new(),
        custom_permissions: Vec::new(),
    }
}
