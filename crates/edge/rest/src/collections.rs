//! Many records in one request, each with a result of its own.
//!
//! One request is one transaction. What makes the request as a whole unreadable refuses it; anything else is the business
//! of the record concerned.
//! Source: "sObject Collections" (REST API Developer Guide).

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use http::Method;
use landfall_engine::{Change, Outcome, Published, defect};
use landfall_http::json::{self, Content, Json};
use landfall_http::{Answer, Writer};
use landfall_model::limits::{REST_COLLECTION_CHUNKS_MAX, REST_COLLECTION_RECORDS_MAX};
use landfall_model::{
    EntityDefinition, Fault, FieldFault, LimitFault, ManyFault, RecordFault, RecordId,
    RequestFault, ServiceFault, Value, ValueFault,
};
use landfall_sobject::input::{self, Intent, identifies};
use landfall_sobject::values::{self, subject_named};

use crate::call::Call;
use crate::path::{Object, object_of};
use crate::platform_event::{prepared, write_published};
use crate::scope::Outgoing;
use crate::state::Shared;
use crate::{file, save, transaction};

/// What a request does with its records.
#[derive(Clone, Copy)]
enum Action<'a> {
    Create,
    Update,
    /// By the field at this place, which may be the id.
    Upsert(&'a Arc<EntityDefinition>, usize),
}

/// What one record of a request comes to.
enum Part {
    /// A change, or why there is none; its outcome is found in the same order.
    Change(Change),
    /// An event, which needs no transaction.
    Event(Result<(Published, Outgoing), Fault>),
}

/// Creates, changes or deletes records of any objects, as the method says.
pub(crate) async fn of_any(shared: &Shared, call: &Call, body: Body) -> Result<Answer, Fault> {
    if call.method == Method::DELETE {
        return delete(shared, call).await;
    }
    let action = if call.method == Method::PATCH {
        Action::Update
    } else {
        Action::Create
    };
    save(shared, call, body, action).await
}

/// Upserts records of one object.
pub(crate) async fn upsert(
    shared: &Shared,
    call: &Call,
    entity: &Arc<EntityDefinition>,
    field: &str,
    body: Body,
) -> Result<Answer, Fault> {
    let known = entity.field(field).filter(|(_, field)| identifies(field));
    let (place, _) = known.ok_or_else(|| {
        Fault::Record(RecordFault::ExternalIdFieldUnknown {
            field: field.to_owned(),
        })
    })?;
    save(shared, call, body, Action::Upsert(entity, place)).await
}

async fn save(
    shared: &Shared,
    call: &Call,
    body: Body,
    action: Action<'_>,
) -> Result<Answer, Fault> {
    let collection = file::read_collection(&call.headers, body).await?;
    let body = json::Body::parse(&collection.json)?;
    let (records, all_or_none) = request(&body)?;
    let objects = objects(call, &body, records, action)?;
    let repeated = repeated(&body, records, action);
    let mut parts = Vec::with_capacity(records.len());
    for (record, object) in records.iter().zip(&objects) {
        let record = Record {
            body: &body,
            members: members(&body, record)?,
        };
        parts.push(match object {
            Object::Records(entity) => {
                let change = record
                    .with_file(shared, call, (entity, &collection), action, &repeated)
                    .await;
                Part::Change(change.or_else(|fault| of_one(fault).map(Change::Refused))?)
            }
            Object::PlatformEvent(event) => {
                let event = record.event(shared, call, event.name.as_str(), action);
                Part::Event(event.map(Ok).or_else(|fault| of_one(fault).map(Err))?)
            }
            Object::ChangeEvent(entity) => Part::Change(Change::Refused(Fault::Record(
                RecordFault::OperationRefused {
                    operation: landfall_model::fault::Operation::Create,
                    label: format!("{} Change Event", entity.label),
                },
            ))),
        });
    }
    let tells_created = matches!(action, Action::Upsert(..));
    made(shared, call, parts, all_or_none, tells_created).await
}

/// Makes the changes of the parts, and returns the result of each.
async fn made(
    shared: &Shared,
    call: &Call,
    parts: Vec<Part>,
    all_or_none: bool,
    tells_created: bool,
) -> Result<Answer, Fault> {
    let mut changes = Vec::with_capacity(parts.len());
    let mut events = Vec::new();
    let mut told = Vec::with_capacity(parts.len());
    for (place, part) in parts.into_iter().enumerate() {
        told.push(match part {
            Part::Change(change) => {
                changes.push(change);
                None
            }
            Part::Event(Ok((published, outgoing))) => {
                events.push((place, outgoing));
                Some(Ok(published))
            }
            Part::Event(Err(fault)) => Some(Err(fault)),
        });
    }
    let outcomes = if changes.is_empty() {
        Vec::new()
    } else {
        transaction::commit(shared, call, changes, all_or_none).await?
    };
    let mut faults: Vec<Fault> = outcomes.iter().filter_map(refusal).collect();
    faults.extend(told.iter().flatten().filter_map(refusal));
    let has_failed = !faults.is_empty();
    let mut outgoing = Vec::with_capacity(events.len());
    for (place, event) in events {
        // Other events are published whether or not their transaction is committed.
        if event.after_commit && all_or_none && has_failed {
            if let Some(told) = told.get_mut(place) {
                *told = Some(Err(Fault::Record(RecordFault::RolledBack { record: None })));
            }
        } else {
            outgoing.push(event);
        }
    }
    match transaction::publish(shared, call, outgoing).await {
        // The records are there: each event is refused for itself.
        Err(fault @ Fault::Limit(LimitFault::Publishes)) => {
            for told in told.iter_mut().filter(|told| matches!(told, Some(Ok(_)))) {
                *told = Some(Err(fault.clone()));
            }
        }
        published => published?,
    }
    let mut outcomes = outcomes.into_iter();
    let mut w = Writer::new();
    w.array(|w| {
        for told in told {
            match told {
                Some(Ok(published)) => write_published(w, &published),
                Some(Err(fault)) => save::write_refused(w, &fault),
                None => write_outcome(w, outcomes.next(), tells_created),
            }
        }
    });
    let answer = Answer::json(w.finish());
    Ok(if has_failed {
        answer.with_failures().reporting(faults)
    } else {
        answer
    })
}

fn refusal<T>(outcome: &Result<T, Fault>) -> Option<Fault> {
    outcome.as_ref().err().cloned()
}

fn write_outcome(w: &mut Writer, outcome: Option<Outcome>, tells_created: bool) {
    match outcome {
        Some(Ok(saved)) => save::write_saved(w, saved.id, tells_created.then_some(saved.created)),
        // In a list there is no resource that could not be found.
        Some(Err(Fault::Record(RecordFault::NotFound))) => {
            save::write_refused(w, &Fault::Record(RecordFault::Unknown));
        }
        Some(Err(fault)) => save::write_refused(w, &fault),
        None => save::write_refused(w, &defect("a record of a list has no outcome")),
    }
}

/// The records of a request, and whether one that fails undoes all.
fn request<'b>(body: &'b json::Body<'_>) -> Result<(&'b [Json], bool), Fault> {
    let mut records: &[Json] = &[];
    let mut all_or_none = false;
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            ("records", Content::Array(items)) => records = items,
            ("allOrNone", Content::Boolean(flag)) => all_or_none = *flag,
            ("records" | "allOrNone", Content::Null) => {}
            ("records" | "allOrNone", _) => return Err(body.unexpected(value).into()),
            _ => return Err(body.unrecognized(name, value).into()),
        }
    }
    check_count(records.len(), REST_COLLECTION_RECORDS_MAX)?;
    Ok((records, all_or_none))
}

/// At least one record, and not too many.
pub(crate) fn check_count(count: usize, most: usize) -> Result<(), Fault> {
    match count {
        0 => Err(Fault::Many(ManyFault::RecordsMissing)),
        count if count > most => Err(Fault::Many(ManyFault::RecordsTooMany { most })),
        _ => Ok(()),
    }
}

/// The object of each record.
fn objects(
    call: &Call,
    body: &json::Body<'_>,
    records: &[Json],
    action: Action<'_>,
) -> Result<Vec<Object>, Fault> {
    let mut objects = Vec::with_capacity(records.len());
    let mut chunks = 0;
    let mut last: Option<&str> = None;
    for record in records {
        let name = type_name(body, record)?;
        let object = match (objects.last(), last) {
            (Some(object), Some(last)) if last.eq_ignore_ascii_case(name) => Object::clone(object),
            _ => {
                chunks += 1;
                object_of(call.catalog(), name).map_err(|_| type_unknown(name))?
            }
        };
        if let Action::Upsert(entity, _) = action
            && !matches!(&object, Object::Records(named) if Arc::ptr_eq(named, entity))
        {
            return Err(type_unknown(name));
        }
        last = Some(name);
        objects.push(object);
    }
    if chunks > REST_COLLECTION_CHUNKS_MAX {
        return Err(Fault::Many(ManyFault::ChunksTooMany {
            most: REST_COLLECTION_CHUNKS_MAX,
        }));
    }
    Ok(objects)
}

fn type_name<'b>(body: &'b json::Body<'_>, record: &'b Json) -> Result<&'b str, Fault> {
    members(body, record)?
        .iter()
        .find(|(name, _)| name == "attributes")
        .and_then(|(_, attributes)| input::type_of(attributes))
        .ok_or(Fault::Many(ManyFault::TypeMissing))
}

fn type_unknown(name: &str) -> Fault {
    Fault::Many(ManyFault::TypeUnknown {
        name: name.to_owned(),
    })
}

fn members<'b>(body: &json::Body<'_>, record: &'b Json) -> Result<&'b [(String, Json)], Fault> {
    match &record.content {
        Content::Object(members) => Ok(members),
        _ => Err(body.unexpected(record).into()),
    }
}

/// External ids that several records have: none of these is saved.
///
/// Text is compared without regard to letter case, as external ids are.
fn repeated(body: &json::Body<'_>, records: &[Json], action: Action<'_>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    let Action::Upsert(entity, place) = action else {
        return counts;
    };
    for record in records {
        if let Ok(members) = members(body, record)
            && let Ok(Some(key)) = (Record { body, members }).key(entity, place)
        {
            *counts.entry(spelled(&key)).or_insert(0) += 1;
        }
    }
    counts.retain(|_, count| *count > 1);
    counts
}

fn spelled(key: &Value) -> String {
    match key {
        Value::Text(text) => text.to_lowercase(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Id(id) => id.to_string(),
        other => format!("{other:?}"),
    }
}

/// Faults that make the whole request unreadable are passed on; others are one record's.
pub(crate) fn of_one(fault: Fault) -> Result<Fault, Fault> {
    match fault {
        Fault::Request(RequestFault::JsonInvalid { .. })
        | Fault::Value(ValueFault::Unreadable { .. })
        | Fault::Field(FieldFault::Unknown { .. })
        | Fault::Service(
            ServiceFault::StoreUnavailable | ServiceFault::Busy | ServiceFault::Internal { .. },
        ) => Err(fault),
        fault => Ok(fault),
    }
}

/// One record of a request.
struct Record<'b> {
    body: &'b json::Body<'b>,
    members: &'b [(String, Json)],
}

impl<'b> Record<'b> {
    /// Its change with the file that is a part of its own, if it names one.
    async fn with_file(
        &self,
        shared: &Shared,
        call: &Call,
        (entity, collection): (&Arc<EntityDefinition>, &file::Collection),
        action: Action<'_>,
        repeated: &HashMap<String, usize>,
    ) -> Result<Change, Fault> {
        let attributes = self.members.iter().find(|(name, _)| name == "attributes");
        let given = match attributes {
            Some((_, attributes)) => collection.file_of(attributes, entity)?,
            None => None,
        };
        let mut change = self.change(shared, call, entity, action, repeated).await?;
        if let (
            Some(given),
            Change::Create { values, .. }
            | Change::Update { values, .. }
            | Change::Upsert { values, .. },
        ) = (given, &mut change)
        {
            // Clients: some also have the name of the part in the field.
            values.retain(|(place, _)| *place != given.0);
            values.push(given);
        }
        Ok(change)
    }

    async fn change(
        &self,
        shared: &Shared,
        call: &Call,
        entity: &Arc<EntityDefinition>,
        action: Action<'_>,
        repeated: &HashMap<String, usize>,
    ) -> Result<Change, Fault> {
        let (left_out, intent) = match action {
            Action::Create => (Some("Id"), Intent::Create),
            Action::Update => (Some("Id"), Intent::Update),
            Action::Upsert(_, place) => {
                let key = entity.fields.get(place).map(|field| field.name.as_str());
                (key, Intent::Upsert(place))
            }
        };
        let members = self.members.iter().filter(|(name, _)| {
            !left_out.is_some_and(|left_out| name.eq_ignore_ascii_case(left_out))
        });
        let fields = input::fields(self.body, members, call.catalog(), entity, intent)?;
        let values = save::resolved(shared, call, entity, fields).await?;
        let entity = Arc::clone(entity);
        match action {
            Action::Create if self.member("Id").is_some() => {
                Err(Fault::Many(ManyFault::IdInInsert))
            }
            Action::Create => Ok(Change::Create { entity, values }),
            Action::Update => {
                let id = self.id(&entity)?;
                let id = id.ok_or(Fault::Many(ManyFault::IdMissing))?;
                Ok(updated(entity, id, values))
            }
            Action::Upsert(_, place) if entity.index_of("Id") == Some(place) => {
                Ok(match self.id(&entity)? {
                    Some(id) => updated(entity, id, values),
                    None => Change::Create { entity, values },
                })
            }
            Action::Upsert(_, field) => {
                let name = entity.fields.get(field).map(|field| field.name.clone());
                let name = name.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
                let Some(key) = self.key(&entity, field)? else {
                    return Err(Fault::Many(ManyFault::KeyMissing { field: name }));
                };
                let value = spelled(&key);
                if repeated.contains_key(&value) {
                    return Err(Fault::Many(ManyFault::KeyRepeated { field: name, value }));
                }
                Ok(Change::Upsert {
                    entity,
                    field,
                    key,
                    values,
                    update_only: false,
                })
            }
        }
    }

    fn event(
        &self,
        shared: &Shared,
        call: &Call,
        name: &str,
        action: Action<'_>,
    ) -> Result<(Published, Outgoing), Fault> {
        let publication = call.definitions.publication(name);
        let publication = publication.ok_or_else(|| type_unknown(name))?;
        if !matches!(action, Action::Create) {
            return Err(Fault::Record(RecordFault::OperationRefused {
                operation: landfall_model::fault::Operation::Update,
                label: publication.object.label.clone(),
            }));
        }
        prepared(shared, call, publication, self.body, self.members)
    }

    fn member(&self, name: &str) -> Option<&'b Json> {
        let mut members = self.members.iter().rev();
        members
            .find(|(member, value)| {
                member.eq_ignore_ascii_case(name) && value.content != Content::Null
            })
            .map(|(_, value)| value)
    }

    /// The id that the record gives; none if it gives none.
    ///
    /// Source: "Update Records Using sObject Collections" (REST API Developer Guide): whatever is wrong with an id, it is
    /// of the wrong type.
    fn id(&self, entity: &EntityDefinition) -> Result<Option<RecordId>, Fault> {
        let Some(value) = self.member("Id") else {
            return Ok(None);
        };
        let Content::Text(text) = &value.content else {
            return Err(self.body.unexpected(value).into());
        };
        match RecordId::parse(text.trim()) {
            Ok(id) if id.prefix() == entity.key_prefix => Ok(Some(id)),
            _ => Err(Fault::Value(ValueFault::IdTypeWrong {
                field: subject_named(entity, "Id"),
                value: text.clone(),
            })),
        }
    }

    /// The external id that the record gives; none if it gives none.
    fn key(&self, entity: &EntityDefinition, place: usize) -> Result<Option<Value>, Fault> {
        let Some(field) = entity.fields.get(place) else {
            return Ok(None);
        };
        let Some(value) = self.member(field.name.as_str()) else {
            return Ok(None);
        };
        let key = values::read(self.body, value, field)?;
        Ok((!key.is_null()).then_some(key))
    }
}

fn updated(
    entity: Arc<EntityDefinition>,
    id: RecordId,
    values: Vec<landfall_engine::Assignment>,
) -> Change {
    Change::Update {
        entity,
        id,
        values,
        unmodified_since: None,
    }
}

/// Deletes the records of the `ids` parameter.
async fn delete(shared: &Shared, call: &Call) -> Result<Answer, Fault> {
    let ids = listed(call.parameter("ids"));
    check_count(ids.len(), REST_COLLECTION_RECORDS_MAX)?;
    let all_or_none = call
        .parameter("allOrNone")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let parts = ids.into_iter().map(|text| {
        let change = deleted(call, text);
        Part::Change(change.unwrap_or_else(Change::Refused))
    });
    made(shared, call, parts.collect(), all_or_none, false).await
}

fn deleted(call: &Call, text: &str) -> Result<Change, Fault> {
    let id = RecordId::parse(text).map_err(|_| {
        Fault::Many(ManyFault::IdUnreadable {
            value: text.to_owned(),
        })
    })?;
    let entity = call.catalog().entity_of(id.prefix());
    let entity = Arc::clone(entity.ok_or(Fault::Record(RecordFault::Unknown))?);
    Ok(Change::Delete { entity, id })
}

/// The items of a parameter that lists some.
pub(crate) fn listed(parameter: Option<&str>) -> Vec<&str> {
    let items = parameter.unwrap_or_default().split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).collect()
}
