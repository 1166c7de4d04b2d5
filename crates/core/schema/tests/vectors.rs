//! Schema ids and payloads that are known from real orgs or were made with other Avro libraries.

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, EntityName, FieldBits,
    FieldName, RecordId, Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::{Component, Compound, EventField, EventSchema, Inclusion, Scalar, Shape};

fn optional(name: &str, scalar: Scalar) -> EventField {
    field(name, Shape::Optional(scalar))
}

fn field(name: &str, shape: Shape) -> EventField {
    EventField {
        name: name.to_owned(),
        shape,
        doc: "Data:Text".to_owned(),
    }
}

fn header() -> EventField {
    field("ChangeEventHeader", Shape::Header)
}

fn texts(names: &str) -> Vec<EventField> {
    names
        .split_whitespace()
        .map(|name| optional(name, Scalar::Text))
        .collect()
}

fn low_ink() -> EventSchema {
    let required = |name, scalar, doc: &str| EventField {
        doc: doc.to_owned(),
        ..field(name, Shape::Required(scalar))
    };
    EventSchema::new(
        "Low_Ink__e",
        vec![
            required("CreatedDate", Scalar::DateTime, "CreatedDate:DateTime"),
            required("CreatedById", Scalar::Text, "CreatedBy:EntityId"),
            optional("Printer_Model__c", Scalar::Text),
            optional("Serial_Number__c", Scalar::Text),
            optional("Ink_Percentage__c", Scalar::Double),
        ],
    )
    .expect("a schema")
}

fn account() -> EntityDefinition {
    landfall_standard::entities()
        .expect("the shipped objects")
        .into_iter()
        .find(|entity| entity.name.as_str() == "Account")
        .expect("Account is shipped")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("digits")
        })
        .collect()
}

/// Source: "Platform Event Schema by Event Name" (REST API Developer Guide).
#[test]
fn the_documented_platform_event_has_the_documented_id() {
    assert_eq!(low_ink().id().to_string(), "5E5OtZj5_Gm6Vax9XMXH9A");
}

#[test]
fn the_developer_orgs_account_event_has_43_fields_and_its_id() {
    let schema = EventSchema::of_change_event(&account()).expect("Account is captured");
    assert_eq!(schema.fields().len(), 43);
    assert_eq!(schema.id().to_string(), "VPi2zuaq2uY5dgjgTXgqAA");
}

/// Source: Valeriyyy/SalesforceGRPC, `ContactChangeEvent.avsc` (2026).
#[test]
fn the_contact_event_of_a_real_org_has_its_id() {
    let mut fields = vec![header(), optional("AccountId", Scalar::Text)];
    fields.push(optional("IsPersonAccount", Scalar::Boolean));
    fields.push(field(
        "Name",
        Shape::Compound(Compound::person_name("PersonName", [])),
    ));
    fields.push(field("OtherAddress", Shape::Compound(Compound::address())));
    fields.push(field(
        "MailingAddress",
        Shape::Compound(Compound::address()),
    ));
    fields.extend(texts(
        "Phone Fax MobilePhone HomePhone OtherPhone AssistantPhone ReportsToId Email Title Department \
         AssistantName LeadSource",
    ));
    fields.push(optional("Birthdate", Scalar::Date));
    fields.extend(texts("Description OwnerId"));
    for name in ["HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall"] {
        fields.push(optional(name, Scalar::Boolean));
    }
    fields.push(optional("CreatedDate", Scalar::DateTime));
    fields.extend(texts("CreatedById"));
    fields.push(optional("LastModifiedDate", Scalar::DateTime));
    fields.extend(texts("LastModifiedById"));
    fields.push(optional("LastCURequestDate", Scalar::DateTime));
    fields.push(optional("LastCUUpdateDate", Scalar::DateTime));
    fields.extend(texts("EmailBouncedReason"));
    fields.push(optional("EmailBouncedDate", Scalar::DateTime));
    fields.extend(texts(
        "Jigsaw JigsawContactId CleanStatus IndividualId Pronouns GenderIdentity ContactSource \
         BuyerAttributes Level__c Languages__c GUID__c",
    ));
    let schema = EventSchema::new("ContactChangeEvent", fields).expect("a schema");
    assert_eq!(schema.id().to_string(), "YHKH1xWTqwF24lvYNGguGA");
}

/// Source: Valeriyyy/SalesforceGRPC, `AccountChangeEvent.avsc` (2026), of an org with person accounts.
#[test]
fn the_account_event_of_a_real_org_has_its_id() {
    let address = |name| field(name, Shape::Compound(Compound::address()));
    let kind = |scalar, names: &str| -> Vec<EventField> {
        names
            .split_whitespace()
            .map(|name| optional(name, scalar))
            .collect()
    };
    let name = Compound::person_name("Switchable_PersonName", []);
    let fields = [
        vec![header(), field("Name", Shape::TextOrCompound(name))],
        texts("Type RecordTypeId ParentId"),
        vec![address("BillingAddress"), address("ShippingAddress")],
        texts("Phone Fax AccountNumber Website Sic Industry"),
        kind(Scalar::Double, "AnnualRevenue"),
        kind(Scalar::Int, "NumberOfEmployees"),
        texts("Ownership TickerSymbol Description Rating Site OwnerId"),
        kind(Scalar::DateTime, "CreatedDate"),
        texts("CreatedById"),
        kind(Scalar::DateTime, "LastModifiedDate"),
        texts("LastModifiedById PersonContactId"),
        vec![
            address("PersonMailingAddress"),
            address("PersonOtherAddress"),
        ],
        texts(
            "PersonMobilePhone PersonHomePhone PersonOtherPhone PersonAssistantPhone PersonEmail",
        ),
        texts("PersonTitle PersonDepartment PersonAssistantName PersonLeadSource"),
        kind(Scalar::Date, "PersonBirthdate"),
        kind(
            Scalar::Boolean,
            "PersonHasOptedOutOfEmail PersonHasOptedOutOfFax PersonDoNotCall",
        ),
        kind(
            Scalar::DateTime,
            "PersonLastCURequestDate PersonLastCUUpdateDate",
        ),
        texts("PersonEmailBouncedReason"),
        kind(Scalar::DateTime, "PersonEmailBouncedDate"),
        texts(
            "PersonIndividualId PersonPronouns PersonGenderIdentity Jigsaw JigsawCompanyId CleanStatus",
        ),
        texts(
            "AccountSource DunsNumber Tradestyle NaicsCode NaicsDesc YearStarted SicDesc DandbCompanyId",
        ),
        texts("OperatingHoursId CustomerPriority__c SLA__c Active__c"),
        kind(Scalar::Double, "NumberofLocations__c"),
        texts("UpsellOpportunity__c SLASerialNumber__c"),
        kind(Scalar::Date, "SLAExpirationDate__c"),
        texts("Some_phone__c"),
        kind(Scalar::Double, "Amount_Owed__c"),
        kind(Scalar::DateTime, "Some_Date_Time__c"),
        kind(Scalar::Date, "Some_Date__c"),
        texts("Some_Email__c"),
        vec![field(
            "Some_Geolocation__c",
            Shape::Compound(Compound::location()),
        )],
        kind(Scalar::Double, "Some_Number__c Some_Percent__c"),
        texts("Some_Picklist__c Some_Multipicklist__c Some_Text__c Some_Rich_Text_Area__c"),
        kind(Scalar::Time, "Some_Time__c"),
        texts("Some_URL__c GUID__c"),
        kind(Scalar::Boolean, "Some_Check_Box__c"),
        texts("Level__pc Languages__pc GUID__pc"),
    ];
    let schema = EventSchema::new("AccountChangeEvent", fields.concat()).expect("a schema");
    assert_eq!(schema.id().to_string(), "i8wgJwwM-AVcDbFkbRl5Nw");
}

fn shortened_account() -> (EntityDefinition, EventSchema) {
    let mut entity = account();
    if let Some(event) = &mut entity.change_event {
        event.fields = [
            "Name",
            "BillingAddress",
            "ShippingAddress",
            "LastModifiedDate",
        ]
        .map(FieldName::new)
        .to_vec();
    }
    let schema = EventSchema::of_change_event(&entity).expect("captured");
    (entity, schema)
}

#[test]
fn a_platform_event_encodes_to_the_known_42_bytes() {
    let payload = low_ink()
        .encode_event(&[
            Value::DateTime(Timestamp::from_millis(1_719_705_600_000)),
            Value::Text("005000000000001AAA".to_owned()),
            Value::Text("XZO-5".to_owned()),
            Value::Null,
            Value::Double(0.2),
        ])
        .expect("the values fit");
    let expected = unhex(
        "808088e78c64 24 303035303030303030303030303031414141 02 0a 585a4f2d35 00 02 9a9999999999c93f",
    );
    assert_eq!(payload.len(), 42);
    assert_eq!(payload, expected);
    let mut json = Vec::new();
    low_ink()
        .render_cometd(&payload, &mut json)
        .expect("its own payload");
    assert_eq!(
        String::from_utf8(json).expect("UTF-8"),
        r#"{"CreatedDate":"2024-06-30T00:00:00.000Z","CreatedById":"005000000000001AAA","Printer_Model__c":"XZO-5","Serial_Number__c":null,"Ink_Percentage__c":0.2}"#
    );
}

#[test]
fn an_update_of_a_street_encodes_to_the_known_144_bytes() {
    let (entity, schema) = shortened_account();
    assert_eq!(schema.id().to_string(), "SZp3z-r8sDjWVghvLbDIDA");
    let moment = Timestamp::from_millis(1_719_705_600_000);
    let mut row: Row = vec![Value::Null; entity.fields.len()];
    let mut set = |name: &str, value| row[entity.index_of(name).expect("a field")] = value;
    set("Name", Value::Text("Acme".to_owned()));
    set("ShippingStreet", Value::Text("1 Main".to_owned()));
    set("ShippingCity", Value::Text("Springfield".to_owned()));
    set("LastModifiedDate", Value::DateTime(moment));
    let slot = |name: &str| {
        schema
            .slot_of(entity.index_of(name).expect("a field"))
            .expect("carried")
    };
    let mut changed_fields = FieldBits::default();
    changed_fields.insert(slot("LastModifiedDate").position);
    let street = slot("ShippingStreet");
    changed_fields.insert_nested(street.position, street.component.expect("a component"));
    let header = ChangeEventHeader {
        entity_name: EntityName::new("Account"),
        record_ids: vec!["001000000000001AAA".to_owned()],
        change_type: ChangeType::Update,
        change_origin: String::new(),
        transaction_key: TransactionKey::parse("00000000-0000-0001-0000-000000000001")
            .expect("a key"),
        sequence_number: 1,
        commit_timestamp: moment,
        commit_number: CommitNumber::new(12_279_648_331_300),
        commit_user: RecordId::parse("005000000000001AAA").expect("an id"),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields,
    };
    let payload = schema
        .encode_change(&header, &row, Inclusion::Only(&header.changed_fields))
        .expect("the values fit");
    let expected = unhex(
        "0e4163636f756e740224303031303030303030303030303031414141000200483030303030303030
         2d303030302d303030312d303030302d303030303030303030303031 02 808088e78c64 c8989dc1e2ca05
         24303035303030303030303030303031414141 00 00 04 0830783130 0c332d30783031 00 00 00 02 02
         0c31204d61696e 000000000000000000 02 808088e78c64",
    );
    assert_eq!(payload.len(), 144);
    assert_eq!(payload, expected);

    let mut json = Vec::new();
    schema
        .render_cometd(&payload, &mut json)
        .expect("its own payload");
    assert_eq!(
        String::from_utf8(json).expect("UTF-8"),
        concat!(
            r#"{"ChangeEventHeader":{"entityName":"Account","recordIds":["001000000000001AAA"],"#,
            r#""changeType":"UPDATE","changeOrigin":"","transactionKey":"00000000-0000-0001-0000-000000000001","#,
            r#""sequenceNumber":1,"commitTimestamp":1719705600000,"commitNumber":12279648331300,"#,
            r#""commitUser":"005000000000001AAA","changedFields":["LastModifiedDate","ShippingAddress.Street"]},"#,
            r#""ShippingAddress":{"Street":"1 Main"},"LastModifiedDate":"2024-06-30T00:00:00.000Z"}"#,
        )
    );
    let decoded = schema.decode(&payload).expect("its own payload");
    assert_eq!(decoded.header, Some(header));
}

#[test]
fn a_schema_read_back_is_the_same_schema() {
    for entity in landfall_standard::entities().expect("the shipped objects") {
        let Ok(schema) = EventSchema::of_change_event(&entity) else {
            continue;
        };
        let read = EventSchema::parse(schema.avro_json()).expect("its own JSON");
        assert_eq!(read.id(), schema.id());
        assert_eq!(read.avro_json(), schema.avro_json());
        assert_eq!(read.fields(), schema.fields());
    }
}

#[test]
fn the_id_is_the_one_that_another_library_computes() {
    for entity in landfall_standard::entities().expect("the shipped objects") {
        let Ok(schema) = EventSchema::of_change_event(&entity) else {
            continue;
        };
        let other = apache_avro::Schema::parse_str(schema.avro_json()).expect("an Avro schema");
        let canonical = other.canonical_form();
        let read = EventSchema::parse(schema.avro_json()).expect("its own JSON");
        assert_eq!(read.id().to_string().len(), 22);
        assert_eq!(
            *schema.id().as_bytes(),
            <[u8; 16]>::from(<md5::Md5 as md5::Digest>::digest(canonical.as_bytes())),
            "{}",
            entity.name
        );
    }
}

#[test]
fn impossible_schemas_are_refused() {
    let twice = vec![optional("A", Scalar::Int), optional("A", Scalar::Int)];
    assert!(EventSchema::new("X__e", twice).is_err());
    assert!(EventSchema::new("X__e", vec![optional("a\"b", Scalar::Int)]).is_err());
    assert!(EventSchema::new("X e", vec![optional("A", Scalar::Int)]).is_err());
    assert!(EventSchema::new("X__e", vec![optional("A", Scalar::Int), header()]).is_err());
    let other = Compound {
        name: "Address".to_owned(),
        components: vec![Component {
            name: "Street".to_owned(),
            scalar: Scalar::Text,
        }],
    };
    let conflict = vec![
        field("A", Shape::Compound(Compound::address())),
        field("B", Shape::Compound(other)),
    ];
    assert!(EventSchema::new("X__e", conflict).is_err());
    for json in [
        "",
        "{}",
        "[]",
        r#"{"type":"record","namespace":"x","name":"X","fields":[]}"#,
    ] {
        assert!(EventSchema::parse(json).is_err(), "{json}");
    }
}

#[test]
fn the_schema_resources_answer_with_the_id_in_uuid() {
    let schema = low_ink();
    assert_eq!(
        schema.compact_json(),
        concat!(
            r#"{"name":"Low_Ink__e","namespace":"com.sforce.eventbus","type":"record","fields":["#,
            r#"{"name":"CreatedDate","type":"long","doc":"CreatedDate:DateTime"},"#,
            r#"{"name":"CreatedById","type":"string","doc":"CreatedBy:EntityId"},"#,
            r#"{"name":"Printer_Model__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Serial_Number__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Ink_Percentage__c","type":["null","double"],"doc":"Data:Text","default":null}],"#,
            r#""uuid":"5E5OtZj5_Gm6Vax9XMXH9A"}"#,
        )
    );
    assert_eq!(
        schema.expanded_json(),
        concat!(
            r#"{"name":"Low_Ink__e","namespace":"com.sforce.eventbus","type":"expanded-record","fields":["#,
            r#"{"name":"data","type":{"type":"record","name":"Data","namespace":"","fields":["#,
            r#"{"name":"schema","type":"string"},"#,
            r#"{"name":"payload","type":{"type":"record","name":"Payload","doc":"","fields":["#,
            r#"{"name":"CreatedDate","type":"string","doc":"CreatedDate:DateTime"},"#,
            r#"{"name":"CreatedById","type":"string","doc":"CreatedBy:EntityId"},"#,
            r#"{"name":"Printer_Model__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Serial_Number__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Ink_Percentage__c","type":["null","double"],"doc":"Data:Text","default":null}]}},"#,
            r#"{"name":"event","type":{"type":"record","name":"Event","fields":["#,
            r#"{"name":"replayId","type":"long"}]}}]}},{"name":"channel","type":"string"}],"#,
            r#""uuid":"5E5OtZj5_Gm6Vax9XMXH9A"}"#,
        )
    );
    let account = EventSchema::of_change_event(&account()).expect("captured");
    for json in [account.compact_json(), account.expanded_json()] {
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["uuid"], "VPi2zuaq2uY5dgjgTXgqAA");
    }
    assert!(!account.expanded_json().contains("nulledFields"));
}
