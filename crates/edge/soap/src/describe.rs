//! `describeGlobal`, `describeSObject`, `describeSObjects`.
//!
//! Wire: elements in the order of the WSDL; one that has no value is left out where the WSDL lets it.
//! Clients: those made from the WSDL of an old version know no elements but its own.
//! Source: the calls of these names, `DescribeGlobalResult`, `DescribeSObjectResult` (SOAP API Developer Guide).

use landfall_model::limits::{DESCRIBED_OBJECTS_MAX, REST_COLLECTION_RECORDS_MAX};
use landfall_model::{DeleteRule, EntityDefinition, Fault, FieldType, ManyFault, QueryFault};
use landfall_wire::describe::{RecordTypeInfo, record_types};
use landfall_xml::Writer;

use crate::call::Call;
use crate::describe_field::write_field;
use crate::older;

const RESULT: &str = "result";
/// Defaults of fields tell their types.
const TYPES: &str = "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";

/// The version from which on describes have what the Partner WSDL of 38.0 lacks. Source: none for the number.
const RECENT: u16 = 46;

/// An object as describes see it.
struct Described<'d> {
    object: &'d EntityDefinition,
    /// Whether the version asked for has elements that old ones lack.
    recent: bool,
    /// Whether it is a platform event.
    event: bool,
}

impl<'d> Described<'d> {
    /// The object of this name, events included.
    fn named(call: &'d Call<'_>, name: &str) -> Result<Self, Fault> {
        if let Some(entity) = call.catalog().entity(name) {
            return Ok(Self {
                object: entity,
                recent: is_recent(call),
                event: false,
            });
        }
        let publication = call.definitions.publication(name);
        let publication = publication.ok_or_else(|| {
            Fault::Query(QueryFault::ObjectUnknown {
                name: name.to_owned(),
            })
        })?;
        Ok(Self {
            object: &publication.object,
            recent: is_recent(call),
            event: true,
        })
    }

    /// All objects, events included, by name.
    fn all(call: &'d Call<'_>) -> Vec<Self> {
        let entities = call.catalog().entities().iter();
        let records = entities.map(|entity| Self {
            object: entity,
            recent: is_recent(call),
            event: false,
        });
        let events = call.definitions.publications().map(|publication| Self {
            object: &publication.object,
            recent: is_recent(call),
            event: true,
        });
        let mut all: Vec<Self> = records.chain(events).collect();
        all.sort_by(|left, right| left.object.name.cmp(&right.object.name));
        all
    }

    /// Whether people see it in pages of their own.
    const fn layoutable(&self) -> bool {
        let may = self.object.capabilities;
        !self.event && may.triggerable && may.createable
    }

    /// Events of the service have none that is documented.
    fn key_prefix(&self) -> Option<&str> {
        self.object.described_prefix()
    }
}

/// Answers with the list of all objects.
pub(crate) fn global(call: &Call<'_>, w: &mut Writer) {
    w.element(RESULT, |w| {
        w.text("encoding", "UTF-8");
        w.text("maxBatchSize", &REST_COLLECTION_RECORDS_MAX.to_string());
        for described in Described::all(call) {
            w.element("sobjects", |w| write_entry(w, &described));
        }
    });
}

/// Answers with all about one object.
pub(crate) fn object(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let name = call.argument("sObjectType").unwrap_or_default();
    let described = Described::named(call, name)?;
    w.typed(RESULT, TYPES, |w| write_full(call, w, &described));
    Ok(())
}

/// Answers with all about several objects.
pub(crate) fn objects(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let names = call.arguments("sObjectType");
    let most = DESCRIBED_OBJECTS_MAX;
    if names.len() > most {
        return Err(Fault::Many(ManyFault::RecordsTooMany { most }));
    }
    for name in names {
        let described = Described::named(call, name.text.trim())?;
        w.typed(RESULT, TYPES, |w| write_full(call, w, &described));
    }
    Ok(())
}

fn write_entry(w: &mut Writer, described: &Described<'_>) {
    let may = described.object.capabilities;
    w.boolean("activateable", false);
    write_origin(w, described);
    write_names(w, described);
    w.boolean("queryable", may.queryable);
    w.boolean("replicateable", may.replicateable);
    w.boolean("retrieveable", may.retrieveable);
    w.boolean("searchable", may.searchable);
    w.boolean("triggerable", may.triggerable);
    w.boolean("undeletable", may.undeletable);
    w.boolean("updateable", may.updateable);
}

/// The elements before the fields in a whole describe, in the order of the WSDL: each describe has it.
fn write_origin(w: &mut Writer, described: &Described<'_>) {
    let (object, may) = (described.object, described.object.capabilities);
    w.boolean("createable", may.createable);
    w.boolean("custom", object.custom);
    w.boolean("customSetting", object.traits.custom_kind.is_setting());
    if described.recent {
        w.boolean("deepCloneable", false);
    }
    w.boolean("deletable", may.deletable);
    w.boolean("deprecatedAndHidden", false);
    w.boolean("feedEnabled", may.feed_enabled);
}

/// The elements after them.
fn write_names(w: &mut Writer, described: &Described<'_>) {
    let (object, may) = (described.object, described.object.capabilities);
    w.boolean("hasSubtypes", false);
    w.boolean("idEnabled", !described.event);
    if described.recent {
        w.boolean("isInterface", false);
        w.boolean("isSubtype", false);
    }
    w.text_or_nil("keyPrefix", described.key_prefix());
    w.text("label", &object.label);
    w.text("labelPlural", &object.label_plural);
    w.boolean("layoutable", described.layoutable());
    w.boolean("mergeable", may.mergeable);
    w.boolean("mruEnabled", described.layoutable());
    w.text("name", object.name.as_str());
}

fn write_full(call: &Call<'_>, w: &mut Writer, described: &Described<'_>) {
    let (object, may) = (described.object, described.object.capabilities);
    w.boolean("activateable", false);
    write_children(w, object);
    w.boolean("compactLayoutable", described.layoutable());
    write_origin(w, described);
    for field in &object.fields {
        // Clients do not know the type of lists of a junction's ids: no describe has them.
        if field.field_type != FieldType::JunctionIdList {
            let recent = described.recent;
            let field = older::field(call, object, field);
            w.element("fields", |w| {
                write_field(w, (call.catalog(), object), &field, recent);
            });
        }
    }
    write_names(w, described);
    w.nil("networkScopeFieldName");
    w.boolean("queryable", may.queryable);
    if !described.event {
        for info in record_types(&object.record_types) {
            w.element("recordTypeInfos", |w| {
                write_record_type(w, &info, described.recent);
            });
        }
    }
    w.boolean("replicateable", may.replicateable);
    w.boolean("retrieveable", may.retrieveable);
    w.boolean("searchLayoutable", described.layoutable());
    w.boolean("searchable", may.searchable);
    write_scopes(w, object);
    w.boolean("triggerable", may.triggerable);
    w.boolean("undeletable", may.undeletable);
    w.boolean("updateable", may.updateable);
    write_pages(w, &call.endpoint.base_url, described);
}

/// An element of optional text.
pub(crate) fn write_known(w: &mut Writer, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        w.text(name, text);
    }
}

fn write_children(w: &mut Writer, object: &EntityDefinition) {
    for child in &object.children {
        w.element("childRelationships", |w| {
            w.boolean("cascadeDelete", child.delete_rule == DeleteRule::Cascade);
            w.text("childSObject", child.child.as_str());
            w.boolean("deprecatedAndHidden", false);
            w.text("field", child.field.as_str());
            write_known(w, "relationshipName", child.relationship_name.as_deref());
            w.boolean(
                "restrictedDelete",
                child.delete_rule == DeleteRule::Restrict,
            );
        });
    }
}

fn write_record_type(w: &mut Writer, info: &RecordTypeInfo<'_>, recent: bool) {
    if recent {
        w.boolean("active", info.active);
    }
    w.boolean("available", info.available);
    w.boolean("defaultRecordTypeMapping", info.default);
    if recent {
        w.text("developerName", info.developer_name);
    }
    w.boolean("master", info.master);
    w.text("name", info.name);
    w.text("recordTypeId", info.id);
}

fn write_scopes(w: &mut Writer, object: &EntityDefinition) {
    if !object.capabilities.queryable {
        return;
    }
    let plural = object.label_plural.to_lowercase();
    let owned = object.field("OwnerId").is_some();
    let mine = owned.then_some(("My", "mine"));
    for (whose, name) in [("All", "everything")].into_iter().chain(mine) {
        w.element("supportedScopes", |w| {
            w.text("label", &format!("{whose} {plural}"));
            w.text("name", name);
        });
    }
}

/// Addresses of pages for people, if there are any.
fn write_pages(w: &mut Writer, base: &str, described: &Described<'_>) {
    let prefix = described.object.key_prefix;
    for (name, path) in [
        ("urlDetail", "{ID}".to_owned()),
        ("urlEdit", "{ID}/e".to_owned()),
        ("urlNew", format!("{}/e", prefix.as_str())),
    ] {
        let url = described.layoutable().then(|| format!("{base}/{path}"));
        w.text_or_nil(name, url.as_deref());
    }
}

fn is_recent(call: &Call<'_>) -> bool {
    call.endpoint.version.number() >= RECENT
}
