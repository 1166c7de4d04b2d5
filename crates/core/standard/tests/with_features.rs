//! What the data files promise of features.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, FieldDefinition, FieldName, FieldType,
};
use landfall_standard::{Features, Meaning, Shipped, feature};

fn of(names: &[&str]) -> Features {
    let features = names.iter().map(|name| match feature(name) {
        Meaning::Feature(feature) => feature,
        other => panic!("{name}: {other:?}"),
    });
    features.collect()
}

fn shipped(names: &[&str]) -> Arc<Shipped> {
    landfall_standard::shipped_with(&of(names)).expect("every data file can be read")
}

fn whole() -> Catalog {
    let shipped = landfall_standard::shipped_with(&Features::all());
    Catalog::of(
        shipped
            .expect("every data file can be read")
            .entities
            .clone(),
    )
}

fn entity<'a>(shipped: &'a Shipped, name: &str) -> Option<&'a Arc<EntityDefinition>> {
    let mut entities = shipped.entities.iter();
    entities.find(|entity| entity.name.as_str() == name)
}

fn captured(entity: &EntityDefinition) -> Vec<&str> {
    let event = entity.change_event.as_ref().expect("captured");
    event.fields.iter().map(FieldName::as_str).collect()
}

fn names(entity: &EntityDefinition) -> Vec<&str> {
    let fields = entity.fields.iter();
    fields.map(|field| field.name.as_str()).collect()
}

#[test]
fn the_page_of_objects_names_each_with_its_features() {
    let page = include_str!("../../../../docs/compat/objects.md");
    let catalog = whole();
    for feature in landfall_standard::features() {
        let row = format!("| `{}` |", feature.name);
        let row = page.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("{}", feature.name));
        for (object, brought_by) in landfall_standard::feature_objects().expect("readable") {
            if !brought_by.contains(&feature.name) {
                continue;
            }
            let entity = catalog.entity(object).expect("a shipped object");
            let mark = if entity.change_event.is_some() {
                ""
            } else {
                "*"
            };
            let name = format!("`{object}`{mark}");
            assert!(
                row.contains(&format!("{name},")) || row.contains(&format!("{name} |")),
                "{name} in the row of {}",
                feature.name
            );
        }
    }
    let of_features = landfall_standard::feature_objects()
        .expect("readable")
        .len();
    let captured = catalog.entities().iter();
    let captured = captured.filter(|entity| entity.change_event.is_some());
    let counts = format!(
        "{of_features} more with features, {} of all",
        captured.count()
    );
    assert!(page.contains(&counts), "{counts}");
}

#[test]
fn without_features_an_org_is_as_it_was() {
    let base = landfall_standard::shipped().expect("readable");
    assert!(Arc::ptr_eq(base, &shipped(&[])));
    for entity in &base.entities {
        assert!(entity.field("CurrencyIsoCode").is_none(), "{}", entity.name);
    }
    assert!(entity(base, "Quote").is_none());
}

#[test]
fn a_feature_brings_its_objects_and_leaves_the_others_alone() {
    let base = landfall_standard::shipped().expect("readable");
    let with = shipped(&["quotes"]);
    let brought: Vec<&str> = with
        .entities
        .iter()
        .map(|entity| entity.name.as_str())
        .filter(|name| entity(base, name).is_none())
        .collect();
    assert_eq!(brought, ["Quote", "QuoteDocument", "QuoteLineItem"]);
    let same = |name| {
        let (base, with) = (entity(base, name), entity(&with, name));
        Arc::ptr_eq(base.expect("shipped"), with.expect("shipped"))
    };
    assert!(same("Lead") && same("User"));
    assert!(!same("Opportunity") && !same("Account"));
    let opportunity = entity(&with, "Opportunity").expect("shipped");
    let quotes = opportunity.children.iter();
    let quotes: Vec<_> = quotes
        .filter(|child| child.relationship_name.as_deref() == Some("Quotes"))
        .map(|child| {
            (
                child.child.as_str(),
                child.field.as_str(),
                child.delete_rule,
            )
        })
        .collect();
    assert_eq!(quotes, [("Quote", "OpportunityId", DeleteRule::Cascade)]);
    assert!(opportunity.field("SyncedQuoteId").is_some());
    // The lines of a quote have schedules with another feature, and signatures.
    let quote = entity(&with, "Quote").expect("brought");
    assert!(
        quote
            .children
            .iter()
            .all(|child| child.child.as_str() != "DigitalSignature")
    );
    let signed = shipped(&["Quotes", "FieldService"]);
    let quote = entity(&signed, "Quote").expect("brought");
    assert!(
        quote
            .children
            .iter()
            .any(|child| child.child.as_str() == "DigitalSignature")
    );
}

#[test]
fn orgs_with_the_same_features_share_what_they_have() {
    let one = shipped(&["Surveys", "Territory2"]);
    assert!(Arc::ptr_eq(&one, &shipped(&["Territory2", "Surveys"])));
    let shown = |entity: &EntityDefinition| format!("{:?}", entity.fields);
    let unread = one
        .entities
        .iter()
        .filter(|entity| shown(entity).contains("uninit"));
    assert!(unread.count() > one.entities.len() / 2);
}

/// Source: describes of an org with several currencies (thiagoStella/RaccoonCity); "`OpportunityChangeEvent`" of one.
#[test]
fn currencies_have_their_position_in_describes_and_events() {
    let with = shipped(&["MultiCurrency"]);
    for (name, before) in [
        ("Account", "Site"),
        ("Contact", "Description"),
        ("Lead", "Rating"),
        ("Opportunity", "ForecastCategoryName"),
        ("Product2", "Family"),
        ("User", "DefaultCurrencyIsoCode"),
    ] {
        let entity = entity(&with, name).expect("shipped");
        let follows = |listed: &[&str]| {
            let mut pairs = listed.windows(2);
            pairs.any(|pair| pair == [before, "CurrencyIsoCode"])
        };
        assert!(follows(&names(entity)), "{name}");
        assert!(name == "User" || follows(&captured(entity)), "{name}");
        let (_, field) = entity.field("CurrencyIsoCode").expect("a field");
        assert!(field.in_change_event && field.createable && field.restricted_picklist);
    }
}

#[test]
fn captured_fields_of_features_are_in_the_event_of_their_object() {
    for entity in whole().entities() {
        let listed: BTreeSet<&str> = match &entity.change_event {
            Some(event) => event.fields.iter().map(FieldName::as_str).collect(),
            None => BTreeSet::new(),
        };
        if let Some(event) = &entity.change_event {
            assert_eq!(listed.len(), event.fields.len(), "{}", entity.name);
            assert_eq!(event.name.as_str(), format!("{}ChangeEvent", entity.name));
        }
        for field in &entity.fields {
            let name = field.name.as_str();
            assert!(
                !listed.contains(name) || field.in_change_event,
                "{}.{name}",
                entity.name
            );
            let is_alone = field.compound.is_none() && !field.field_type.is_compound();
            let is_grouped = entity.name.as_str() == "User";
            assert!(
                !is_alone || is_grouped || !field.in_change_event || listed.contains(name),
                "{}.{name}",
                entity.name
            );
        }
    }
}

/// Prefixes that ids of several objects begin with. Source: "Standard Object Prefixes" lists and recorded describes.
const SHARED_PREFIXES: [&str; 3] = ["00I", "01J", "069"];

#[test]
fn everything_together_is_sound() {
    let catalog = whole();
    let mut prefixes = HashMap::new();
    for entity in catalog.entities() {
        match entity.described_prefix() {
            Some(prefix) => {
                let other = prefixes.insert(prefix, entity.name.clone());
                assert!(
                    other.is_none() || SHARED_PREFIXES.contains(&prefix),
                    "{} {other:?}",
                    entity.name
                );
            }
            None => assert!(!entity.capabilities.createable, "{}", entity.name),
        }
        let can = entity.capabilities;
        let is_fixed = !(can.createable || can.updateable || can.deletable);
        assert!(
            !is_fixed || entity.change_event.is_none(),
            "{}",
            entity.name
        );
        let mut seen = HashSet::new();
        for field in &entity.fields {
            let name = field.name.as_str();
            assert!(
                seen.insert(name.to_ascii_lowercase()),
                "{}.{name}",
                entity.name
            );
            assert!(!field.label.is_empty());
            assert!(
                can.createable || !field.createable,
                "{}.{name}",
                entity.name
            );
            sound_references(&catalog, entity, field);
        }
        if let Some(parent) = &entity.traits.controlled_by {
            let parent = catalog
                .entity(parent.as_str())
                .expect("the object it belongs to");
            assert!(parent.traits.controlled_by.is_none(), "{}", entity.name);
        }
    }
}

fn sound_references(catalog: &Catalog, entity: &EntityDefinition, field: &FieldDefinition) {
    let at = format!("{}.{}", entity.name, field.name);
    if let Some(compound) = &field.compound {
        assert!(entity.field(compound.as_str()).is_some(), "{at}");
    }
    // What a create must give can be given. Ideas are of communities, which are absent.
    if entity.name.as_str() == "Idea" {
        return;
    }
    if field.field_type == FieldType::Reference && field.required_on_create() {
        let mut targets = field.reference_to.iter();
        assert!(
            targets.any(|target| catalog.entity(target.as_str()).is_some()),
            "{at}"
        );
    }
}

#[test]
fn every_child_relationship_is_a_reference_of_the_child() {
    let catalog = whole();
    for parent in catalog.entities() {
        let mut seen = HashSet::new();
        for relationship in &parent.children {
            let child = relationship.child.as_str();
            let at = format!("{} <- {child}.{}", parent.name, relationship.field);
            let child = catalog.entity(child);
            let child = child.unwrap_or_else(|| panic!("{at}"));
            let (_, field) = child.field(relationship.field.as_str()).expect(&at);
            assert_eq!(field.field_type, FieldType::Reference, "{at}");
            assert!(field.reference_to.contains(&parent.name), "{at}");
            assert!(
                relationship.delete_rule != DeleteRule::Clear || field.nillable,
                "{at}"
            );
            if let Some(name) = &relationship.relationship_name {
                assert!(seen.insert(name), "{at} {name}");
            }
        }
    }
}
