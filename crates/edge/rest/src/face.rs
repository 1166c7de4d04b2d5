//! What lists and describes say of every kind of object: names, capabilities, addresses.
//!
//! Source: "Describe Global" (REST API Developer Guide); the keys and their order: recorded responses of `CumulusCI`.

use landfall_model::{Capabilities, EntityDefinition};

use crate::push;
use crate::template::{BASE, END, SINCE_50, VERSION};
use crate::writer::Writer;

/// What an object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
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
pub(crate) struct Face<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    pub(crate) label_plural: &'a str,
    pub(crate) key_prefix: Option<&'a str>,
    pub(crate) custom: bool,
    pub(crate) capabilities: Capabilities,
    pub(crate) kind: Kind<'a>,
    /// Whether people see it in pages of their own.
    pub(crate) layoutable: bool,
}

impl<'a> Face<'a> {
    pub(crate) fn of(entity: &'a EntityDefinition) -> Self {
        Self {
            name: entity.name.as_str(),
            label: &entity.label,
            label_plural: &entity.label_plural,
            key_prefix: Some(entity.key_prefix.as_str()),
            custom: entity.custom,
            capabilities: entity.capabilities,
            kind: Kind::Records,
            layoutable: entity.capabilities.triggerable && entity.capabilities.createable,
        }
    }
}

/// Members of an entry in the list, in alphabetical order.
pub(crate) fn write_entry(w: &mut Writer, face: &Face<'_>) {
    let may = face.capabilities;
    w.name("activateable").boolean(false);
    write_association(w, face);
    w.name("createable").boolean(may.createable);
    w.name("custom").boolean(face.custom);
    w.name("customSetting").boolean(false);
    w.name("deepCloneable").boolean(false);
    w.name("deletable").boolean(may.deletable);
    w.name("deprecatedAndHidden").boolean(false);
    w.name("feedEnabled").boolean(may.feed_enabled);
    w.name("hasSubtypes").boolean(false);
    w.name("isInterface").boolean(false);
    w.name("isSubtype").boolean(false);
    w.name("keyPrefix").text_or_null(face.key_prefix);
    w.name("label").string(face.label);
    w.name("labelPlural").string(face.label_plural);
    w.name("layoutable").boolean(face.layoutable);
    w.name("mergeable").boolean(may.mergeable);
    w.name("mruEnabled").boolean(face.layoutable);
    w.name("name").string(face.name);
    w.name("queryable").boolean(may.queryable);
    w.name("replicateable").boolean(may.replicateable);
    w.name("retrieveable").boolean(may.retrieveable);
    w.name("searchable").boolean(may.searchable);
    w.name("triggerable").boolean(may.triggerable);
    w.name("undeletable").boolean(may.undeletable);
    w.name("updateable").boolean(may.updateable);
    write_urls(w, face, false);
}

/// Clients: shown from 50.0 on.
pub(crate) fn write_association(w: &mut Writer, face: &Face<'_>) {
    let changes_of = match face.kind {
        Kind::Changes(of) => Some(of),
        Kind::Records | Kind::PlatformEvent | Kind::Tooling => None,
    };
    w.mark(SINCE_50);
    w.name("associateEntityType")
        .text_or_null(changes_of.map(|_| "ChangeEvent"));
    w.name("associateParentEntity").text_or_null(changes_of);
    w.mark(END);
}

pub(crate) fn write_urls(w: &mut Writer, face: &Face<'_>, with_pages: bool) {
    let name = face.name;
    let api = match face.kind {
        Kind::Tooling => "tooling/",
        Kind::Records | Kind::Changes(_) | Kind::PlatformEvent => "",
    };
    let below = |w: &mut Writer, key: &str, path: &str| {
        w.name(key).raw(&format!(
            "\"/services/data/v{VERSION}/{api}sobjects/{name}{path}\""
        ));
    };
    w.name("urls").object(|w| {
        if face.layoutable {
            below(w, "compactLayouts", "/describe/compactLayouts");
        }
        below(w, "rowTemplate", "/{ID}");
        if matches!(face.kind, Kind::Changes(_) | Kind::PlatformEvent) {
            below(w, "eventSchema", "/eventSchema");
        }
        if face.layoutable {
            below(w, "approvalLayouts", "/describe/approvalLayouts");
            if with_pages {
                write_pages(w, face);
            }
            below(w, "listviews", "/listviews");
        }
        below(w, "describe", "/describe");
        if face.layoutable {
            below(w, "quickActions", "/quickActions");
            below(w, "layouts", "/describe/layouts");
        }
        if name == "User" {
            below(w, "passwordUtilities", "/{ID}/password");
        }
        if name == push::OBJECT {
            below(w, "push", "/{ID}/push");
        }
        below(w, "sobject", "");
    });
}

/// Absolute addresses of pages for people.
fn write_pages(w: &mut Writer, face: &Face<'_>) {
    let prefix = face.key_prefix.unwrap_or_default();
    for (key, path) in [
        ("uiDetailTemplate", "{ID}".to_owned()),
        ("uiEditTemplate", "{ID}/e".to_owned()),
        ("uiNewRecord", format!("{prefix}/e")),
    ] {
        w.name(key).raw(&format!("\"{BASE}/{path}\""));
    }
}
