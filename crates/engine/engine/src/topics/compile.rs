//! From the record of a `PushTopic` to what it watches. What cannot be compiled is refused when the record is saved.
//!
//! Source: "PushTopic" (Object Reference); the texts about versions and about fields that are missing are ours.

use landfall_capture::push_topic::{NotifyFor, Operations, Watch};
use landfall_model::{
    Catalog, EntityDefinition, Fault, QueryFault, QueryRefusal, RecordId, Row, Timestamp, Value,
    ValueFault,
};
use landfall_query::push_topic::read;
use landfall_query::{Context, Zone};
use landfall_schema::EventSchema;

use crate::report::defect;
use crate::validate::subject;

/// Topics of older versions are none. Source: "PushTopic" (Object Reference), `ApiVersion`.
const VERSION_ABOVE: f64 = 20.0;

/// What a record comes to.
pub(crate) struct Compiled {
    pub(super) name: String,
    pub(super) watch: Watch,
    pub(super) schema: EventSchema,
}

fn value<'r>(entity: &EntityDefinition, row: &'r Row, field: &str) -> &'r Value {
    let place = entity.index_of(field);
    place
        .and_then(|place| row.get(place))
        .unwrap_or(&Value::Null)
}

fn flag(entity: &EntityDefinition, row: &Row, field: &str) -> bool {
    value(entity, row, field).as_bool().unwrap_or(false)
}

pub(super) fn id(entity: &EntityDefinition, row: &Row) -> Option<RecordId> {
    value(entity, row, "Id").as_id()
}

/// Whether the record exists and the topic is active.
pub(super) fn is_active(entity: &EntityDefinition, row: &Row) -> bool {
    flag(entity, row, "IsActive") && !flag(entity, row, "IsDeleted")
}

/// What a record watches.
///
/// # Errors
/// [`ValueFault::Refused`], [`ValueFault::QueryInvalid`].
pub(crate) fn checked(
    entity: &EntityDefinition,
    row: &Row,
    catalog: &Catalog,
    now: Timestamp,
) -> Result<Compiled, Fault> {
    let text = |field| value(entity, row, field).as_text().unwrap_or_default();
    if !matches!(value(entity, row, "ApiVersion"), Value::Double(version) if *version > VERSION_ABOVE)
    {
        return Err(refused(
            entity,
            "ApiVersion",
            "the API version must be higher than 20.0",
        ));
    }
    let context = Context {
        statement: text("Query"),
        catalog,
        now,
        zone: Zone::utc(),
        fiscal_month: 1,
        user: RecordId::EMPTY,
        deleted: true,
        formulas: None,
    };
    let query = read(&context).map_err(|cause| meaning(entity, cause))?;
    let fields = NotifyFor::parse(text("NotifyForFields")).unwrap_or(NotifyFor::Referenced);
    if !fields.suits(&query) {
        return Err(meaning(entity, without_field(fields)));
    }
    let operations = Operations {
        create: flag(entity, row, "NotifyForOperationCreate"),
        update: flag(entity, row, "NotifyForOperationUpdate"),
        delete: flag(entity, row, "NotifyForOperationDelete"),
        undelete: flag(entity, row, "NotifyForOperationUndelete"),
    };
    let schema = EventSchema::of_push_topic(&query.plan.entity, &query.told);
    let schema = schema.map_err(|error| meaning(entity, rule(error.to_string())))?;
    Ok(Compiled {
        name: text("Name").to_owned(),
        watch: Watch::new(query, fields, operations),
        schema,
    })
}

/// The value of `NotifyForOperations`, which follows from the flags of creates and updates.
pub(crate) fn notify_for_operations(create: bool, update: bool) -> &'static str {
    match (create, update) {
        (true, true) => "All",
        (true, false) => "Create",
        (false, true) => "Update",
        (false, false) => "Extended",
    }
}

fn without_field(fields: NotifyFor) -> QueryFault {
    let clause = match fields {
        NotifyFor::Select => "SELECT clause",
        NotifyFor::Where => "WHERE clause",
        NotifyFor::All | NotifyFor::Referenced => "SELECT or WHERE clause",
    };
    rule(format!(
        "NotifyForFields {} needs a field other than Id in the {clause}",
        fields.as_str()
    ))
}

fn rule(text: String) -> QueryFault {
    QueryFault::Refused {
        place: String::new(),
        refusal: QueryRefusal::TopicRule { text },
    }
}

/// What is wrong with the query is wrong with the field that holds it.
fn meaning(entity: &EntityDefinition, cause: QueryFault) -> Fault {
    match entity.field("Query") {
        Some((_, field)) => Fault::Value(ValueFault::QueryInvalid {
            field: field.name.clone(),
            cause,
        }),
        None => cause.into(),
    }
}

fn refused(entity: &EntityDefinition, field: &str, reason: &str) -> Fault {
    match entity.field(field) {
        Some((_, field)) => Fault::Value(ValueFault::Refused {
            field: subject(field),
            reason: reason.to_owned(),
        }),
        None => defect("a PushTopic lacks a field of its object"),
    }
}
