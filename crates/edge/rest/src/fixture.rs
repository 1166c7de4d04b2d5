//! A small org for unit tests.

use landfall_model::{
    Capabilities, Catalog, ChangeEventDefinition, EntityDefinition, EntityName, FieldDefinition,
    FieldName, FieldType, KeyPrefix,
};

/// A field with no properties but its type.
pub(crate) fn field(name: &str, kind: FieldType) -> FieldDefinition {
    FieldDefinition {
        name: FieldName::new(name),
        label: name.to_owned(),
        field_type: kind,
        length: 0,
        digits: 0,
        precision: 0,
        scale: 0,
        nillable: true,
        createable: true,
        updateable: true,
        defaulted_on_create: false,
        default_value: None,
        unique: false,
        case_sensitive: false,
        external_id: false,
        id_lookup: false,
        auto_number: None,
        name_field: false,
        filterable: true,
        groupable: true,
        sortable: true,
        calculated: false,
        custom: false,
        restricted_picklist: false,
        picklist: Vec::new(),
        compound: None,
        extra_type_info: None,
        reference_to: Vec::new(),
        relationship_name: None,
        polymorphic: false,
        name_pointing: false,
        in_change_event: true,
    }
}

/// One object, `Thing`, with a field of most kinds.
pub(crate) fn catalog() -> Catalog {
    let read_only = |name, kind| FieldDefinition {
        createable: false,
        updateable: false,
        nillable: false,
        ..field(name, kind)
    };
    let part = |name, kind| FieldDefinition {
        compound: Some(FieldName::new("HomeAddress")),
        ..field(name, kind)
    };
    let fields = vec![
        FieldDefinition {
            id_lookup: true,
            length: 18,
            ..read_only("Id", FieldType::Id)
        },
        read_only("IsDeleted", FieldType::Boolean),
        FieldDefinition {
            name_field: true,
            length: 80,
            nillable: false,
            ..field("Name", FieldType::String)
        },
        part("HomeStreet", FieldType::TextArea),
        part("HomeCity", FieldType::String),
        part("HomeLatitude", FieldType::Double),
        FieldDefinition {
            nillable: true,
            ..read_only("HomeAddress", FieldType::Address)
        },
        field("Amount", FieldType::Currency),
        FieldDefinition {
            external_id: true,
            length: 20,
            ..field("Code__c", FieldType::String)
        },
        FieldDefinition {
            reference_to: vec![EntityName::new("Thing")],
            relationship_name: Some("Parent".to_owned()),
            ..field("ParentId", FieldType::Reference)
        },
        read_only("CreatedDate", FieldType::DateTime),
    ];
    let thing = EntityDefinition::new(
        EntityName::new("Thing"),
        ("Thing".to_owned(), "Things".to_owned()),
        KeyPrefix::parse("a00").expect("three letters"),
        false,
        Capabilities {
            createable: true,
            updateable: true,
            deletable: true,
            queryable: true,
            retrieveable: true,
            triggerable: true,
            ..Capabilities::default()
        },
        fields,
        Vec::new(),
        Some(ChangeEventDefinition {
            name: EntityName::new("ThingChangeEvent"),
            fields: ["Name", "HomeAddress", "Amount", "ParentId"]
                .map(FieldName::new)
                .to_vec(),
        }),
    );
    Catalog::new([thing])
}
