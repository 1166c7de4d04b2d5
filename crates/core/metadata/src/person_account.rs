//! Person accounts: what the objects of an org with them have besides.
//!
//! An org has them once it has a record type of `PersonAccount`, as every org has in which they were enabled. A person
//! account is one record of Account and one of Contact; the fields of the contact are fields of the account too.
//!
//! Source: "Account", "Contact", "`RecordType`" (Object Reference); "Person Account Record Types" (SOAP API Developer
//! Guide); the order of the fields: Valeriyyy/SalesforceGRPC, `AccountChangeEvent.avsc` and `ContactChangeEvent.avsc`.

use std::collections::BTreeMap;

use landfall_model::{
    EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType, FormulaDefinition,
    PERSON_ACCOUNT,
};

use crate::Component;
use crate::field::DeclaredField;
use crate::object;
use crate::part::Part;
use crate::project::Kind;

/// Fields of a contact that its person account has as `Person` fields, in the order in which the account has them.
const PERSONAL: [&str; 22] = [
    "MailingAddress",
    "OtherAddress",
    "MobilePhone",
    "HomePhone",
    "OtherPhone",
    "AssistantPhone",
    "Email",
    "Title",
    "Department",
    "AssistantName",
    "LeadSource",
    "Birthdate",
    "HasOptedOutOfEmail",
    "HasOptedOutOfFax",
    "DoNotCall",
    "LastCURequestDate",
    "LastCUUpdateDate",
    "EmailBouncedReason",
    "EmailBouncedDate",
    "IndividualId",
    "Pronouns",
    "GenderIdentity",
];

/// What marks a record as that of a person.
const IS_PERSON_ACCOUNT: &str = "IsPersonAccount";

/// Whether these components make an org have person accounts.
pub fn has_person_accounts(parts: &[Part]) -> bool {
    let prefix = format!("{PERSON_ACCOUNT}.");
    let mut parts = parts.iter();
    parts.any(|part| part.kind == Kind::RecordType && part.name.starts_with(&prefix))
}

/// The record type that every org with person accounts has from the beginning.
///
/// Source: "Person Account Record Types" (SOAP API Developer Guide).
pub fn person_account_type() -> Component {
    let path = Kind::RecordType.path(&format!("{PERSON_ACCOUNT}.{PERSON_ACCOUNT}"));
    Component {
        path,
        content: format!(
            "<RecordType xmlns=\"{}\"><fullName>{PERSON_ACCOUNT}</fullName><active>true</active>\
             <label>Person Account</label></RecordType>",
            crate::xml::NAMESPACE
        ),
    }
}

/// Gives the objects what they have in an org with person accounts. The custom fields of contacts are among the declared
/// ones; those of accounts that are computed come back.
pub(crate) fn enable(
    entities: &mut BTreeMap<String, EntityDefinition>,
    declared: &[(EntityName, DeclaredField)],
) -> Vec<(EntityName, DeclaredField)> {
    let Some(contact) = entities.get("contact").cloned() else {
        return Vec::new();
    };
    let mut computed = Vec::new();
    if let Some(account) = entities.get_mut("account") {
        names(account, &contact);
        personal(account, &contact);
        for field in contact.fields.iter().filter(|field| field.custom) {
            custom(account, field, &contact, declared, &mut computed);
        }
    }
    if let Some(contact) = entities.get_mut("contact") {
        insert_after(contact, "AccountId", vec![is_person_account(true)]);
        capture_after(contact, "AccountId", &[IS_PERSON_ACCOUNT.to_owned()]);
    }
    if let Some(types) = entities.get_mut("recordtype") {
        let is_person_type = flag("IsPersonType", "Is Person Type", false);
        insert_after(types, "IsActive", vec![is_person_type]);
    }
    // A lead without a company becomes a person account.
    let lead = entities.get_mut("lead").into_iter();
    for field in lead.flat_map(|lead| &mut lead.fields) {
        field.nillable |= field.name.as_str() == "Company";
    }
    computed
}

/// The parts of the name, which is text in a business account.
fn names(account: &mut EntityDefinition, contact: &EntityDefinition) {
    let parts = components(contact, "Name").filter(|field| field.name.as_str() != "Name");
    let parts = parts.map(|field| FieldDefinition {
        compound: Some(FieldName::new("Name")),
        ..of_contact(field, field.name.as_str())
    });
    let parts = parts.collect();
    insert_after(account, "Name", parts);
}

fn personal(account: &mut EntityDefinition, contact: &EntityDefinition) {
    let person_contact = FieldDefinition {
        reference_to: vec![contact.name.clone()],
        relationship_name: Some("PersonContact".to_owned()),
        filterable: true,
        groupable: true,
        sortable: true,
        length: 18,
        ..FieldDefinition::new("PersonContactId", "Contact ID", FieldType::Reference)
    };
    let mut fields = vec![person_contact, is_person_account(false)];
    let mut captured = vec!["PersonContactId".to_owned()];
    for name in PERSONAL {
        fields.extend(components(contact, name).map(|field| {
            FieldDefinition {
                compound: field.compound.as_ref().map(|whole| person(whole.as_str())),
                relationship_name: field
                    .relationship_name
                    .as_ref()
                    .map(|way| format!("Person{way}")),
                ..of_contact(field, person(field.name.as_str()).as_str())
            }
        }));
        captured.push(person(name).to_string());
    }
    insert_after(account, "LastReferencedDate", fields);
    capture_after(account, "LastModifiedById", &captured);
}

/// A custom field of the contact: `Hobby__c` is `Hobby__pc`. Geolocations are left out.
fn custom(
    account: &mut EntityDefinition,
    field: &FieldDefinition,
    contact: &EntityDefinition,
    declared: &[(EntityName, DeclaredField)],
    computed: &mut Vec<(EntityName, DeclaredField)>,
) {
    let source = declared
        .iter()
        .find(|(object, source)| *object == contact.name && source.definition.name == field.name);
    let (Some(base), Some((_, source))) = (field.name.as_str().strip_suffix("__c"), source) else {
        return;
    };
    if field.field_type == FieldType::Location {
        return;
    }
    let mut definition = FieldDefinition {
        relationship_name: field
            .relationship_name
            .as_ref()
            .map(|_| format!("{base}__pr")),
        ..of_contact(field, &format!("{base}__pc"))
    };
    if field.calculated {
        definition.contact_field = None;
        definition.summarized = false;
        definition.in_change_event = false;
        definition.formula = Some(FormulaDefinition {
            text: format!("PersonContact.{}", field.name),
            blanks_as_zero: false,
            html: false,
        });
    }
    let added = DeclaredField {
        at: source.at.clone(),
        formula: field.calculated.then(|| source.at.clone()),
        definition,
        components: Vec::new(),
        link: None,
        roll_up: None,
        starting_number: None,
    };
    object::add_fields(account, std::slice::from_ref(&added));
    computed.extend(field.calculated.then(|| (account.name.clone(), added)));
}

/// A field of the account with the value of one of its contact. Business accounts have it too, without a value.
fn of_contact(field: &FieldDefinition, name: &str) -> FieldDefinition {
    let mut field = FieldDefinition {
        contact_field: Some(field.name.clone()),
        name: FieldName::new(name),
        nillable: field.field_type != FieldType::Boolean,
        default_value: None,
        default_formula: None,
        defaulted_on_create: field.field_type == FieldType::Boolean,
        auto_number: None,
        controller: None,
        ..field.clone()
    };
    for value in &mut field.picklist {
        value.default = false;
    }
    field
}

/// A field, or a compound with its components, in describe order.
fn components<'e>(
    entity: &'e EntityDefinition,
    name: &'e str,
) -> impl Iterator<Item = &'e FieldDefinition> {
    let fields = entity.fields.iter();
    fields.filter(move |field| {
        let whole = field.compound.as_ref().map(FieldName::as_str);
        field.name.as_str() == name || whole == Some(name)
    })
}

fn person(name: &str) -> FieldName {
    FieldName::new(format!("Person{name}"))
}

fn is_person_account(captured: bool) -> FieldDefinition {
    flag(IS_PERSON_ACCOUNT, "Is Person Account", captured)
}

fn flag(name: &str, label: &str, captured: bool) -> FieldDefinition {
    FieldDefinition {
        nillable: false,
        defaulted_on_create: true,
        filterable: true,
        groupable: true,
        sortable: true,
        in_change_event: captured,
        ..FieldDefinition::new(name, label, FieldType::Boolean)
    }
}

fn insert_after(entity: &mut EntityDefinition, name: &str, fields: Vec<FieldDefinition>) {
    let at = entity
        .fields
        .iter()
        .position(|field| field.name.as_str() == name);
    let at = at.map_or(entity.fields.len(), |at| at + 1);
    entity.fields.splice(at..at, fields);
}

fn capture_after(entity: &mut EntityDefinition, name: &str, fields: &[String]) {
    let Some(event) = &mut entity.change_event else {
        return;
    };
    let at = event.fields.iter().position(|field| field.as_str() == name);
    let at = at.map_or(event.fields.len(), |at| at + 1);
    let fields = fields.iter().map(|field| FieldName::new(field.as_str()));
    event.fields.splice(at..at, fields.collect::<Vec<_>>());
}
