//! Platform events as objects, in describes.
//!
//! Source: recorded responses of `CumulusCI`; "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide).

use landfall_model::{
    Catalog, ChildRelationship, DeleteRule, EntityDefinition, EntityName, FieldName,
};

use crate::describe_event::write_names;
use crate::describe_field::write_field;
use crate::describe_members::{basic, render_full};
use crate::object_describe::{Kind, ObjectDescribe};
use crate::template::Template;

/// The one reference that every platform event has, and what it leads to.
const CREATOR: (&str, &str) = ("CreatedById", "User");

/// The entry in the list of objects.
pub fn summary(object: &EntityDefinition) -> ObjectDescribe<'_> {
    ObjectDescribe {
        kind: Kind::PlatformEvent,
        layoutable: false,
        // Those of the service have none that is documented.
        key_prefix: object.custom.then_some(object.key_prefix.as_str()),
        ..ObjectDescribe::of(object)
    }
}

/// The basic information: the entry of the list, and name, label and type of each field.
pub fn basic_of(object: &EntityDefinition) -> Template {
    basic(&summary(object), |w| write_names(w, &object.fields))
}

/// The full describe.
pub fn full(catalog: &Catalog, object: &EntityDefinition) -> String {
    render_full(
        &summary(object),
        false,
        |_| (),
        |w| {
            for field in &object.fields {
                write_field(w, catalog, object, field);
            }
        },
    )
}

/// The references that platform events hold to records of `target`.
pub fn references(
    catalog: &Catalog,
    target: &EntityName,
) -> impl Iterator<Item = ChildRelationship> {
    let (field, leads_to) = CREATOR;
    let events = catalog.platform_events().iter();
    events
        .filter(move |_| target.as_str() == leads_to)
        .map(move |event| ChildRelationship {
            child: event.name.clone(),
            field: FieldName::new(field),
            relationship_name: None,
            delete_rule: DeleteRule::Clear,
        })
}
