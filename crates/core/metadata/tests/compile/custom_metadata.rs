//! Custom metadata, custom settings and labels.
//!
//! Source: "`CustomMetadata`", "`CustomLabels`", "`CustomObject`" (Metadata API Developer Guide).

use landfall_metadata::{Component, Org};
use landfall_model::{CustomKind, Date, FieldType, Value};

use crate::common::{compiled, custom_object, entity, field, field_of, file, lines, names, object};

fn conf() -> Component {
    let fields = [
        field(
            "Max__c",
            "Number",
            "<precision>6</precision><scale>1</scale>",
        ),
        field("On__c", "Checkbox", "<defaultValue>false</defaultValue>"),
        field("From__c", "Date", ""),
        field("Note__c", "LongTextArea", "<length>1000</length>"),
        field(
            "Next__c",
            "MetadataRelationship",
            "<referenceTo>Conf__mdt</referenceTo><relationshipName>Befores</relationshipName>",
        ),
        field(
            "Object__c",
            "MetadataRelationship",
            "<referenceTo>EntityDefinition</referenceTo><unique>true</unique>",
        ),
    ];
    object(
        "Conf__mdt",
        &format!(
            "<label>Conf</label><pluralLabel>Confs</pluralLabel><visibility>Public</visibility>\n{}",
            fields.concat()
        ),
    )
}

fn record(name: &str, values: &[(&str, &str)]) -> Component {
    let values = values.iter().map(|(field, value)| {
        let value = match *value {
            "" => "<value xsi:nil=\"true\"/>".to_owned(),
            value => format!("<value xsi:type=\"xsd:string\">{value}</value>"),
        };
        format!("<values><field>{field}</field>{value}</values>\n")
    });
    let values: String = values.collect();
    Component {
        path: format!("customMetadata/{name}.md-meta.xml"),
        content: format!(
            "<CustomMetadata xmlns=\"http://soap.sforce.com/2006/04/metadata\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n\
             <label>The {name}</label><protected>false</protected>\n{values}</CustomMetadata>"
        ),
    }
}

fn values<'o>(org: &'o Org, name: &str) -> Vec<(&'o str, &'o Value)> {
    let mut records = org.custom_metadata.iter();
    let record = records.find(|record| record.full_name() == name);
    let values = record.expect("a record").values.iter();
    values.map(|(name, value)| (name.as_str(), value)).collect()
}

#[test]
fn a_type_is_an_object_that_only_deployments_write() {
    let org = compiled(&[conf()]);
    let conf = entity(&org, "Conf__mdt");
    assert_eq!(
        names(conf)[..8],
        [
            "Id",
            "DeveloperName",
            "MasterLabel",
            "Language",
            "NamespacePrefix",
            "Label",
            "QualifiedApiName",
            "SystemModstamp"
        ]
    );
    assert_eq!(conf.key_prefix.as_str(), "m00");
    assert_eq!(conf.traits.custom_kind, CustomKind::Metadata);
    assert!(conf.capabilities.queryable && !conf.capabilities.createable);
    assert!(conf.change_event.is_none());
    assert!(
        conf.fields
            .iter()
            .all(|field| !field.createable && !field.updateable)
    );
    let next = field_of(&org, "Conf__mdt", "Next__c");
    assert_eq!(next.relationship_name.as_deref(), Some("Next__r"));
    assert_eq!(next.field_type, FieldType::Reference);
    let object = field_of(&org, "Conf__mdt", "Object__c");
    assert_eq!(object.field_type, FieldType::String);
}

#[test]
fn records_have_the_values_of_their_fields_types() {
    let org = compiled(&[
        conf(),
        record(
            "Conf.Main",
            &[
                ("Max__c", "12.5"),
                ("On__c", "true"),
                ("From__c", "2026-11-24"),
                ("Note__c", ""),
                ("Next__c", "Other"),
                ("Object__c", "Account"),
            ],
        ),
        record("Conf.Other", &[]),
    ]);
    assert_eq!(lines(&org.warnings), "");
    assert_eq!(
        values(&org, "Conf.Main"),
        [
            ("Max__c", &Value::Double(12.5)),
            ("On__c", &Value::Boolean(true)),
            (
                "From__c",
                &Value::Date(Date::from_calendar(2026, 11, 24).expect("a day"))
            ),
            ("Next__c", &Value::Text("Other".to_owned())),
            ("Object__c", &Value::Text("Account".to_owned())),
        ]
    );
    assert_eq!(values(&org, "Conf.Other"), []);
    assert_eq!(org.custom_metadata[0].label, "The Conf.Main");
}

#[test]
fn what_does_not_apply_is_left_out_of_a_record() {
    let org = compiled(&[
        conf(),
        record(
            "Conf.Main",
            &[
                ("Nope__c", "1"),
                ("Max__c", "many"),
                ("Next__c", "Gone"),
                ("On__c", "true"),
            ],
        ),
        record("Nope.Main", &[]),
        record("pkg__Conf.Main", &[]),
        record("Conf.9", &[]),
    ]);
    assert_eq!(
        lines(&org.inapplicable),
        "customMetadata/Conf.9.md-meta.xml:1: The name '9' must begin with a letter, contain only letters, digits and \
         underscores, not end with an underscore, and not contain two consecutive underscores\n\
         customMetadata/Conf.Main.md-meta.xml:3: In field: field - no CustomField named Conf__mdt.Nope__c found\n\
         customMetadata/Conf.Main.md-meta.xml:4: 'many' is not a value of Conf__mdt.Max__c\n\
         customMetadata/Nope.Main.md-meta.xml:1: In field: type - no CustomObject named Nope__mdt found"
    );
    assert_eq!(
        lines(&org.warnings),
        "customMetadata/Conf.Main.md-meta.xml:1: Conf.Main: there is no record Gone of Conf__mdt: Next__c is empty\n\
         customMetadata/pkg__Conf.Main.md-meta.xml:1: pkg__Conf.Main is left out: the object pkg__Conf__mdt is not here"
    );
    assert_eq!(values(&org, "Conf.Main").len(), 2);
}

#[test]
fn a_project_is_used_without_damaged_labels_and_records() {
    let damaged = |path: &str, root: &str| Component {
        path: path.to_owned(),
        content: format!("<{root}>\n<label></labels>\n</{root}>"),
    };
    let org = compiled(&[
        conf(),
        damaged("labels/CustomLabels.labels-meta.xml", "CustomLabels"),
        damaged("customMetadata/Conf.Main.md-meta.xml", "CustomMetadata"),
    ]);
    let refused: Vec<(&str, usize)> = org
        .inapplicable
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line))
        .collect();
    assert_eq!(
        refused,
        [
            ("customMetadata/Conf.Main.md-meta.xml", 2),
            ("labels/CustomLabels.labels-meta.xml", 2)
        ]
    );
    assert_eq!(org.custom_metadata, []);
}

#[test]
fn other_files_that_end_like_records_are_none() {
    let readme = Component {
        path: "README.md".to_owned(),
        content: "# Read me".to_owned(),
    };
    assert_eq!(landfall_metadata::parts(&[readme]), []);
}

#[test]
fn formulas_refer_to_labels_metadata_and_settings() {
    let labels = file(
        "labels/CustomLabels.labels-meta.xml",
        "CustomLabels",
        "<labels><fullName>Hello</fullName><language>en_US</language><protected>false</protected>\
         <shortDescription>Hello</shortDescription><value>Hello &amp; welcome</value></labels>",
    );
    let setting = custom_object(
        "Sw__c",
        &("<customSettingsType>Hierarchy</customSettingsType>".to_owned()
            + &field("On__c", "Checkbox", "<defaultValue>false</defaultValue>")),
    );
    let formula = |name: &str, kind: &str, text: &str| {
        field(name, kind, &format!("<formula>{text}</formula>"))
    };
    let org = compiled(&[
        conf(),
        record("Conf.Main", &[("Max__c", "12.5")]),
        labels,
        setting,
        custom_object(
            "Trip__c",
            &[
                formula("A__c", "Text", "$Label.Hello"),
                formula(
                    "B__c",
                    "Number",
                    "$CustomMetadata.Conf__mdt.Main.Max__c * 2",
                ),
                formula("C__c", "Checkbox", "$Setup.Sw__c.On__c"),
                formula("D__c", "Checkbox", "$CustomMetadata.Conf__mdt.Main.On__c"),
                formula("E__c", "Text", "$Label.Nope"),
                formula("F__c", "Text", "$CustomMetadata.Conf__mdt.Nope.Note__c"),
            ]
            .concat(),
        ),
    ]);
    assert_eq!(
        lines(&org.warnings),
        "objects/Trip__c.object:7: Trip__c.E__c is empty: Field $Label.Nope does not exist. Check spelling.\n\
         objects/Trip__c.object:8: Trip__c.F__c is empty: Field $CustomMetadata.Conf__mdt.Nope.Note__c does not exist. \
         Check spelling."
    );
}

#[test]
fn a_setting_is_an_object_without_events_and_rules() {
    let rule = "<validationRules><fullName>R</fullName><active>true</active>\
        <errorConditionFormula>true</errorConditionFormula><errorMessage>No</errorMessage></validationRules>";
    let of = |name: &str, kind: &str, more: &str| {
        custom_object(
            name,
            &format!("<customSettingsType>{kind}</customSettingsType>{more}"),
        )
    };
    let org = compiled(&[of("Sw__c", "Hierarchy", rule), of("List__c", "List", "")]);
    assert_eq!(
        lines(&org.warnings),
        "objects/Sw__c.object:3: the rule Sw__c.R is left out: custom settings have no rules"
    );
    for (name, kind) in [
        ("Sw__c", CustomKind::HierarchySetting),
        ("List__c", CustomKind::ListSetting),
    ] {
        let setting = entity(&org, name);
        assert_eq!(setting.traits.custom_kind, kind);
        assert!(setting.change_event.is_none());
        let unique = setting.fields.iter().filter(|field| field.unique);
        let unique: Vec<&str> = unique.map(|field| field.name.as_str()).collect();
        let is_list = kind == CustomKind::ListSetting;
        assert_eq!(unique, [if is_list { "Name" } else { "SetupOwnerId" }]);
    }
}
