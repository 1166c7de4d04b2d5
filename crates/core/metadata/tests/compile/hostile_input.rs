//! Nothing that stands in a file makes the compiler panic, and what it accepts is sound.

use std::collections::HashSet;

use landfall_metadata::{Component, KeyPrefixes, compile, parts, sfdx_project};
use landfall_model::EntityDefinition;
use landfall_schema::EventSchema;
use proptest::prelude::*;

use crate::common::{custom_object, field, object, platform_event, standard};

/// Paths of all kinds of components.
const PATHS: [&str; 12] = [
    "objects/Trip__c/Trip__c.object-meta.xml",
    "objects/Trip__c/fields/Days__c.field-meta.xml",
    "objects/Trip__c/recordTypes/Long.recordType-meta.xml",
    "objects/Account.object",
    "objects/Activity.object",
    "objects/Gone__e.object",
    "globalValueSets/Size.globalValueSet-meta.xml",
    "standardValueSets/Industry.standardValueSet-meta.xml",
    "platformEventChannels/All__chn.platformEventChannel-meta.xml",
    "platformEventChannelMembers/All_Trip.platformEventChannelMember-meta.xml",
    "managedEventSubscriptions/Board.managedEventSubscription-meta.xml",
    "objects/__c.object",
];

/// Compiles the text as every kind of component. What a fuzzer calls.
fn feed(text: &str) {
    for path in PATHS {
        check(&[Component {
            path: path.to_owned(),
            content: text.to_owned(),
        }]);
    }
    let _ = sfdx_project("sfdx-project.json", text);
}

/// Some shipped objects: all of them would only take time.
fn shipped() -> Vec<EntityDefinition> {
    let mut entities = standard();
    entities.retain(|entity| ["Account", "Event", "Task"].contains(&entity.name.as_str()));
    entities
}

fn check(components: &[Component]) {
    match compile(
        shipped(),
        Vec::new(),
        &parts(components),
        &mut KeyPrefixes::default(),
    ) {
        Ok(org) => {
            for entity in org.entities {
                let names: HashSet<String> = entity
                    .fields
                    .iter()
                    .map(|field| field.name.as_str().to_ascii_lowercase())
                    .collect();
                assert_eq!(names.len(), entity.fields.len(), "{}", entity.name);
                if entity.change_event.is_some() {
                    EventSchema::of_change_event(&entity).expect("a schema");
                }
            }
            for event in org.platform_events {
                EventSchema::of_platform_event(&event).expect("a schema");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(problem.line >= 1 && !problem.reason.is_empty());
            }
        }
    }
}

/// Names of elements: some mean something, one does not.
const NAMES: &str = "CustomObject CustomField RecordType fields fullName label pluralLabel type length precision \
    scale valueSet valueSetDefinition value referenceTo relationshipName nameField displayFormat startingNumber \
    defaultValue formula required unique summaryForeignKey summaryOperation recordTypes sharingModel eventType \
    customValue channelType eventChannel selectedEntity topicName enrichedFields name nonsense";

/// Texts of elements: some are what is expected somewhere, some are traps.
const TEXTS: &str = "true A__c Trip__c Account Text Number Lookup MasterDetail Picklist Location Summary AutoNumber \
    A-{0} { 0 18 255 4294967296 -1 count data \u{e9}\u{1f6a2} Trip__c.A__c . &amp; &#0; &x; ]]> <![CDATA[x]]> \
    HighVolume ChangeEvents";

fn word(words: &'static str) -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(words.split_whitespace().collect::<Vec<_>>())
}

fn element() -> impl Strategy<Value = String> {
    let leaf =
        (word(NAMES), word(TEXTS)).prop_map(|(name, text)| format!("<{name}>{text}</{name}>"));
    leaf.prop_recursive(4, 48, 8, |inner| {
        (word(NAMES), prop::collection::vec(inner, 0..8))
            .prop_map(|(name, children)| format!("<{name}>\n{}</{name}>", children.concat()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        feed(&text);
    }

    #[test]
    fn any_markup_is_read_or_refused(text in "[<>/&;!\\[\\]\"'= a-c\n-]{0,80}") {
        feed(&text);
    }

    #[test]
    fn any_elements_are_read_or_refused(text in element()) {
        feed(&text);
    }

    #[test]
    fn any_object_is_read_or_refused(body in prop::collection::vec(element(), 0..12)) {
        let body = body.concat();
        check(&[
            custom_object("Trip__c", &body),
            object("Account", &body),
            platform_event("Gone__e", &body),
        ]);
    }

    #[test]
    fn any_cut_of_a_sound_file_is_read_or_refused(cut in 0_usize..700) {
        let sound = custom_object("Trip__c", &field(
            "Days__c", "Number", "<precision>3</precision><scale>0</scale><label>\u{e9}</label>",
        ));
        let content: String = sound.content.chars().take(cut).collect();
        check(&[Component { content, ..sound }]);
    }
}
