//! The org as somebody sees it: definitions without what they may not see.

use std::sync::Arc;

use landfall_model::{
    Capabilities, Catalog, ChangeEventDefinition, EntityDefinition, FieldDefinition,
    PlatformEventDefinition,
};

use super::grants::Grants;
use crate::definitions::Definitions;
use crate::object_access::ObjectAccess;

/// What is seen of the whole by these grants; the whole itself if that is all of it.
pub(super) fn of(grants: &Grants, whole: &Arc<Definitions>) -> Arc<Definitions> {
    let permissions = grants.permissions;
    let entities = whole.catalog().entities();
    let may_all = permissions.modify_all_data
        && permissions.customize_application
        && grants.withheld.is_empty();
    if may_all && entities.iter().all(|entity| has_its_types(grants, entity)) {
        // Nothing is left out: what the grants below would find one by one.
        return Arc::clone(whole);
    }
    let catalog = whole.catalog();
    let readable = |name: &str| {
        let entity = catalog.entity(name);
        entity.is_none_or(|entity| grants.object(entity).read)
    };
    let entities = catalog.entities().iter();
    let entities = entities.filter_map(|entity| seen(grants, entity, &readable));
    let entities: Vec<_> = entities.collect();
    let events = |event: &PlatformEventDefinition| grants.event(event);
    let same = entities.len() == catalog.entities().len()
        && entities
            .iter()
            .zip(catalog.entities())
            .all(|(seen, whole)| Arc::ptr_eq(seen, whole))
        && catalog
            .platform_events()
            .iter()
            .all(|event| events(event).read && events(event).create);
    if same {
        return Arc::clone(whole);
    }
    Arc::new(whole.seen(Catalog::of(entities), events))
}

/// Whether the record types of an object are to these users what they are to administrators.
fn has_its_types(grants: &Grants, entity: &EntityDefinition) -> bool {
    entity.record_types.is_empty() || grants.record_types(entity) == entity.record_types
}

/// An object as it is seen; none if it is not.
fn seen(
    grants: &Grants,
    entity: &Arc<EntityDefinition>,
    readable: &impl Fn(&str) -> bool,
) -> Option<Arc<EntityDefinition>> {
    let access = grants.object(entity);
    if !access.read {
        return None;
    }
    let capabilities = allowed(entity.capabilities, access);
    let fields: Vec<Option<FieldDefinition>> = entity
        .fields
        .iter()
        .map(|field| seen_field(grants, entity, field))
        .collect();
    let same = capabilities == entity.capabilities
        && has_its_types(grants, entity)
        && entity
            .children
            .iter()
            .all(|child| readable(child.child.as_str()))
        && fields.iter().zip(&entity.fields).all(|(seen, whole)| {
            seen.as_ref().is_some_and(|seen| {
                seen.createable == whole.createable && seen.updateable == whole.updateable
            })
        });
    if same {
        return Some(Arc::clone(entity));
    }
    let fields: Vec<FieldDefinition> = fields.into_iter().flatten().collect();
    let shown = |name: &str| {
        let described = entity.field(name).is_some();
        !described || fields.iter().any(|field| field.name.as_str() == name)
    };
    let change_event = entity.change_event.as_ref();
    let change_event = change_event.map(|event| ChangeEventDefinition {
        name: event.name.clone(),
        fields: event
            .fields
            .iter()
            .filter(|field| shown(field.as_str()))
            .cloned()
            .collect(),
    });
    let children = entity.children.iter();
    let children = children.filter(|child| readable(child.child.as_str()));
    let view = EntityDefinition::new(
        entity.name.clone(),
        (entity.label.clone(), entity.label_plural.clone()),
        entity.key_prefix,
        entity.custom,
        capabilities,
        fields,
        children.cloned().collect(),
        change_event,
    );
    let view = view.with_traits(entity.traits.clone());
    Some(Arc::new(
        view.with_record_types(grants.record_types(entity)),
    ))
}

/// A field as it is seen; none if it is not.
fn seen_field(
    grants: &Grants,
    entity: &EntityDefinition,
    field: &FieldDefinition,
) -> Option<FieldDefinition> {
    let access = grants.field(entity, field);
    access.read.then(|| FieldDefinition {
        createable: field.createable && access.edit,
        updateable: field.updateable && access.edit,
        ..field.clone()
    })
}

/// What can be done with an object by somebody who may do this.
pub(crate) const fn allowed(whole: Capabilities, access: ObjectAccess) -> Capabilities {
    Capabilities {
        createable: whole.createable && access.create,
        updateable: whole.updateable && access.edit,
        deletable: whole.deletable && access.delete,
        undeletable: whole.undeletable && access.delete,
        mergeable: whole.mergeable && access.edit && access.delete,
        ..whole
    }
}
