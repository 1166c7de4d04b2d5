//! `create`, `update`, `upsert`: up to 200 records, one transaction, a result for each.
//!
//! Source: the calls of these names, `AllOrNoneHeader` (SOAP API Developer Guide).

use std::collections::HashMap;
use std::sync::Arc;

use landfall_engine::Change;
use landfall_model::{
    EntityDefinition, Fault, ManyFault, RecordId, RequestFault, SoapFault, Value,
};
use landfall_xml::{Element, Writer};

use crate::call::Call;
use crate::commit::{check_count, commit, of_one, write_outcome};
use crate::event::{self, Event};
use crate::{input, lookup, older};

/// Creates records, and publishes events.
pub(crate) async fn create(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let records = records(call)?;
    let mut changes = Vec::with_capacity(records.len());
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        if let Some(publication) = event::publication(call, record) {
            events.push(Event::Requested(of_one(event::prepared(
                call,
                publication,
                record,
            ))?));
        } else {
            changes.push(change(call, record, created).await?);
            events.push(Event::None);
        }
    }
    let mut outcomes = commit(call, changes).await?.into_iter();
    let has_failed = outcomes.as_slice().iter().any(Result::is_err);
    for event in event::publish(call, events, has_failed).await? {
        w.element("result", |w| match event {
            Some(event) => event::write(call, w, &event),
            None => {
                if let Some(outcome) = outcomes.next() {
                    write_outcome(call, w, &outcome, None);
                }
            }
        });
    }
    Ok(())
}

/// Changes records.
pub(crate) async fn update(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let changes = changes(call, |entity, record| {
        let id = input::id(entity, record)?;
        updated(entity, record, id.ok_or(Fault::Many(ManyFault::IdMissing))?)
    });
    for outcome in commit(call, changes.await?).await? {
        w.element("result", |w| write_outcome(call, w, &outcome, None));
    }
    Ok(())
}

/// Creates records or changes them, by their ids or by an external id.
pub(crate) async fn upsert(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let field = call.argument("externalIDFieldName").unwrap_or_default();
    let repeated = repeated(call, field)?;
    let changes = changes(call, |entity, record| {
        upserted(entity, record, field, &repeated)
    });
    for outcome in commit(call, changes.await?).await? {
        let created = matches!(&outcome, Ok(saved) if saved.created);
        w.element("result", |w| {
            w.boolean("created", created);
            write_outcome(call, w, &outcome, None);
        });
    }
    Ok(())
}

fn records<'r>(call: &Call<'r>) -> Result<Vec<&'r Element>, Fault> {
    let records = call.arguments("sObjects");
    check_count(records.len())?;
    Ok(records)
}

/// What the records of a call come to.
async fn changes(
    call: &Call<'_>,
    make: impl Fn(&Arc<EntityDefinition>, &Element) -> Result<Change, Fault>,
) -> Result<Vec<Change>, Fault> {
    let mut changes = Vec::new();
    for record in records(call)? {
        changes.push(change(call, record, &make).await?);
    }
    Ok(changes)
}

/// What a record comes to. What is wrong with it is its own business, unless it cannot be read.
async fn change(
    call: &Call<'_>,
    record: &Element,
    make: impl Fn(&Arc<EntityDefinition>, &Element) -> Result<Change, Fault>,
) -> Result<Change, Fault> {
    let entity = input::entity_of(call, record)?;
    let made = lookup::resolved(call, entity, record)
        .await
        .and_then(|record| older::record(call, entity, record))
        .and_then(|record| make(entity, &record));
    Ok(of_one(made)?.unwrap_or_else(Change::Refused))
}

fn created(entity: &Arc<EntityDefinition>, record: &Element) -> Result<Change, Fault> {
    if input::id(entity, record)?.is_some() {
        return Err(Fault::Many(ManyFault::IdInInsert));
    }
    Ok(Change::Create {
        entity: Arc::clone(entity),
        values: input::values(entity, record, None)?,
    })
}

fn updated(
    entity: &Arc<EntityDefinition>,
    record: &Element,
    id: RecordId,
) -> Result<Change, Fault> {
    Ok(Change::Update {
        entity: Arc::clone(entity),
        id,
        values: input::values(entity, record, None)?,
        unmodified_since: None,
    })
}

fn upserted(
    entity: &Arc<EntityDefinition>,
    record: &Element,
    field: &str,
    repeated: &HashMap<String, usize>,
) -> Result<Change, Fault> {
    let place = key_place(entity, field)?;
    if entity.index_of("Id") == Some(place) {
        return match input::id(entity, record)? {
            Some(id) => updated(entity, record, id),
            None => created(entity, record),
        };
    }
    let name = entity.fields.get(place).map(|field| field.name.clone());
    let name = name.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
    let key = input::key(entity, record, place)?;
    let key = key.ok_or_else(|| {
        Fault::Many(ManyFault::KeyMissing {
            field: name.clone(),
        })
    })?;
    let spelled = spelled(&key);
    if repeated.get(&spelled).is_some_and(|count| *count > 1) {
        return Err(Fault::Many(ManyFault::KeyRepeated {
            field: name,
            value: spelled,
        }));
    }
    Ok(Change::Upsert {
        entity: Arc::clone(entity),
        field: place,
        key,
        values: input::values(entity, record, Some(place))?,
        update_only: false,
    })
}

/// The field by which records are found.
fn key_place(entity: &EntityDefinition, name: &str) -> Result<usize, Fault> {
    let known = entity.field(name);
    known
        .filter(|(_, field)| field.external_id || field.id_lookup)
        .map(|(place, _)| place)
        .ok_or_else(|| {
            Fault::Soap(SoapFault::KeyInvalid {
                field: name.to_owned(),
                entity: entity.name.clone(),
            })
        })
}

/// How often each external id occurs in the call: records with a repeated one are not saved.
fn repeated(call: &Call<'_>, field: &str) -> Result<HashMap<String, usize>, Fault> {
    let mut counts = HashMap::new();
    for record in call.arguments("sObjects") {
        let entity = input::entity_of(call, record)?;
        let place = key_place(entity, field)?;
        if let Ok(Some(key)) = input::key(entity, record, place) {
            *counts.entry(spelled(&key)).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

/// Text is compared without regard to letter case, as external ids are.
fn spelled(key: &Value) -> String {
    match key {
        Value::Text(text) => text.to_lowercase(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Id(id) => id.to_string(),
        other => format!("{other:?}"),
    }
}
