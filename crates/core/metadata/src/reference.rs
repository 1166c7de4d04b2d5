//! Fields that lead to other records: lookups and master-details, and the same seen from the other end.
//!
//! Source: "`CustomField`" (Metadata API Developer Guide), "Object Relationships Overview" (Salesforce Help).

use std::collections::BTreeMap;

use landfall_model::{
    ChildRelationship, DeleteRule, EntityDefinition, EntityName, FieldDefinition, FieldName,
    FieldType,
};

use crate::absent::{Absence, Absent};
use crate::compile::ACTIVITIES;
use crate::field_type::DeclaredType;
use crate::names;
use crate::problem::{Report, SourceLine};
use crate::read::brief;
use crate::xml::Element;

/// Where a field leads, as it is declared.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) at: SourceLine,
    /// The object, as the file spells it.
    pub(crate) to: String,
    /// Name of the way back, without `__r`.
    pub(crate) relationship_name: Option<String>,
    pub(crate) rule: DeleteRule,
    pub(crate) is_master: bool,
}

/// Makes a field a reference.
pub(crate) fn declare(
    field: &mut FieldDefinition,
    declared: DeclaredType,
    element: &Element,
    report: &mut Report,
) -> Option<Link> {
    let is_master = declared == DeclaredType::MasterDetail;
    let to = match declared {
        DeclaredType::Hierarchy => "User",
        _ => element.required("referenceTo", report)?,
    };
    let relationship_name = if is_master {
        Some(element.required("relationshipName", report)?)
    } else {
        element.text("relationshipName", report)
    };
    if let Some(fault) = relationship_name.and_then(names::fault_of_base) {
        report.problem(&element.at, fault);
    }
    let rule = if is_master {
        element.number("relationshipOrder", &(0..=1), report);
        field.nillable = false;
        field.updateable = element
            .flag("reparentableMasterDetail", report)
            .unwrap_or(false);
        DeleteRule::Cascade
    } else {
        rule_of_lookup(field, element, report)
    };
    field.relationship_name = Some(way_to_parent(field));
    let at = element
        .one("referenceTo", report)
        .map_or(&element.at, |found| &found.at);
    Some(Link {
        at: at.clone(),
        to: to.to_owned(),
        relationship_name: relationship_name.map(str::to_owned),
        rule,
        is_master,
    })
}

fn rule_of_lookup(field: &FieldDefinition, element: &Element, report: &mut Report) -> DeleteRule {
    let rules = [
        ("SetNull", DeleteRule::Clear),
        ("Restrict", DeleteRule::Restrict),
        ("Cascade", DeleteRule::Cascade),
    ];
    let rule = element.choice("deleteConstraint", &rules, report);
    let rule = rule.unwrap_or(DeleteRule::Clear);
    if rule == DeleteRule::Clear && !field.nillable {
        let reason =
            "must specify either cascade delete or restrict delete for required lookup foreign key";
        report.problem(&element.at, reason);
    }
    rule
}

/// Makes a field a reference to a record of another system: its value is that system's key.
pub(crate) fn declare_external(
    field: &mut FieldDefinition,
    element: &Element,
    report: &mut Report,
) -> Option<()> {
    element.required("referenceTo", report)?;
    field.length = element.number("length", &(1..=255), report).unwrap_or(255);
    field.relationship_name = Some(way_to_parent(field));
    Some(())
}

/// Makes a field a reference to a record of a custom metadata type. What leads to definitions is the name of one.
///
/// Source: "`CustomField`" (Metadata API Developer Guide), `MetadataRelationship`.
pub(crate) fn declare_metadata(
    field: &mut FieldDefinition,
    element: &Element,
    report: &mut Report,
) -> Option<Link> {
    let to = element.required("referenceTo", report)?;
    if names::custom(to).is_none_or(|name| name.suffix != "mdt") {
        field.field_type = FieldType::String;
        field.length = 255;
        return None;
    }
    field.relationship_name = Some(way_to_parent(field));
    Some(Link {
        at: element.at.clone(),
        to: to.to_owned(),
        relationship_name: element.text("relationshipName", report).map(str::to_owned),
        rule: DeleteRule::Clear,
        is_master: false,
    })
}

/// `Parent__c` leads there by the name `Parent__r`.
fn way_to_parent(field: &FieldDefinition) -> String {
    let name = field.name.as_str();
    format!("{}__r", name.strip_suffix("__c").unwrap_or(name))
}

/// Points a declared reference at its object, and adds the way back there.
pub(crate) fn resolve(
    child: &EntityName,
    field: &FieldName,
    link: &Link,
    entities: &mut BTreeMap<String, EntityDefinition>,
    absent: &Absent,
    report: &mut Report,
) {
    let target = if let Some(parent) = entities.get_mut(&link.to.to_ascii_lowercase()) {
        add_child(child, field, link, parent, report);
        parent.name.clone()
    } else {
        let to = brief(&link.to);
        match absent.object(&link.to) {
            Absence::Elsewhere => {
                let reason = format!("the object {to} is not here: {child}.{field} leads nowhere");
                report.warning(&link.at, reason);
            }
            Absence::Broken => {}
            Absence::Unknown => {
                let reason =
                    format!("referenceTo value of '{to}' does not resolve to a valid sObject type");
                report.inapplicable(&link.at, reason);
            }
        }
        EntityName::new(link.to.as_str())
    };
    let fields = entities
        .get_mut(&child.as_str().to_ascii_lowercase())
        .map(|entity| entity.fields.iter_mut());
    for found in fields.into_iter().flatten() {
        if found.name == *field {
            found.reference_to = vec![target.clone()];
        }
    }
}

fn add_child(
    child: &EntityName,
    field: &FieldName,
    link: &Link,
    parent: &mut EntityDefinition,
    report: &mut Report,
) {
    if link.is_master && parent.name == *child {
        report.problem(&link.at, "An object cannot be the master of itself");
        return;
    }
    let relationship_name = link
        .relationship_name
        .as_ref()
        .map(|name| format!("{name}__r"));
    // A project may declare a shipped field again.
    parent
        .children
        .retain(|known| known.child != *child || known.field != *field);
    let taken = relationship_name.as_deref().is_some_and(|name| {
        parent.children.iter().any(|known| {
            // A lookup of activities is one of tasks and one of events.
            let is_twin = known.field == *field && is_activity(&known.child) && is_activity(child);
            let known = known.relationship_name.as_deref();
            !is_twin && known.is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
    });
    if taken {
        let name = link.relationship_name.as_deref().unwrap_or_default();
        let reason = format!(
            "There is already a Child Relationship named {name} on {}.",
            parent.name
        );
        report.problem(&link.at, reason);
        return;
    }
    parent.children.push(ChildRelationship {
        child: child.clone(),
        field: field.clone(),
        relationship_name,
        delete_rule: link.rule,
    });
}

fn is_activity(object: &EntityName) -> bool {
    let mut activities = ACTIVITIES.iter();
    activities.any(|(activity, _)| *activity == object.as_str())
}
