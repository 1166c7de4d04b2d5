//! A whole project: what each of its files becomes.

use landfall_metadata::{
    ChannelType, Component, KeyPrefixes, Org, ReplayFrom, RollUpOperation, compile, parts,
    project_components, sfdx_project,
};
use landfall_model::{DeleteRule, FieldName, FieldType};
use landfall_schema::{EventSchema, Shape};

use crate::common::{captured, entity, field_of, lines, names, standard};
use crate::files::{FILES, PROJECT};

fn components() -> Vec<Component> {
    let wanted = project_components(FILES.map(|(path, _)| path));
    FILES
        .into_iter()
        .filter(|(path, _)| wanted.contains(path))
        .map(|(path, content)| Component {
            path: path.to_owned(),
            content: content.to_owned(),
        })
        .collect()
}

fn harbour() -> Org {
    let result = compile(
        standard(),
        Vec::new(),
        &parts(&components()),
        &mut KeyPrefixes::default(),
    );
    result.unwrap_or_else(|problems| panic!("{}", lines(&problems)))
}

#[test]
fn the_project_file_names_its_folder() {
    let project = sfdx_project("sfdx-project.json", PROJECT).expect("readable");
    assert_eq!(project.package_directories, ["force-app"]);
}

#[test]
fn files_that_define_nothing_are_left_out_in_silence() {
    assert_eq!(components().len(), FILES.len() - 1, "a list view");
    assert_eq!(harbour().warnings, []);
}

#[test]
fn an_object_has_system_fields_then_its_own_in_the_order_of_their_names() {
    let org = harbour();
    let berth = entity(&org, "Berth__c");
    assert_eq!(
        names(berth).join(" "),
        "Id OwnerId IsDeleted Name CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp \
         LastActivityDate Certificate__c Code__c Daily_Fee__c Depth__c Discount__c Gate_Code__c Has_Power__c \
         Income__c Inspected__c Last_Cleaned__c Next_Berth__c Notes__c Opens__c Owner_Email__c Owner_Phone__c \
         Page__c Place__Latitude__s Place__Longitude__s Place__c Presentation__c Remark__c Services__c Size__c \
         Stays__c Weekly_Fee__c"
    );
    assert_eq!(
        captured(berth).join(" "),
        "OwnerId Name CreatedDate CreatedById LastModifiedDate LastModifiedById Certificate__c Code__c \
         Daily_Fee__c Depth__c Discount__c Gate_Code__c Has_Power__c Income__c Inspected__c Last_Cleaned__c \
         Next_Berth__c Notes__c Opens__c Owner_Email__c Owner_Phone__c Page__c Place__c Presentation__c \
         Remark__c Services__c Size__c Stays__c"
    );
    assert_eq!(berth.key_prefix.as_str(), "a00");
    assert_eq!(
        (berth.label.as_str(), berth.label_plural.as_str()),
        ("Berth", "Berths")
    );
}

#[test]
fn a_detail_has_no_owner_and_the_record_type_follows_the_name() {
    let org = harbour();
    let stay = entity(&org, "Stay__c");
    assert_eq!(
        names(stay).join(" "),
        "Id IsDeleted Name RecordTypeId CreatedDate CreatedById LastModifiedDate LastModifiedById \
         SystemModstamp Berth__c Fee__c Guest__c Paid__c"
    );
    assert_eq!(
        captured(stay).join(" "),
        "Name RecordTypeId CreatedDate CreatedById LastModifiedDate LastModifiedById Berth__c Fee__c \
         Guest__c Paid__c"
    );
    let types: Vec<(&str, &str)> = org
        .record_types
        .iter()
        .map(|found| (found.entity.as_str(), found.developer_name.as_str()))
        .collect();
    assert_eq!(types, [("Account", "Club"), ("Stay__c", "Guest_Stay")]);
}

#[test]
fn fields_have_the_types_and_limits_of_their_definitions() {
    let org = harbour();
    let field = |name| field_of(&org, "Berth__c", name);
    for (name, kind, length) in [
        ("Name", FieldType::String, 80),
        ("Certificate__c", FieldType::String, 30),
        ("Code__c", FieldType::String, 12),
        ("Gate_Code__c", FieldType::EncryptedString, 20),
        ("Notes__c", FieldType::TextArea, 32_768),
        ("Opens__c", FieldType::Time, 0),
        ("Owner_Email__c", FieldType::Email, 80),
        ("Owner_Phone__c", FieldType::Phone, 40),
        ("Page__c", FieldType::Url, 255),
        ("Place__c", FieldType::Location, 0),
        ("Remark__c", FieldType::TextArea, 255),
        ("Services__c", FieldType::MultiPicklist, 4_099),
        ("Size__c", FieldType::Picklist, 255),
        ("Next_Berth__c", FieldType::Reference, 18),
        ("Income__c", FieldType::Currency, 0),
        ("Stays__c", FieldType::Double, 0),
    ] {
        assert_eq!(
            (field(name).field_type, field(name).length),
            (kind, length),
            "{name}"
        );
    }
    let code = field("Code__c");
    assert!(
        code.unique && code.case_sensitive && code.external_id && code.id_lookup && !code.nillable
    );
    assert!(code.required_on_create());
    assert_eq!(
        (field("Depth__c").precision, field("Depth__c").scale),
        (5, 2)
    );
    assert_eq!(field("Depth__c").default_value.as_deref(), Some("2.5"));
    assert_eq!(field("Remark__c").default_value.as_deref(), Some("none"));
    assert_eq!(field("Has_Power__c").default_value.as_deref(), Some("true"));
    assert_eq!(field("Name").auto_number.as_deref(), Some("B-{0000}"));
    assert!(!field("Name").createable && field("Name").name_field);
    assert_eq!(
        field("Presentation__c").extra_type_info.as_deref(),
        Some("richtextarea")
    );
    let weekly = field("Weekly_Fee__c");
    assert!(weekly.calculated && !weekly.in_change_event && !weekly.createable);
    let start = org.starting_numbers.first().expect("one");
    assert_eq!(
        (
            start.field.as_str(),
            start.number,
            org.starting_numbers.len()
        ),
        ("Name", 100, 1)
    );
}

#[test]
fn picklists_have_their_own_global_or_standard_values() {
    let org = harbour();
    let values = |object, name| -> Vec<&str> {
        let field = field_of(&org, object, name);
        field
            .picklist
            .iter()
            .map(|value| value.value.as_str())
            .collect()
    };
    assert_eq!(values("Berth__c", "Size__c"), ["Dinghy", "Yacht"]);
    assert_eq!(
        values("Berth__c", "Services__c"),
        ["Fuel", "Water"],
        "sorted"
    );
    assert_eq!(values("Case", "Origin"), ["Radio", "Quay"]);
    assert_eq!(
        field_of(&org, "Case", "Origin").default_value.as_deref(),
        Some("Radio")
    );
    assert!(
        field_of(&org, "Berth__c", "Size__c").restricted_picklist,
        "a global one"
    );
    assert_eq!(
        field_of(&org, "Berth__c", "Size__c")
            .default_value
            .as_deref(),
        Some("Dinghy")
    );
}

#[test]
fn references_are_seen_from_both_ends() {
    let org = harbour();
    let rule = |parent, child: &str, field: &str| {
        let mut children = entity(&org, parent).children.iter();
        let found = children
            .find(|known| known.child.as_str() == child && known.field.as_str() == field)
            .expect("a child");
        (found.relationship_name.as_deref(), found.delete_rule)
    };
    assert_eq!(
        rule("Berth__c", "Stay__c", "Berth__c"),
        (Some("Stays__r"), DeleteRule::Cascade)
    );
    assert_eq!(
        rule("Contact", "Stay__c", "Guest__c"),
        (Some("Stays__r"), DeleteRule::Restrict)
    );
    assert_eq!(
        rule("Berth__c", "Berth__c", "Next_Berth__c"),
        (Some("Previous_Berths__r"), DeleteRule::Clear)
    );
    assert_eq!(
        rule("Berth__c", "Account", "Home_Berth__c"),
        (Some("Home_Accounts__r"), DeleteRule::Clear)
    );
    assert_eq!(
        rule("Berth__c", "Task", "WhatId"),
        (Some("Tasks"), DeleteRule::Cascade)
    );
    assert_eq!(
        rule("User", "User", "Harbour_Master__c"),
        (Some("Harbour_Staff__r"), DeleteRule::Clear)
    );
    let what = field_of(&org, "Task", "WhatId");
    assert!(
        what.reference_to
            .iter()
            .any(|target| target.as_str() == "Berth__c")
    );
    let berth = field_of(&org, "Stay__c", "Berth__c");
    assert!(!berth.nillable && !berth.updateable && berth.createable);
    assert_eq!(berth.relationship_name.as_deref(), Some("Berth__r"));
}

#[test]
fn roll_ups_name_what_they_summarize() {
    let org = harbour();
    let income = org
        .roll_ups
        .iter()
        .find(|roll_up| roll_up.field.as_str() == "Income__c");
    let income = income.expect("a roll-up");
    assert_eq!(income.operation, RollUpOperation::Sum);
    assert_eq!(income.foreign_key.as_str(), "Berth__c");
    assert_eq!(
        income.summarized.as_ref().map(FieldName::as_str),
        Some("Fee__c")
    );
    assert_eq!(income.filters.len(), 1);
    let stays = org
        .roll_ups
        .iter()
        .find(|roll_up| roll_up.field.as_str() == "Stays__c");
    assert_eq!(stays.expect("a roll-up").operation, RollUpOperation::Count);
}

#[test]
fn shipped_objects_gain_fields_and_keep_their_own() {
    let before = standard();
    let account = before
        .iter()
        .find(|entity| entity.name.as_str() == "Account");
    let mut expected = captured(account.expect("shipped"));
    expected.insert(2, "RecordTypeId");
    expected.extend(["Harbour_Member__c", "Home_Berth__c"]);
    let org = harbour();
    assert_eq!(
        captured(entity(&org, "Account")),
        expected,
        "record type behind Type, custom fields last"
    );
    let level = field_of(&org, "Account", "SLA__c");
    assert_eq!(
        (level.label.as_str(), level.picklist.len()),
        ("Service Level", 1),
        "declared again"
    );
    assert_eq!(
        field_of(&org, "Account", "Industry").picklist.len(),
        32,
        "only tracked"
    );
    for activity in ["Task", "Event"] {
        assert_eq!(names(entity(&org, activity)).last(), Some(&"Urgent__c"));
    }
}

#[test]
fn channels_members_and_managed_subscriptions_are_read() {
    let org = harbour();
    let channels: Vec<(String, ChannelType)> = org
        .channels
        .iter()
        .map(|channel| (channel.topic().to_string(), channel.channel_type))
        .collect();
    assert_eq!(
        channels,
        [
            ("/event/Berths__chn".to_owned(), ChannelType::Event),
            ("/data/Harbour__chn".to_owned(), ChannelType::Data)
        ]
    );
    assert_eq!(org.members.len(), 3);
    let stays = org
        .members
        .iter()
        .find(|member| member.event_channel == "Harbour__chn");
    let stays = stays.expect("a member");
    assert_eq!(
        stays.filter.as_ref().map(landfall_channel::Filter::text),
        Some("Paid__c=true")
    );
    assert_eq!(
        stays.enriched_fields.first().map(FieldName::as_str),
        Some("Berth__c")
    );
    let board = org.managed_subscriptions.first().expect("one");
    assert_eq!(board.developer_name, "Berth_Board");
    assert_eq!(board.topic_name.as_str(), "/event/Berth_Freed__e");
    assert_eq!(
        (board.default_replay, board.error_recovery_replay),
        (ReplayFrom::Earliest, ReplayFrom::Latest)
    );
    assert!(board.runs);
}

#[test]
fn every_event_has_a_schema() {
    let org = harbour();
    for entity in org
        .entities
        .iter()
        .filter(|entity| entity.change_event.is_some())
    {
        let schema = EventSchema::of_change_event(entity).expect("a schema");
        assert_eq!(
            schema.fields().len(),
            captured(entity).len() + 1,
            "{}",
            entity.name
        );
        if entity.name.as_str() == "Berth__c" {
            let place = schema
                .position_of("Place__c")
                .and_then(|at| schema.fields().get(at));
            assert!(matches!(
                place.map(|field| &field.shape),
                Some(Shape::Compound(_))
            ));
            let latitude = entity.index_of("Place__Latitude__s").expect("a field");
            assert!(schema.slot_of(latitude).is_some());
            assert!(
                schema
                    .avro_json()
                    .contains(r#""doc":"Data:HtmlStringPlusClob""#)
            );
        }
    }
    let event = org.platform_events.first().expect("one");
    assert_eq!(event.name.as_str(), "Berth_Freed__e");
    assert!(event.publish_after_commit);
    assert_eq!(event.key_prefix.as_str(), "e00");
    let schema = EventSchema::of_platform_event(event).expect("a schema");
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert_eq!(
        names.join(" "),
        "CreatedDate CreatedById Berth_Code__c Fee__c Free_Day__c Freed_At__c Report__c Urgent__c"
    );
}

#[test]
fn prefixes_outlive_definitions() {
    let mut book = KeyPrefixes::default();
    compile(standard(), Vec::new(), &parts(&components()), &mut book).expect("sound");
    let without: Vec<Component> = components()
        .into_iter()
        .filter(|component| component.path.contains("Berth_Freed__e"))
        .collect();
    let org = compile(standard(), Vec::new(), &parts(&without), &mut book).expect("sound");
    assert_eq!(org.entities.len(), standard().len());
    assert_eq!(
        book.prefix_of("Stay__c")
            .map(|prefix| prefix.as_str().to_owned()),
        Some("a01".to_owned())
    );
}

#[test]
fn the_order_of_files_changes_nothing() {
    let mut reversed = components();
    reversed.reverse();
    let org = compile(
        standard(),
        Vec::new(),
        &parts(&reversed),
        &mut KeyPrefixes::default(),
    )
    .expect("sound");
    assert_eq!(
        format!("{:?}", org.members),
        format!("{:?}", harbour().members)
    );
    let berth = |org: &Org| format!("{:?}", entity(org, "Berth__c").fields);
    assert_eq!(berth(&org), berth(&harbour()));
}
