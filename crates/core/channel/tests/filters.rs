//! Filter expressions: which are taken, which events they let through, and what a lens adds.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use landfall_channel::{
    Evaluation, Field, Filter, HeaderField, Lens, Refusal, Stored, Subject, Verdict, enrichable,
};
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, EntityDefinition, EntityName, FieldBits,
    FieldDefinition, FieldName, FieldType, KeyPrefix, PlatformEventDefinition, RecordId, Row,
    Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventSchema, FieldValue, Inclusion};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const ID: &str = "0015f00002J9YYEAA3";

fn entity(name: &str) -> Arc<EntityDefinition> {
    let all = landfall_standard::entities().expect("the shipped objects");
    let found = all.into_iter().find(|entity| entity.name.as_str() == name);
    Arc::new(found.expect(name))
}

fn schema(entity: &EntityDefinition) -> EventSchema {
    EventSchema::of_change_event(entity).expect("it is captured")
}

fn read(object: &str, expression: &str) -> Result<Filter, String> {
    let entity = entity(object);
    let schema = schema(&entity);
    let subject = Subject::Changes {
        entity: &entity,
        schema: &schema,
    };
    Filter::read(expression, &subject).map_err(|refusal| refusal.to_string())
}

fn header(change_type: ChangeType, changed: FieldBits) -> ChangeEventHeader {
    ChangeEventHeader {
        entity_name: EntityName::new("Account"),
        record_ids: vec![ID.to_owned()],
        change_type,
        change_origin: "com/salesforce/api/rest/59.0".to_owned(),
        transaction_key: TransactionKey::from_bytes([1; 16]),
        sequence_number: 3,
        commit_timestamp: NOW,
        commit_number: CommitNumber::new(5_000_000_000),
        commit_user: RecordId::parse("005000000000001AAA").expect("an id"),
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields: changed,
    }
}

fn row(entity: &EntityDefinition, values: &[(&str, Value)]) -> Row {
    let mut row = vec![Value::Null; entity.fields.len()];
    for (name, value) in values {
        let slot = entity.index_of(name).and_then(|place| row.get_mut(place));
        slot.expect(name).clone_from(value);
    }
    row
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

// C70, P55
#[test]
fn what_is_no_filter_is_refused_in_the_known_texts() {
    let eleven = [
        "Name",
        "Industry",
        "Type",
        "Phone",
        "Fax",
        "Website",
        "Sic",
        "Site",
        "Rating",
        "Ownership",
        "AccountNumber",
    ];
    let eleven = eleven.map(|field| format!("{field} = 'x'")).join(" AND ");
    let syntax = "filter expression has syntax errors: unexpected token: ";
    let operator = "Only equality operators are supported for this field type or value";
    for (expression, refusal) in [
        ("WHERE Name = 'x'", format!("{syntax}'WHERE'")),
        ("BillingAddress.City = ShippingCity", format!("{syntax}'ShippingCity'")),
        ("ISBLANK(Name)", format!("{syntax}'('")),
        ("Name INCLUDES ('x')", format!("{syntax}'INCLUDES'")),
        ("Name IN (SELECT Name FROM Account)", format!("{syntax}'SELECT'")),
        ("Name = 'a' AND NOT Name = 'b'", format!("{syntax}'NOT'")),
        ("NOT Name = 'a' AND Name = 'b'", format!("{syntax}'AND'")),
        ("Name = 'a' AND Name = 'b' OR Name = 'c'", format!("{syntax}'OR'")),
        ("Name =", format!("{syntax}'<EOF>'")),
        ("BillingCity = 'x'", "The BillingCity field in the filter expression is invalid".into()),
        ("IsDeleted = false", "The IsDeleted field in the filter expression is invalid".into()),
        ("Owner.Username = 'x'", "The Owner.Username field in the filter expression is invalid".into()),
        ("Description = 'x'", "The Description field in the filter expression is invalid".into()),
        (
            "ChangeEventHeader.recordIds = 'x'",
            "The ChangeEventHeader.recordIds field in the filter expression is invalid".into(),
        ),
        (
            "BillingAddress = 'x'",
            "Compound field BillingAddress has to be used with a component field in a filter expression".into(),
        ),
        ("Industry > null", operator.into()),
        ("Industry LIKE null", operator.into()),
        ("NumberOfEmployees LIKE 'x'", operator.into()),
        (
            "AnnualRevenue > 2147483648",
            "A number format error occurred: write a number beyond 2147483647 with a decimal point, such as 2147483648.0"
                .into(),
        ),
        (eleven.as_str(), "A filter expression has at most 10 fields".into()),
    ] {
        assert_eq!(read("Account", expression), Err(refusal), "{expression}");
    }
    let long = format!("Name = '{}'", "x".repeat(131_072));
    let refusal = "A filter expression has at most 131072 characters";
    assert_eq!(read("Account", &long), Err(refusal.to_owned()));
    let deep = format!("{}Name = 'x'{}", "(".repeat(60_000), ")".repeat(60_000));
    assert!(read("Account", &deep).is_err());
}

#[test]
fn what_is_documented_is_taken() {
    for (object, expression) in [
        (
            "Account",
            "industry='Agriculture' AND NumberOfEmployees>1000",
        ),
        (
            "Account",
            "BillingAddress.City = 'Ulm' OR (NOT Name LIKE 'A_%')",
        ),
        ("Account", "NOT Name = 'x'"),
        (
            "Account",
            "Type IN ('Prospect', 'Other') AND Industry NOT IN ('Energy')",
        ),
        ("Account", "LOWER(Name) = 'acme'"),
        ("Account", "LastModifiedDate > 2021-11-03T09:30:11-08:00"),
        (
            "Account",
            "AnnualRevenue >= 2147483648.0 AND Industry != null",
        ),
        ("Account", "changeeventheader.CHANGETYPE = 'UPDATE'"),
        (
            "Account",
            "ChangeEventHeader.commitUser = '005000000000001'",
        ),
        ("Account", "OwnerId = '005000000000001AAA'"),
        (
            "Contact",
            "Name.FirstName = 'Jo' AND Birthdate < 2000-01-31",
        ),
        (
            "Contact",
            "Birthdate = TODAY OR CreatedDate = LAST_N_DAYS:7",
        ),
        ("Opportunity", "IsClosed = true AND CloseDate <= 2022-05-31"),
    ] {
        assert!(read(object, expression).is_ok(), "{object}: {expression}");
    }
}

// Source: "Field Considerations" (Change Data Capture Developer Guide).
#[test]
fn a_new_filter_has_no_date_literals() {
    for (expression, is_refused) in [
        ("CreatedDate = TODAY", true),
        ("Name = 'A' OR (NOT (CreatedDate < LAST_N_DAYS:7))", true),
        ("CreatedDate IN (TOMORROW)", true),
        ("CreatedDate > 2021-07-09T10:30:11-08:00", false),
        ("Name = 'TODAY'", false),
    ] {
        let filter = read("Account", expression).expect(expression);
        let refused = filter.check_new() == Err(Refusal::DateLiteral);
        assert_eq!(refused, is_refused, "{expression}");
    }
}

// Source: "Filter Expression Format" (Platform Events Developer Guide).
#[test]
fn a_platform_event_is_filtered_by_its_long_texts() {
    let mut text = FieldDefinition::new("Text__c", "Text", FieldType::TextArea);
    text.length = 32_768;
    let event = PlatformEventDefinition {
        name: EntityName::new("Note__e"),
        label: "Note".to_owned(),
        label_plural: "Notes".to_owned(),
        key_prefix: KeyPrefix::parse("e00").expect("a prefix"),
        publish_after_commit: false,
        standard: None,
        fields: vec![text],
    };
    let schema = EventSchema::of_platform_event(&event).expect("a schema");
    let subject = Subject::PlatformEvent {
        event: &event,
        schema: &schema,
    };
    assert!(Filter::read("Text__c LIKE 'Note%'", &subject).is_ok());
}

// Source: "Enrich Change Events with Extra Fields" (Change Data Capture Developer Guide).
#[test]
fn a_reference_is_enriched_by_either_name_and_several_chosen_values_are_not() {
    let mut account = EntityDefinition::clone(&entity("Account"));
    let parent = enrichable(&account, "Parent");
    assert_eq!(parent, Some(FieldName::new("ParentId")));
    assert_eq!(parent, enrichable(&account, "parentid"));
    assert_eq!(enrichable(&account, "Parent.Name"), None);
    assert!(enrichable(&account, "Industry").is_some());
    let industry = account.index_of("Industry").expect("a field");
    account.fields[industry].field_type = FieldType::MultiPicklist;
    assert_eq!(enrichable(&account, "Industry"), None);
}

/// Whether an account with these values passes.
fn passes(expression: &str, values: &[(&str, Value)]) -> bool {
    let filter = read("Account", expression).expect(expression);
    let header = header(ChangeType::Update, FieldBits::default());
    filter.admits(NOW, &|field| match field {
        Field::Header(HeaderField::ChangeType) => text(header.change_type.as_str()),
        Field::Header(_) => Value::Null,
        Field::Record(field) => {
            let name = match &field.component {
                Some(component) => format!("{}.{component}", field.top),
                None => field.top.clone(),
            };
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        }
    })
}

// C68
#[test]
fn values_compare_as_documented() {
    let acme = [
        ("Name", text("Acme")),
        ("NumberOfEmployees", Value::Integer(1_500)),
        ("AnnualRevenue", Value::Double(2.5)),
        ("BillingAddress.City", text("Ulm")),
        ("LastModifiedDate", Value::DateTime(NOW)),
    ];
    for (expression, expected) in [
        ("Name = 'ACME'", true),
        ("Name != 'acme'", false),
        ("Name > 'abc' AND Name < 'AD'", true),
        ("Name LIKE 'a%E'", true),
        ("(NOT Name LIKE 'b%') AND NumberOfEmployees > 1000", true),
        ("NumberOfEmployees >= 1500.0", true),
        ("NumberOfEmployees < 20", false),
        ("AnnualRevenue > 2 AND AnnualRevenue <= 2.5", true),
        ("BillingAddress.City IN ('Bonn', 'ULM')", true),
        ("Industry = null", true),
        ("Industry != null", false),
        ("Industry = ''", true),
        ("Industry = 'Energy'", false),
        ("Industry != 'Energy'", true),
        ("Industry > 'A'", false),
        ("Industry NOT IN ('Energy')", true),
        ("ChangeEventHeader.changeType = 'update'", true),
        ("LastModifiedDate > 2021-11-03T09:30:11-08:00", true),
        ("LastModifiedDate = TODAY", true),
        ("LastModifiedDate < TODAY", false),
        ("LastModifiedDate >= LAST_N_DAYS:7", true),
        ("LOWER(Name) = 'acme'", true),
    ] {
        assert_eq!(passes(expression, &acme), expected, "{expression}");
    }
}

struct Accounts {
    entity: Arc<EntityDefinition>,
    schema: EventSchema,
}

impl Accounts {
    fn new() -> Self {
        let entity = entity("Account");
        let schema = schema(&entity);
        Self { entity, schema }
    }

    fn payload(&self, header: &ChangeEventHeader, row: &[Value]) -> Vec<u8> {
        let include = match header.change_type {
            ChangeType::Update => Inclusion::Only(&header.changed_fields),
            ChangeType::Create => Inclusion::All,
            _ => Inclusion::Nothing,
        };
        let payload = self.schema.encode_change(header, row, include);
        payload.expect("the values fit")
    }

    fn lens(&self, filter: &str, enriched: &[&str]) -> Lens {
        let filter = (!filter.is_empty()).then(|| read("Account", filter).expect(filter));
        let enriched: Vec<FieldName> = enriched.iter().copied().map(FieldName::new).collect();
        let lens = Lens::of_changes(&self.entity, &self.schema, filter, &enriched);
        lens.expect("it does something")
    }

    fn evaluate(&self, lens: &Lens, payload: &[u8], now: &Row) -> Evaluation {
        self.evaluate_all(lens, payload, &[(ID.to_owned(), now.clone())])
    }

    /// The same, of an event of these records.
    fn evaluate_all(&self, lens: &Lens, payload: &[u8], records: &[(String, Row)]) -> Evaluation {
        let stored = Stored {
            schema: &self.schema,
            payload,
        };
        let row = |id: RecordId| {
            let mut records = records.iter();
            let (_, row) = records
                .find(|(known, _)| known == id.as_str())
                .expect("known");
            Ok::<_, Infallible>(Some(row.clone()))
        };
        lens.evaluate(stored, NOW, row).expect("it can be read")
    }
}

fn changed(schema: &EventSchema, names: &[&str]) -> FieldBits {
    let mut bits = FieldBits::default();
    for name in names {
        bits.insert(schema.position_of(name).expect(name));
    }
    bits
}

#[test]
fn gap_events_pass_every_filter_and_are_never_enriched() {
    let accounts = Accounts::new();
    let lens = accounts.lens("Industry = 'Energy'", &["Site"]);
    let now = row(&accounts.entity, &[("Site", text("here"))]);
    for kind in [
        ChangeType::GapUpdate,
        ChangeType::GapDelete,
        ChangeType::GapOverflow,
    ] {
        let payload = accounts.payload(&header(kind, FieldBits::default()), &now);
        let evaluation = accounts.evaluate(&lens, &payload, &now);
        assert_eq!(
            (evaluation.verdict, evaluation.depends_on_record),
            (Verdict::AsStored, false)
        );
    }
}

#[test]
fn a_component_that_changed_stays_and_the_others_are_added() {
    let accounts = Accounts::new();
    let lens = accounts.lens("", &["BillingAddress"]);
    let mut bits = changed(&accounts.schema, &["LastModifiedDate"]);
    let address = accounts
        .schema
        .position_of("BillingAddress")
        .expect("a field");
    bits.insert_nested(address, 1);
    let then = row(&accounts.entity, &[("BillingCity", text("Ulm"))]);
    let payload = accounts.payload(&header(ChangeType::Update, bits), &then);
    let now = row(
        &accounts.entity,
        &[
            ("BillingCity", text("Bonn")),
            ("BillingStreet", text("Road")),
        ],
    );
    let Verdict::Altered(parts) = accounts.evaluate(&lens, &payload, &now).verdict else {
        panic!("it is enriched");
    };
    let event = accounts
        .schema
        .decode(&parts[0].payload)
        .expect("a payload");
    let FieldValue::Compound(parts) = &event.fields[address] else {
        panic!("an address");
    };
    assert_eq!((&parts[0], &parts[1]), (&text("Road"), &text("Ulm")));
    assert!(parts[2..].iter().all(Value::is_null));
}

#[test]
fn a_filter_that_the_event_settles_reads_no_record() {
    let accounts = Accounts::new();
    let lens = accounts.lens("Type = 'Other'", &["Site"]);
    let bits = changed(&accounts.schema, &["Type"]);
    let then = row(&accounts.entity, &[("Type", text("Prospect"))]);
    let payload = accounts.payload(&header(ChangeType::Update, bits), &then);
    let stored = Stored {
        schema: &accounts.schema,
        payload: &payload,
    };
    let evaluation = lens.evaluate(stored, NOW, |_| -> Result<Option<Row>, Infallible> {
        panic!("it is not read")
    });
    let expected = Evaluation {
        verdict: Verdict::Withheld,
        depends_on_record: false,
    };
    assert_eq!(evaluation.expect("it can be read"), expected);
}

#[test]
fn a_merged_event_stays_whole_where_no_field_is_added() {
    let accounts = Accounts::new();
    let then = row(&accounts.entity, &[("Industry", text("Energy"))]);
    let merged = |kind, fields: &[&str]| ChangeEventHeader {
        record_ids: ids(3),
        ..header(kind, changed(&accounts.schema, fields))
    };
    let update = accounts.payload(&merged(ChangeType::Update, &["Industry"]), &then);
    let gap = accounts.payload(&merged(ChangeType::GapUpdate, &[]), &then);
    let evaluation = |filter, enriched: &[&str], payload: &[u8]| {
        let lens = accounts.lens(filter, enriched);
        let now = ids(3).into_iter().map(|id| (id, then.clone()));
        let evaluation = accounts.evaluate_all(&lens, payload, &now.collect::<Vec<_>>());
        match evaluation.verdict {
            Verdict::Withheld => 0,
            Verdict::AsStored => 1,
            Verdict::Altered(parts) => {
                let places: Vec<usize> = parts.iter().map(|part| part.place).collect();
                assert_eq!(places, [0, 1, 2]);
                for (part, id) in parts.iter().zip(ids(3)) {
                    let event = accounts.schema.decode(&part.payload).expect("a payload");
                    assert_eq!(event.header.expect("a header").record_ids, [id]);
                }
                3
            }
        }
    };
    let of_kind = "ChangeEventHeader.changeType = 'UPDATE'";
    assert_eq!(evaluation(of_kind, &[], &update), 1);
    assert_eq!(
        evaluation("ChangeEventHeader.changeType = 'DELETE'", &[], &update),
        0
    );
    assert_eq!(evaluation(of_kind, &["Site"], &update), 3);
    // Also if the event says all of it, and if it says nothing.
    assert_eq!(evaluation("", &["Industry"], &update), 3);
    assert_eq!(evaluation("Industry = 'Energy'", &[], &update), 3);
    assert_eq!(evaluation("Industry = 'Other'", &[], &update), 0);
    assert_eq!(evaluation("Industry = 'Other'", &["Site"], &gap), 3);
    assert_eq!(evaluation(of_kind, &[], &gap), 1);
}

/// As many ids.
fn ids(count: u64) -> Vec<String> {
    let prefix = RecordId::parse(ID).expect("an id").prefix();
    let ids = (1..=count).map(|number| RecordId::from_number(prefix, *b"5f", number));
    ids.map(|id| id.to_string()).collect()
}

// ---- against a plain evaluator

const FIELDS: [&str; 4] = ["Name", "Industry", "NumberOfEmployees", "AnnualRevenue"];

#[derive(Clone, Debug)]
enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(&'static str, &'static str, Option<i8>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let operators = prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let leaf = (
        prop::sample::select(&FIELDS[..]),
        operators,
        prop::option::of(0_i8..4),
    );
    let leaf = leaf.prop_map(|(field, operator, value)| match (operator, value) {
        // Null has no order.
        ("=" | "!=", value) => Tree::Compare(field, operator, value),
        (operator, value) => Tree::Compare(field, operator, Some(value.unwrap_or(0))),
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(Tree::All),
            several.prop_map(Tree::Any),
            inner.prop_map(|tree| Tree::Not(Box::new(tree))),
        ]
    })
}

impl Tree {
    fn text(&self) -> String {
        let joined = |trees: &[Self], word: &str| {
            let terms: Vec<String> = trees
                .iter()
                .map(|tree| format!("({})", tree.text()))
                .collect();
            terms.join(word)
        };
        match self {
            Self::All(trees) => joined(trees, " AND "),
            Self::Any(trees) => joined(trees, " or "),
            Self::Not(tree) => format!("NOT ({})", tree.text()),
            Self::Compare(field, operator, None) => format!("{field} {operator} NULL"),
            Self::Compare(field, operator, Some(value)) if is_text(field) => {
                format!("{field} {operator} '{}'", letter(*value).to_uppercase())
            }
            Self::Compare(field, operator, Some(value)) => format!("{field} {operator} {value}"),
        }
    }

    /// Said plainly: numbers and small letters, and null unlike everything.
    fn holds(&self, values: &BTreeMap<&str, Option<i8>>) -> bool {
        match self {
            Self::All(trees) => trees.iter().all(|tree| tree.holds(values)),
            Self::Any(trees) => trees.iter().any(|tree| tree.holds(values)),
            Self::Not(tree) => !tree.holds(values),
            Self::Compare(field, operator, wanted) => {
                let found = values.get(field).copied().flatten();
                match *operator {
                    "=" => found == *wanted,
                    "!=" => found != *wanted,
                    "<" => found.is_some() && found < *wanted,
                    "<=" => found.is_some() && found <= *wanted,
                    ">" => found > *wanted,
                    _ => found >= *wanted,
                }
            }
        }
    }
}

fn is_text(field: &str) -> bool {
    ["Name", "Industry"].contains(&field)
}

fn letter(value: i8) -> String {
    let letters = ["a", "b", "c", "d"];
    let place = usize::try_from(value).expect("small");
    (*letters.get(place).expect("one of them")).to_owned()
}

fn valued(values: &BTreeMap<&'static str, Option<i8>>) -> Vec<(&'static str, Value)> {
    let value = |(field, value): (&&'static str, &Option<i8>)| {
        let value = match (*value, *field) {
            (None, _) => Value::Null,
            (Some(value), field) if is_text(field) => Value::Text(letter(value)),
            (Some(value), "AnnualRevenue") => Value::Double(value.into()),
            (Some(value), _) => Value::Integer(value.into()),
        };
        (*field, value)
    };
    values.iter().map(value).collect()
}

proptest! {
    /// Whatever the record was when it changed and is now: a filter says what the plain evaluator says of the values that
    /// the event changed and of the others as they are now; and what it lets through has all of its fields.
    #[test]
    fn filters_agree_with_a_plain_evaluator(
        tree in tree(),
        then in prop::collection::vec(prop::option::of(0_i8..4), 4),
        now in prop::collection::vec(prop::option::of(0_i8..4), 4),
        changes in prop::collection::vec(any::<bool>(), 4),
    ) {
        let accounts = Accounts::new();
        let then: BTreeMap<_, _> = FIELDS.into_iter().zip(then).collect();
        let now: BTreeMap<_, _> = FIELDS.into_iter().zip(now).collect();
        let flags: BTreeMap<_, _> = FIELDS.into_iter().zip(changes).collect();
        let told = FIELDS.map(|field| (field, if flags[field] { then[field] } else { now[field] }));
        let told: BTreeMap<_, _> = told.into_iter().collect();
        let names: Vec<&str> = FIELDS.into_iter().filter(|field| flags[field]).collect();
        let lens = accounts.lens(&tree.text(), &FIELDS);
        let header = header(ChangeType::Update, changed(&accounts.schema, &names));
        let payload = accounts.payload(&header, &row(&accounts.entity, &valued(&then)));
        let evaluation = accounts.evaluate(&lens, &payload, &row(&accounts.entity, &valued(&now)));
        let payload = match evaluation.verdict {
            Verdict::Withheld => None,
            Verdict::AsStored => Some(payload),
            Verdict::Altered(mut parts) => parts.pop().map(|part| part.payload),
        };
        prop_assert_eq!(payload.is_some(), tree.holds(&told), "{}", tree.text());
        if let Some(payload) = payload {
            let event = accounts.schema.decode(&payload).expect("a payload");
            prop_assert_eq!(event.header, Some(header));
            for (field, value) in valued(&told) {
                let position = accounts.schema.position_of(field).expect("a field");
                let expected = match value {
                    Value::Null => FieldValue::Null,
                    value => FieldValue::Plain(value),
                };
                prop_assert_eq!(&event.fields[position], &expected, "{}", field);
            }
        }
    }
    /// A merged event shows of each record what an event of its own would.
    #[test]
    fn a_merged_event_shows_what_events_of_their_own_do(
        tree in tree(),
        then in prop::collection::vec(prop::option::of(0_i8..4), 4),
        now in prop::collection::vec(prop::collection::vec(prop::option::of(0_i8..4), 4), 2..5),
        changes in prop::collection::vec(any::<bool>(), 4),
        is_deleted in any::<bool>(),
    ) {
        let accounts = Accounts::new();
        let values = |numbers: &Vec<Option<i8>>| {
            let numbers = FIELDS.into_iter().zip(numbers.iter().copied()).collect();
            row(&accounts.entity, &valued(&numbers))
        };
        let names = FIELDS.into_iter().zip(&changes).filter(|(_, changed)| **changed);
        let names: Vec<&str> = names.map(|(name, _)| name).collect();
        let header = if is_deleted {
            header(ChangeType::Delete, FieldBits::default())
        } else {
            header(ChangeType::Update, changed(&accounts.schema, &names))
        };
        let lens = accounts.lens(&tree.text(), &FIELDS);
        let rows: Vec<(String, Row)> = ids(5).into_iter().zip(now.iter().map(values)).collect();
        let payload = |records: &[(String, Row)]| {
            let record_ids = records.iter().map(|(id, _)| id.clone()).collect();
            accounts.payload(&ChangeEventHeader { record_ids, ..header.clone() }, &values(&then))
        };
        let shown = |records: &[(String, Row)]| -> Vec<Vec<u8>> {
            let payload = payload(records);
            match accounts.evaluate_all(&lens, &payload, records).verdict {
                Verdict::Withheld => Vec::new(),
                Verdict::AsStored => vec![payload],
                Verdict::Altered(parts) => parts.into_iter().map(|part| part.payload).collect(),
            }
        };
        let alone: Vec<Vec<u8>> = rows.chunks(1).flat_map(shown).collect();
        prop_assert_eq!(shown(&rows), alone);
    }
}
