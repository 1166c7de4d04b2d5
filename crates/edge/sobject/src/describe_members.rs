//! The members that the describes of all kinds of objects have.
//!
//! Source: "sObject Basic Information" and "sObject Describe" (REST API Developer Guide); the keys and their order: recorded
//! responses of `CumulusCI`.

use landfall_http::Writer;
use landfall_wire::describe::record_types;

use crate::object_describe::{Kind, ObjectDescribe, write_association, write_entry, write_urls};
use crate::template::{Template, VERSION};

/// The basic information about an object, as a member of `objectDescribe`; `more` writes what comes after.
pub fn basic(object: &ObjectDescribe<'_>, more: impl FnOnce(&mut Writer)) -> Template {
    let mut w = Writer::new();
    w.object(|w| {
        write_entry(w, object);
        more(w);
    });
    Template::new(w.finish())
}

/// The full describe, its keys in the recorded order.
pub fn render_full(
    object: &ObjectDescribe<'_>,
    owned: bool,
    children: impl FnOnce(&mut Writer),
    fields: impl FnOnce(&mut Writer),
) -> String {
    let may = object.capabilities;
    let mut w = Writer::new();
    w.object(|w| {
        w.name("actionOverrides").array(|_| ());
        w.name("activateable").boolean(false);
        write_association(w, object);
        w.name("childRelationships").array(children);
        w.name("compactLayoutable").boolean(object.layoutable);
        w.name("createable").boolean(may.createable);
        w.name("custom").boolean(object.custom);
        w.name("customSetting").boolean(object.custom_setting);
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
        w.name("keyPrefix").text_or_null(object.key_prefix);
        w.name("label").string(object.label);
        w.name("labelPlural").string(object.label_plural);
        w.name("layoutable").boolean(object.layoutable);
        w.name("listviewable").null();
        w.name("lookupLayoutable").null();
        w.name("mergeable").boolean(may.mergeable);
        w.name("mruEnabled").boolean(object.layoutable);
        w.name("name").string(object.name);
        w.name("namedLayoutInfos").array(|_| ());
        w.name("networkScopeFieldName").null();
        w.name("queryable").boolean(may.queryable);
        w.name("recordTypeInfos")
            .array(|w| write_record_types(w, object));
        w.name("replicateable").boolean(may.replicateable);
        w.name("retrieveable").boolean(may.retrieveable);
        w.name("searchLayoutable").boolean(object.layoutable);
        w.name("searchable").boolean(may.searchable);
        w.name("sobjectDescribeOption").string("FULL");
        w.name("supportedScopes")
            .array(|w| write_scopes(w, object, owned));
        w.name("triggerable").boolean(may.triggerable);
        w.name("undeletable").boolean(may.undeletable);
        w.name("updateable").boolean(may.updateable);
        write_urls(w, object, true);
    });
    w.finish()
}

fn write_record_types(w: &mut Writer, object: &ObjectDescribe<'_>) {
    if object.kind != Kind::Records {
        return;
    }
    for info in record_types(object.record_types) {
        w.object(|w| {
            w.name("active").boolean(info.active);
            w.name("available").boolean(info.available);
            w.name("defaultRecordTypeMapping").boolean(info.default);
            w.name("developerName").string(info.developer_name);
            w.name("master").boolean(info.master);
            w.name("name").string(info.name);
            w.name("recordTypeId").string(info.id);
            w.name("urls").object(|w| {
                w.name("layout").raw(&format!(
                    "\"/services/data/v{VERSION}/sobjects/{}/describe/layouts/{}\"",
                    object.name, info.id
                ));
            });
        });
    }
}

fn write_scopes(w: &mut Writer, object: &ObjectDescribe<'_>, owned: bool) {
    if !object.capabilities.queryable {
        return;
    }
    let plural = object.label_plural.to_lowercase();
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
