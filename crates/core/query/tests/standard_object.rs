//! A standard object is one data file: what follows from the file alone.

use std::sync::Arc;

use landfall_model::{Catalog, RecordId, SecuredBy, Timestamp};
use landfall_query::{Context, Zone, push_topic, search};
use landfall_standard::entity;

/// No org has this object.
const LANTERN: &str = r#"{
  "name": "Lantern", "label": "Lantern", "labelPlural": "Lanterns", "keyPrefix": "9zz",
  "capabilities": ["createable", "queryable", "searchable"],
  "traits": {
    "access": "objectPermissions",
    "grantedByDefault": "read",
    "searchNames": ["Maker"],
    "pushTopics": true,
    "pushTopicIgnores": ["Hours"],
    "pkChunking": true,
    "recordTypeAfter": "Maker",
    "notInCreateEvent": ["Hours"],
    "standardValueSets": {"LanternMaker": "Maker"}
  },
  "changeEvent": ["Name", "Maker", "Hours"],
  "children": [],
  "fields": [
    {"name": "Id", "label": "Lantern ID", "type": "id", "length": 18, "filterable": true},
    {"name": "Name", "label": "Name", "type": "string", "length": 80, "nameField": true, "filterable": true},
    {"name": "Maker", "label": "Maker", "type": "string", "length": 80, "filterable": true},
    {"name": "Colour", "label": "Colour", "type": "string", "length": 80, "filterable": true},
    {"name": "Hours", "label": "Hours", "type": "int", "digits": 9, "filterable": true}
  ]
}"#;

fn context<'c>(statement: &'c str, catalog: &'c Catalog) -> Context<'c> {
    Context {
        statement,
        catalog,
        now: Timestamp::from_millis(1_700_000_000_000),
        zone: Zone::utc(),
        fiscal_month: 1,
        user: RecordId::EMPTY,
        deleted: false,
        formulas: None,
    }
}

#[test]
fn one_file_makes_an_object_searched_watched_and_secured() {
    let lantern = entity("lantern.json", LANTERN).expect("a data file");
    assert_eq!(lantern.secured_by(), SecuredBy::ObjectPermissions);
    assert!(lantern.has_pk_chunking() && lantern.traits.read_only_by_default);
    let catalog = Catalog::new(vec![lantern]);
    let lantern = Arc::clone(catalog.entity("Lantern").expect("the object"));
    let index = |name: &str| lantern.index_of(name).expect("the field");

    let statement = "SELECT Id, Name, Hours FROM Lantern";
    let topic = push_topic::read(&context(statement, &catalog)).expect("watched");
    assert!(topic.selected.has(index("Name")));
    assert!(!topic.selected.has(index("Hours")));

    let statement = "FIND {oil} IN NAME FIELDS RETURNING Lantern(Id)";
    let parsed = landfall_soql::parse_search(statement).expect("SOSL");
    let found = search(&context(statement, &catalog), &parsed).expect("searched");
    let filter = format!("{:?}", found[0].plan.filter);
    for (name, is_searched) in [("Name", true), ("Maker", true), ("Colour", false)] {
        let field = format!("place: {} }}", index(name));
        assert_eq!(filter.contains(&field), is_searched, "{name}: {filter}");
    }
}

#[test]
fn a_trait_that_does_not_exist_is_refused() {
    let wrong = LANTERN.replace("pushTopics", "pushTopic");
    assert!(entity("lantern.json", &wrong).is_err());
}
