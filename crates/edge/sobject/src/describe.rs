//! What an object is: the lists, the basic information and the full describe.
//!
//! Everything is derived from the definition, rendered once an object, and kept. Start reading at [`Describes`].
//! Source: "Describe Global", "sObject Basic Information" and "sObject Describe" (REST API Developer Guide); the keys and
//! their order: recorded responses of `CumulusCI`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use landfall_http::Writer;
use landfall_model::limits::DESCRIBED_BATCH_SIZE_MAX;
use landfall_model::{
    Catalog, ChildRelationship, DeleteRule, EntityDefinition, FieldDefinition, FieldType,
};

use landfall_wire::versions::ApiVersion;

use crate::describe_field::write_field;
use crate::describe_members::render_full;
use crate::object_describe::{ObjectDescribe, write_entry};
use crate::template::Template;
use crate::{describe_event, describe_platform_event};

/// Records in one collections request, as the describe of all objects reports.
pub const BATCH_SIZE_MAX: i64 = DESCRIBED_BATCH_SIZE_MAX;

/// Describes as far as they were asked for; their number is bounded by the catalogue's.
#[derive(Default)]
pub struct Describes(Mutex<HashMap<String, Arc<Template>>>);

impl Describes {
    /// The list of all objects of a version; `events` are the platform events as objects, `made` those whose records are
    /// made, which versions have or have not.
    pub fn global<'a>(
        &self,
        version: ApiVersion,
        catalog: &Catalog,
        events: impl Iterator<Item = &'a EntityDefinition>,
        made: Vec<ObjectDescribe<'a>>,
    ) -> Arc<Template> {
        let names: Vec<&str> = made.iter().map(|object| object.name).collect();
        let has_changes = version.has_change_events();
        // No object has a name with a blank.
        self.kept(&format!(" {has_changes} {}", names.join(" ")), || {
            global(catalog, has_changes, events, made)
        })
    }

    /// All about an object with records.
    pub fn of_records(&self, catalog: &Catalog, entity: &EntityDefinition) -> Arc<Template> {
        self.kept(entity.name.as_str(), || {
            full(&ObjectDescribe::of(entity), catalog, entity)
        })
    }

    /// All about the change event object of an object, if it has one.
    pub fn of_change_event(
        &self,
        catalog: &Catalog,
        entity: &EntityDefinition,
    ) -> Option<Arc<Template>> {
        let name = entity.change_event.as_ref()?.name.as_str();
        Some(self.kept(name, || describe_event::full(catalog, entity)))
    }

    /// All about a platform event, seen as an object.
    pub fn of_platform_event(&self, catalog: &Catalog, object: &EntityDefinition) -> Arc<Template> {
        self.kept(object.name.as_str(), || {
            describe_platform_event::full(catalog, object)
        })
    }

    fn kept(&self, name: &str, render: impl FnOnce() -> String) -> Arc<Template> {
        let kept = |describes: &Self| {
            let map = describes.0.lock().unwrap_or_else(PoisonError::into_inner);
            map.get(name).map(Arc::clone)
        };
        if let Some(template) = kept(self) {
            return template;
        }
        // Rendered outside the lock: at worst two requests render the same text.
        let template = Arc::new(Template::new(render()));
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(map.entry(name.to_owned()).or_insert(template))
    }
}

fn global<'a>(
    catalog: &Catalog,
    has_changes: bool,
    platform_events: impl Iterator<Item = &'a EntityDefinition>,
    made: Vec<ObjectDescribe<'a>>,
) -> String {
    let platform_events: Vec<_> = platform_events.collect();
    let events: Vec<_> = catalog
        .entities()
        .iter()
        .filter(|_| has_changes)
        .filter_map(|entity| describe_event::Naming::of(entity))
        .collect();
    let mut describes: Vec<ObjectDescribe<'_>> = catalog
        .entities()
        .iter()
        .map(|entity| ObjectDescribe::of(entity))
        .chain(events.iter().map(describe_event::Naming::summary))
        .chain(
            platform_events
                .iter()
                .map(|object| describe_platform_event::summary(object)),
        )
        .chain(made)
        .collect();
    describes.sort_by(|left, right| left.name.cmp(right.name));
    let mut w = Writer::new();
    w.object(|w| {
        w.name("encoding").string("UTF-8");
        w.name("maxBatchSize").integer(BATCH_SIZE_MAX);
        w.name("sobjects").array(|w| {
            for object in &describes {
                w.object(|w| write_entry(w, object));
            }
        });
    });
    w.finish()
}

/// All about an object with records, kept or made.
pub fn full(object: &ObjectDescribe<'_>, catalog: &Catalog, entity: &EntityDefinition) -> String {
    let owned = entity.field("OwnerId").is_some();
    render_full(
        object,
        owned,
        |w| write_children(w, catalog, entity),
        |w| {
            for field in entity.fields.iter().filter(|field| is_described(field)) {
                write_field(w, catalog, entity, field);
            }
        },
    )
}

/// Lists of a junction's ids are read and written, but no describe has them; clients do not know their type.
///
/// Source: RoseSilverSoftware/IlluminatedCloud, issue 2081.
pub fn is_described(field: &FieldDefinition) -> bool {
    field.field_type != FieldType::JunctionIdList
}

/// References to the object, those of events included: these have no name and delete nothing.
fn write_children(w: &mut Writer, catalog: &Catalog, entity: &EntityDefinition) {
    let mut children: Vec<ChildRelationship> = entity.children.clone();
    for other in catalog.entities() {
        children.extend(describe_event::references(other, &entity.name));
    }
    children.extend(describe_platform_event::references(catalog, &entity.name));
    children.sort_by(|left, right| (&left.child, &left.field).cmp(&(&right.child, &right.field)));
    for child in &children {
        w.object(|w| {
            w.name("cascadeDelete")
                .boolean(child.delete_rule == DeleteRule::Cascade);
            w.name("childSObject").string(child.child.as_str());
            w.name("deprecatedAndHidden").boolean(false);
            w.name("field").string(child.field.as_str());
            w.name("junctionIdListNames").array(|_| ());
            w.name("junctionReferenceTo").array(|_| ());
            w.name("relationshipName")
                .text_or_null(child.relationship_name.as_deref());
            w.name("restrictedDelete")
                .boolean(child.delete_rule == DeleteRule::Restrict);
        });
    }
}

#[cfg(test)]
mod tests {
    use landfall_wire::ApiVersion;
    use serde_json::Value;

    use super::*;
    use landfall_test_org::definitions;

    fn parsed(template: &Template) -> Value {
        serde_json::from_str(&template.expand(ApiVersion::NEWEST, "https://h:1")).expect("JSON")
    }

    #[test]
    fn the_list_has_objects_and_their_change_events() {
        let list = parsed(&Describes::default().global(
            ApiVersion::NEWEST,
            &definitions::catalog(),
            std::iter::empty(),
            Vec::new(),
        ));
        assert_eq!(list["encoding"], "UTF-8");
        assert_eq!(list["maxBatchSize"], 200);
        let names: Vec<_> = list["sobjects"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|entry| entry["name"].as_str().expect("a name"))
            .collect();
        assert_eq!(names, ["Thing", "ThingChangeEvent"]);
        let thing = &list["sobjects"][0];
        assert_eq!(thing["keyPrefix"], "a00");
        assert_eq!(
            thing["urls"]["describe"],
            "/services/data/v67.0/sobjects/Thing/describe"
        );
        let event = &list["sobjects"][1];
        assert_eq!(event["associateEntityType"], "ChangeEvent");
        assert_eq!(event["associateParentEntity"], "Thing");
        assert_eq!(event["keyPrefix"], Value::Null);
        assert_eq!(event["label"], "Thing Change Event");
        assert_eq!(event.as_object().expect("an object").len(), 28);
    }

    #[test]
    fn a_describe_has_the_recorded_keys_in_their_order() {
        let catalog = definitions::catalog();
        let thing = catalog.entity("Thing").expect("in the fixture");
        let template = Describes::default().of_records(&catalog, thing);
        let text = template.expand(ApiVersion::NEWEST, "https://h:1");
        let describe: Value = serde_json::from_str(&text).expect("JSON");
        let keys = "actionOverrides activateable associateEntityType associateParentEntity childRelationships \
            compactLayoutable createable custom customSetting deepCloneable defaultImplementation deletable \
            deprecatedAndHidden extendedBy extendsInterfaces feedEnabled fields hasSubtypes implementedBy \
            implementsInterfaces isInterface isSubtype keyPrefix label labelPlural layoutable listviewable \
            lookupLayoutable mergeable mruEnabled name namedLayoutInfos networkScopeFieldName queryable \
            recordTypeInfos replicateable retrieveable searchLayoutable searchable sobjectDescribeOption \
            supportedScopes triggerable undeletable updateable urls";
        let keys: Vec<_> = keys.split_whitespace().collect();
        assert_eq!(describe.as_object().expect("an object").len(), keys.len());
        let mut from = 0;
        for key in keys {
            let at = text[from..].find(&format!("\"{key}\":"));
            from += at.unwrap_or_else(|| panic!("{key} is missing or out of order"));
        }
        assert_eq!(describe["urls"]["uiNewRecord"], "https://h:1/a00/e");
        assert_eq!(
            describe["recordTypeInfos"][0]["recordTypeId"],
            landfall_wire::describe::MASTER_RECORD_TYPE
        );
    }

    #[test]
    fn references_of_change_events_are_children_without_a_name() {
        let catalog = definitions::catalog();
        let thing = catalog.entity("Thing").expect("in the fixture");
        let describe = parsed(&Describes::default().of_records(&catalog, thing));
        let child = &describe["childRelationships"][0];
        assert_eq!(child["childSObject"], "ThingChangeEvent");
        assert_eq!(child["field"], "ParentId");
        assert_eq!(child["relationshipName"], Value::Null);
    }

    #[test]
    fn a_describe_is_rendered_once() {
        let catalog = definitions::catalog();
        let describes = Describes::default();
        let global =
            || describes.global(ApiVersion::NEWEST, &catalog, std::iter::empty(), Vec::new());
        assert!(Arc::ptr_eq(&global(), &global()));
    }
}
