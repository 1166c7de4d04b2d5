//! What lists and describes say of every kind of object: names, capabilities, addresses.
//!
//! Source: "Describe Global" (REST API Developer Guide); the keys and their order: recorded responses of `CumulusCI`.

use landfall_http::Writer;
use landfall_model::{Capabilities, EntityDefinition, RecordType};

use crate::api::GENERIC_CHANNEL;
use crate::template::{BASE, END, SINCE_50, VERSION};

/// What an object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Records.
    Records,
    /// Changes of the records of the named object.
    Changes(&'a str),
    /// Messages.
    PlatformEvent,
    /// What the Tooling API sets up.
    Tooling,
}

/// What the lists and the describes of records' objects and of event objects have in common.
pub struct ObjectDescribe<'a> {
    /// Its API name.
    pub name: &'a str,
    /// What people call one record.
    pub label: &'a str,
    /// What people call several.
    pub label_plural: &'a str,
    /// The first characters of its ids, if it has ids of its own.
    pub key_prefix: Option<&'a str>,
    /// Whether it is not a standard object.
    pub custom: bool,
    /// Whether it is a custom setting.
    pub custom_setting: bool,
    /// What can be done with its records.
    pub capabilities: Capabilities,
    /// What it is about.
    pub kind: Kind<'a>,
    /// Whether people see it in pages of their own.
    pub layoutable: bool,
    /// Its record types, except for the master type.
    pub record_types: &'a [RecordType],
}

impl<'a> ObjectDescribe<'a> {
    /// Of an object with records.
    pub fn of(entity: &'a EntityDefinition) -> Self {
        Self {
            name: entity.name.as_str(),
            label: &entity.label,
            label_plural: &entity.label_plural,
            key_prefix: entity.described_prefix(),
            custom: entity.custom,
            custom_setting: entity.traits.custom_kind.is_setting(),
            capabilities: entity.capabilities,
            kind: Kind::Records,
            record_types: &entity.record_types,
            layoutable: entity.capabilities.triggerable && entity.capabilities.createable,
        }
    }
}

/// Members of an entry in the list, in alphabetical order.
pub fn write_entry(w: &mut Writer, object: &ObjectDescribe<'_>) {
    let may = object.capabilities;
    w.name("activateable").boolean(false);
    write_association(w, object);
    w.name("createable").boolean(may.createable);
    w.name("custom").boolean(object.custom);
    w.name("customSetting").boolean(object.custom_setting);
    w.name("deepCloneable").boolean(false);
    w.name("deletable").boolean(may.deletable);
    w.name("deprecatedAndHidden").boolean(false);
    w.name("feedEnabled").boolean(may.feed_enabled);
    w.name("hasSubtypes").boolean(false);
    w.name("isInterface").boolean(false);
    w.name("isSubtype").boolean(false);
    w.name("keyPrefix").text_or_null(object.key_prefix);
    w.name("label").string(object.label);
    w.name("labelPlural").string(object.label_plural);
    w.name("layoutable").boolean(object.layoutable);
    w.name("mergeable").boolean(may.mergeable);
    w.name("mruEnabled").boolean(object.layoutable);
    w.name("name").string(object.name);
    w.name("queryable").boolean(may.queryable);
    w.name("replicateable").boolean(may.replicateable);
    w.name("retrieveable").boolean(may.retrieveable);
    w.name("searchable").boolean(may.searchable);
    w.name("triggerable").boolean(may.triggerable);
    w.name("undeletable").boolean(may.undeletable);
    w.name("updateable").boolean(may.updateable);
    write_urls(w, object, false);
}

/// Clients: shown from 50.0 on.
pub fn write_association(w: &mut Writer, object: &ObjectDescribe<'_>) {
    let changes_of = match object.kind {
        Kind::Changes(of) => Some(of),
        Kind::Records | Kind::PlatformEvent | Kind::Tooling => None,
    };
    w.mark(SINCE_50);
    w.name("associateEntityType")
        .text_or_null(changes_of.map(|_| "ChangeEvent"));
    w.name("associateParentEntity").text_or_null(changes_of);
    w.mark(END);
}

/// The addresses of the object's resources; `with_pages` those of pages for people too.
pub fn write_urls(w: &mut Writer, object: &ObjectDescribe<'_>, with_pages: bool) {
    let name = object.name;
    let api = match object.kind {
        Kind::Tooling => "tooling/",
        Kind::Records | Kind::Changes(_) | Kind::PlatformEvent => "",
    };
    let below = |w: &mut Writer, key: &str, path: &str| {
        w.name(key).raw(&format!(
            "\"/services/data/v{VERSION}/{api}sobjects/{name}{path}\""
        ));
    };
    w.name("urls").object(|w| {
        if object.layoutable {
            below(w, "compactLayouts", "/describe/compactLayouts");
        }
        below(w, "rowTemplate", "/{ID}");
        if matches!(object.kind, Kind::Changes(_) | Kind::PlatformEvent) {
            below(w, "eventSchema", "/eventSchema");
        }
        if object.layoutable {
            below(w, "approvalLayouts", "/describe/approvalLayouts");
            if with_pages {
                write_pages(w, object);
            }
            below(w, "listviews", "/listviews");
        }
        below(w, "describe", "/describe");
        if object.layoutable {
            below(w, "quickActions", "/quickActions");
            below(w, "layouts", "/describe/layouts");
        }
        if name == "User" {
            below(w, "passwordUtilities", "/{ID}/password");
        }
        if name == GENERIC_CHANNEL {
            below(w, "push", "/{ID}/push");
        }
        below(w, "sobject", "");
    });
}

/// Absolute addresses of pages for people.
fn write_pages(w: &mut Writer, object: &ObjectDescribe<'_>) {
    let prefix = object.key_prefix.unwrap_or_default();
    for (key, path) in [
        ("uiDetailTemplate", "{ID}".to_owned()),
        ("uiEditTemplate", "{ID}/e".to_owned()),
        ("uiNewRecord", format!("{prefix}/e")),
    ] {
        w.name(key).raw(&format!("\"{BASE}/{path}\""));
    }
}
