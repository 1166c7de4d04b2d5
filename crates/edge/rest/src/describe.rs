//! What an object is: the lists, the basic information and the full describe.
//!
//! Everything is derived from the definition, rendered once an object, and kept. Start reading at [`Describes`].
//! Source: "Describe Global", "sObject Basic Information" and "sObject Describe" (REST API Developer Guide); the keys and
//! their order: recorded responses of `CumulusCI`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use landfall_model::{
    Catalog, ChildRelationship, DeleteRule, EntityDefinition, FieldDefinition, FieldType,
};
pub(crate) use landfall_wire::describe::MASTER_RECORD_TYPE;

use crate::describe_event;
use crate::describe_field::write_field;
use crate::face::{Face, Kind, write_association, write_entry, write_urls};
use crate::platform_event;
use crate::template::{Template, VERSION};
use crate::writer::Writer;

/// Records in one collections request, as the global describe tells. Source: "Describe Global".
pub(crate) const BATCH_SIZE_MAX: i64 = 200;

/// Describes as far as they were asked for; their number is bounded by the catalogue's.
#[derive(Default)]
pub(crate) struct Describes(Mutex<HashMap<String, Arc<Template>>>);

impl Describes {
    /// The list of all objects; `events` are the platform events as objects, `made` those whose records are made, which
    /// versions have or have not.
    pub(crate) fn global<'a>(
        &self,
        catalog: &Catalog,
        events: impl Iterator<Item = &'a EntityDefinition>,
        made: Vec<Face<'a>>,
    ) -> Arc<Template> {
        let names: Vec<&str> = made.iter().map(|face| face.name).collect();
        // No object has a name with a blank.
        self.kept(&format!(" {}", names.join(" ")), || {
            global(catalog, events, made)
        })
    }

    /// All about an object with records.
    pub(crate) fn of_records(&self, catalog: &Catalog, entity: &EntityDefinition) -> Arc<Template> {
        self.kept(entity.name.as_str(), || {
            full(&Face::of(entity), catalog, entity)
        })
    }

    /// All about the change event object of an object, if it has one.
    pub(crate) fn of_change_event(
        &self,
        catalog: &Catalog,
        entity: &EntityDefinition,
    ) -> Option<Arc<Template>> {
        let name = entity.change_event.as_ref()?.name.as_str();
        Some(self.kept(name, || describe_event::full(catalog, entity)))
    }

    /// All about a platform event, seen as an object.
    pub(crate) fn of_platform_event(
        &self,
        catalog: &Catalog,
        object: &EntityDefinition,
    ) -> Arc<Template> {
        self.kept(object.name.as_str(), || {
            platform_event::full(catalog, object)
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
    platform_events: impl Iterator<Item = &'a EntityDefinition>,
    made: Vec<Face<'a>>,
) -> String {
    let platform_events: Vec<_> = platform_events.collect();
    let events: Vec<_> = catalog
        .entities()
        .iter()
        .filter_map(|entity| describe_event::Naming::of(entity))
        .collect();
    let mut faces: Vec<Face<'_>> = catalog
        .entities()
        .iter()
        .map(|entity| Face::of(entity))
        .chain(events.iter().map(describe_event::Naming::face))
        .chain(
            platform_events
                .iter()
                .map(|object| platform_event::face(object)),
        )
        .chain(made)
        .collect();
    faces.sort_by(|left, right| left.name.cmp(right.name));
    let mut w = Writer::new();
    w.object(|w| {
        w.name("encoding").string("UTF-8");
        w.name("maxBatchSize").integer(BATCH_SIZE_MAX);
        w.name("sobjects").array(|w| {
            for face in &faces {
                w.object(|w| write_entry(w, face));
            }
        });
    });
    w.finish()
}

/// The basic information about an object, as a member of `objectDescribe`; `more` writes what comes after.
pub(crate) fn basic(face: &Face<'_>, more: impl FnOnce(&mut Writer)) -> Template {
    let mut w = Writer::new();
    w.object(|w| {
        write_entry(w, face);
        more(w);
    });
    Template::new(w.finish())
}

/// All about an object with records, kept or made.
pub(crate) fn full(face: &Face<'_>, catalog: &Catalog, entity: &EntityDefinition) -> String {
    let owned = entity.field("OwnerId").is_some();
    render_full(
        face,
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
pub(crate) fn is_described(field: &FieldDefinition) -> bool {
    field.field_type != FieldType::JunctionIdList
}

/// The full describe, its keys in the recorded order.
pub(crate) fn render_full(
    face: &Face<'_>,
    owned: bool,
    children: impl FnOnce(&mut Writer),
    fields: impl FnOnce(&mut Writer),
) -> String {
    let may = face.capabilities;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("actionOverrides").array(|_| ());
        w.name("activateable").boolean(false);
        write_association(w, face);
        w.name("childRelationships").array(children);
        w.name("compactLayoutable").boolean(face.layoutable);
        w.name("createable").boolean(may.createable);
        w.name("custom").boolean(face.custom);
        w.name("customSetting").boolean(false);
        w.name("deepCloneable").boolean(false);
        w.name("defaultImplementation").null();
        w.name("deletable").boolean(may.deletable);
        w.name("deprecatedAndHidden").boolean(false);
        w.name("extendedBy").null();
        w.name("extendsInterfaces").null();
        w.name("feedEnabled").boolean(may.feed_enabled);
        w.name("fields").array(fields);
        w.name("hasSubtypes").boolean(false);
        w.name("implementedBy").null();
        w.name("implementsInterfaces").null();
        w.name("isInterface").boolean(false);
        w.name("isSubtype").boolean(false);
        w.name("keyPrefix").text_or_null(face.key_prefix);
        w.name("label").string(face.label);
        w.name("labelPlural").string(face.label_plural);
        w.name("layoutable").boolean(face.layoutable);
        w.name("listviewable").null();
        w.name("lookupLayoutable").null();
        w.name("mergeable").boolean(may.mergeable);
        w.name("mruEnabled").boolean(face.layoutable);
        w.name("name").string(face.name);
        w.name("namedLayoutInfos").array(|_| ());
        w.name("networkScopeFieldName").null();
        w.name("queryable").boolean(may.queryable);
        w.name("recordTypeInfos")
            .array(|w| write_master_record_type(w, face));
        w.name("replicateable").boolean(may.replicateable);
        w.name("retrieveable").boolean(may.retrieveable);
        w.name("searchLayoutable").boolean(face.layoutable);
        w.name("searchable").boolean(may.searchable);
        w.name("sobjectDescribeOption").string("FULL");
        w.name("supportedScopes")
            .array(|w| write_scopes(w, face, owned));
        w.name("triggerable").boolean(may.triggerable);
        w.name("undeletable").boolean(may.undeletable);
        w.name("updateable").boolean(may.updateable);
        write_urls(w, face, true);
    });
    w.finish()
}

fn write_master_record_type(w: &mut Writer, face: &Face<'_>) {
    if face.kind != Kind::Records {
        return;
    }
    w.object(|w| {
        w.name("active").boolean(true);
        w.name("available").boolean(true);
        w.name("defaultRecordTypeMapping").boolean(true);
        w.name("developerName").string("Master");
        w.name("master").boolean(true);
        w.name("name").string("Master");
        w.name("recordTypeId").string(MASTER_RECORD_TYPE);
        w.name("urls").object(|w| {
            w.name("layout").raw(&format!(
                "\"/services/data/v{VERSION}/sobjects/{}/describe/layouts/{MASTER_RECORD_TYPE}\"",
                face.name
            ));
        });
    });
}

fn write_scopes(w: &mut Writer, face: &Face<'_>, owned: bool) {
    if !face.capabilities.queryable {
        return;
    }
    let plural = face.label_plural.to_lowercase();
    let mut scope = |label: String, name: &str| {
        w.object(|w| {
            w.name("label").string(&label);
            w.name("name").string(name);
        });
    };
    scope(format!("All {plural}"), "everything");
    if owned {
        scope(format!("My {plural}"), "mine");
    }
}

/// References to the object, those of events included: these have no name and delete nothing.
fn write_children(w: &mut Writer, catalog: &Catalog, entity: &EntityDefinition) {
    let mut children: Vec<ChildRelationship> = entity.children.clone();
    for other in catalog.entities() {
        children.extend(describe_event::references(other, &entity.name));
    }
    children.extend(platform_event::references(catalog, &entity.name));
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
    use crate::fixture;

    fn parsed(template: &Template) -> Value {
        serde_json::from_str(&template.expand(ApiVersion::NEWEST, "https://h:1")).expect("JSON")
    }

    #[test]
    fn the_list_has_objects_and_their_change_events() {
        let list = parsed(&Describes::default().global(
            &fixture::catalog(),
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
        let catalog = fixture::catalog();
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
            MASTER_RECORD_TYPE
        );
    }

    #[test]
    fn references_of_change_events_are_children_without_a_name() {
        let catalog = fixture::catalog();
        let thing = catalog.entity("Thing").expect("in the fixture");
        let describe = parsed(&Describes::default().of_records(&catalog, thing));
        let child = &describe["childRelationships"][0];
        assert_eq!(child["childSObject"], "ThingChangeEvent");
        assert_eq!(child["field"], "ParentId");
        assert_eq!(child["relationshipName"], Value::Null);
    }

    #[test]
    fn a_describe_is_rendered_once() {
        let catalog = fixture::catalog();
        let describes = Describes::default();
        let global = || describes.global(&catalog, std::iter::empty(), Vec::new());
        assert!(Arc::ptr_eq(&global(), &global()));
    }
}
