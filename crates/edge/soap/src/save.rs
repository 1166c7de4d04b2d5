//! `create`, `update`, `upsert`, `delete`, `undelete`: up to 200 records, one transaction, a result for each.
//!
//! Source: the calls of these names, `AllOrNoneHeader` (SOAP API Developer Guide).

use std::collections::HashMap;
use std::sync::Arc;

use landfall_engine::{Change, Outcome, Transaction};
use landfall_envelope::{Writer, xml::Element};
use landfall_model::limits::REST_COLLECTION_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, ManyFault, RecordId, SoapFault, Value};

use crate::call::Call;
use crate::fault::{denied, refused};
use crate::given;

const USER: &str = "User";

/// Creates records.
pub(crate) async fn create(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let changes = changes(call, |entity, record| {
        if given::id(entity, record)?.is_some() {
            return Err(Fault::Many(ManyFault::IdInInsert));
        }
        Ok(Change::Create {
            entity: Arc::clone(entity),
            values: given::values(entity, record, None)?,
        })
    })?;
    for outcome in commit(call, changes).await? {
        w.element("result", |w| write_outcome(w, &outcome, None));
    }
    Ok(())
}

/// Changes records.
pub(crate) async fn update(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let changes = changes(call, |entity, record| {
        let id = given::id(entity, record)?;
        updated(entity, record, id.ok_or(Fault::Many(ManyFault::IdMissing))?)
    })?;
    for outcome in commit(call, changes).await? {
        w.element("result", |w| write_outcome(w, &outcome, None));
    }
    Ok(())
}

/// Creates records or changes them, by their ids or by an external id.
pub(crate) async fn upsert(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let field = call.argument("externalIDFieldName").unwrap_or_default();
    let repeated = repeated(call, field)?;
    let changes = changes(call, |entity, record| {
        let place = key_place(entity, field)?;
        if entity.index_of("Id") == Some(place) {
            return match given::id(entity, record)? {
                Some(id) => updated(entity, record, id),
                None => Ok(Change::Create {
                    entity: Arc::clone(entity),
                    values: given::values(entity, record, None)?,
                }),
            };
        }
        let name = entity.fields.get(place).map(|field| field.name.clone());
        let name = name.ok_or(Fault::ResourceNotFound)?;
        let key = given::key(entity, record, place)?;
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
            values: given::values(entity, record, Some(place))?,
            update_only: false,
        })
    })?;
    for outcome in commit(call, changes).await? {
        let created = matches!(&outcome, Ok(saved) if saved.created);
        w.element("result", |w| {
            w.boolean("created", created);
            write_outcome(w, &outcome, None);
        });
    }
    Ok(())
}

/// Puts records into the recycle bin.
pub(crate) async fn delete(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let ids = ids(call)?;
    let changes = ids.iter().map(|text| {
        of_id(call, text, Fault::RecordUnknown).map_or_else(Change::Refused, |(entity, id)| {
            Change::Delete { entity, id }
        })
    });
    for outcome in commit(call, changes.collect()).await? {
        w.element("result", |w| write_outcome(w, &outcome, None));
    }
    Ok(())
}

/// Takes records out of the recycle bin, with those that went along. A record that stays there keeps its id in the answer.
pub(crate) async fn undelete(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let ids = ids(call)?;
    let changes = ids.iter().map(|text| {
        of_id(call, text, Fault::RecordNotDeleted).map_or_else(Change::Refused, |(entity, id)| {
            Change::Undelete { entity, id }
        })
    });
    let outcomes = commit(call, changes.collect()).await?;
    for (outcome, id) in outcomes.into_iter().zip(ids) {
        // What never was a record is not in the bin either.
        let outcome = outcome.map_err(|fault| match fault {
            Fault::RecordUnknown | Fault::RecordNotFound => Fault::RecordNotDeleted,
            fault => fault,
        });
        w.element("result", |w| write_outcome(w, &outcome, Some(id)));
    }
    Ok(())
}

/// What the records of a call come to. What is wrong with one of them is its own business, unless it cannot be read.
fn changes(
    call: &Call<'_>,
    change: impl Fn(&Arc<EntityDefinition>, &Element) -> Result<Change, Fault>,
) -> Result<Vec<Change>, Fault> {
    let records = call.arguments("sObjects");
    check_count(records.len())?;
    records
        .into_iter()
        .map(|record| {
            let entity = given::entity_of(call, record)?;
            let change = check_access(call, entity).and_then(|()| change(entity, record));
            match change {
                Err(fault @ Fault::Soap(_)) => Err(fault),
                change => Ok(change.unwrap_or_else(Change::Refused)),
            }
        })
        .collect()
}

fn updated(
    entity: &Arc<EntityDefinition>,
    record: &Element,
    id: RecordId,
) -> Result<Change, Fault> {
    Ok(Change::Update {
        entity: Arc::clone(entity),
        id,
        values: given::values(entity, record, None)?,
        unmodified_since: None,
    })
}

fn check_count(count: usize) -> Result<(), Fault> {
    let most = REST_COLLECTION_RECORDS_MAX;
    if count > most {
        return Err(Fault::Many(ManyFault::RecordsTooMany { most }));
    }
    Ok(())
}

fn check_access(call: &Call<'_>, entity: &EntityDefinition) -> Result<(), Fault> {
    if landfall_auth::may_change(call.login.permissions, entity) {
        Ok(())
    } else {
        Err(Fault::AccessDenied)
    }
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

/// How often each external id stands in the call: those that do twice are not saved.
fn repeated(call: &Call<'_>, field: &str) -> Result<HashMap<String, usize>, Fault> {
    let mut counts = HashMap::new();
    for record in call.arguments("sObjects") {
        let entity = given::entity_of(call, record)?;
        let place = key_place(entity, field)?;
        if let Ok(Some(key)) = given::key(entity, record, place) {
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

/// The ids of a call, as they are written.
fn ids<'r>(call: &Call<'r>) -> Result<Vec<&'r str>, Fault> {
    let ids = call.arguments("ids");
    check_count(ids.len())?;
    Ok(ids.into_iter().map(|id| id.text.trim()).collect())
}

/// The record of an id and its object.
fn of_id(
    call: &Call<'_>,
    text: &str,
    unknown: Fault,
) -> Result<(Arc<EntityDefinition>, RecordId), Fault> {
    let id = RecordId::parse(text).map_err(|_| {
        Fault::Many(ManyFault::IdUnreadable {
            value: text.to_owned(),
        })
    })?;
    let entity = call.catalog().entity_of(id.prefix()).ok_or(unknown)?;
    check_access(call, entity)?;
    Ok((Arc::clone(entity), id))
}

/// Makes the changes of a call in one transaction, and tells the logins which users have changed.
async fn commit(call: &Call<'_>, changes: Vec<Change>) -> Result<Vec<Outcome>, Fault> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = Transaction {
        changes,
        all_or_none: call.is_all_or_none(),
        user: call.login.user_id,
        origin: call.origin(),
    };
    let outcomes = call.state.engine.commit(transaction).await;
    let outcomes = outcomes.map_err(refused)?;
    let users = call.catalog().entity(USER).map(|user| user.key_prefix);
    for saved in outcomes.iter().flatten() {
        if Some(saved.id.prefix()) == users
            && let Err(error) = call.state.auth.user_changed(saved.id).await
        {
            // The change is made; logins see it when the keeper looks next.
            denied(error);
        }
    }
    Ok(outcomes)
}

/// Writes what became of a change: errors, id, success.
fn write_outcome(w: &mut Writer, outcome: &Outcome, kept: Option<&str>) {
    match outcome {
        Ok(saved) => {
            w.text("id", saved.id.as_str());
            w.boolean("success", true);
        }
        Err(fault) => {
            let error = landfall_wire::soap(fault);
            w.element("errors", |w| {
                for field in &error.fields {
                    w.text("fields", field);
                }
                w.text("message", &error.message);
                w.text("statusCode", error.code);
            });
            w.text_or_nil("id", kept);
            w.boolean("success", false);
        }
    }
}
