//! Definitions for tests that need no org.

use landfall_model::{
    Capabilities, Catalog, ChangeEventDefinition, EntityDefinition, EntityName, FieldDefinition,
    FieldName, FieldType, KeyPrefix,
};

/// A field with no properties but its type.
pub fn field(name: &str, kind: FieldType) -> FieldDefinition {
    FieldDefinition {
        createable: true,
        updateable: true,
        filterable: true,
        groupable: true,
        sortable: true,
        ..FieldDefinition::new(name, name, kind)
    }
}

/// One object, `Thing`, with a field of most kinds.
pub fn catalog() -> Catalog {
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
