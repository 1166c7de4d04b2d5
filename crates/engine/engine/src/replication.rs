//! Which records of an object changed in a stretch of time, and how many there are.
//!
//! Source: "sObject Get Updated", "sObject Get Deleted", "Record Count" (REST API Developer Guide).

use std::sync::Arc;

use landfall_model::limits::REPLICATED_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, FieldType, RecordId, Timestamp, Value};
use landfall_query::Zone;
use landfall_query::plan::{Column, Comparison, Expression, Operand, Plan, Predicate};
use landfall_store::Room;

use crate::{Engine, Error};

/// See [`Engine::replicated`].
pub(crate) async fn replicated(
    engine: &Engine,
    entity: &Arc<EntityDefinition>,
    (from, until): (Timestamp, Timestamp),
    deleted: bool,
) -> Result<Vec<(RecordId, Timestamp)>, Error> {
    let stamp = ["SystemModstamp", "LastModifiedDate", "CreatedDate"]
        .into_iter()
        .find_map(|name| entity.index_of(name));
    let Some(stamp) = stamp else {
        return Ok(Vec::new());
    };
    let bound = |comparison, point| Predicate::Compare {
        operand: operand(stamp),
        comparison,
        value: Value::DateTime(point),
    };
    let filter = vec![
        in_bin(entity, deleted),
        bound(Comparison::GreaterOrEqual, from),
        bound(Comparison::Less, until),
    ];
    let columns = vec![Column {
        expression: field(stamp),
        field_type: FieldType::DateTime,
    }];
    let plan = plan(entity, columns, filter);
    let room = Room {
        rows: REPLICATED_RECORDS_MAX,
        records: REPLICATED_RECORDS_MAX,
    };
    let found = engine.search(move |reader| reader.query(&plan, room)).await;
    let found = found.map_err(|error| match error {
        Error::Store(landfall_store::Error::TooMany) => Fault::ReplicatedTooMany.into(),
        other => other,
    })?;
    let stamps = found.rows.iter().map(|row| match row.values.first() {
        Some(Value::DateTime(point)) => *point,
        _ => from,
    });
    Ok(found.ids.into_iter().zip(stamps).collect())
}

/// See [`Engine::record_count`].
pub(crate) async fn count(engine: &Engine, entity: &Arc<EntityDefinition>) -> Result<u64, Error> {
    let plan = plan(entity, Vec::new(), vec![in_bin(entity, false)]);
    engine.search(move |reader| reader.count(&plan)).await
}

/// Whether a record is in the recycle bin; objects without one have none there.
fn in_bin(entity: &EntityDefinition, deleted: bool) -> Predicate {
    match entity.index_of("IsDeleted") {
        Some(place) => Predicate::Compare {
            operand: operand(place),
            comparison: Comparison::Equal,
            value: Value::Boolean(deleted),
        },
        None if deleted => Predicate::NEVER,
        None => Predicate::ALWAYS,
    }
}

fn field(place: usize) -> Expression {
    Expression::Field { source: 0, place }
}

fn operand(place: usize) -> Operand {
    Operand {
        expression: field(place),
        folded: false,
    }
}

fn plan(entity: &Arc<EntityDefinition>, columns: Vec<Column>, filter: Vec<Predicate>) -> Plan {
    Plan {
        entity: Arc::clone(entity),
        parents: Vec::new(),
        columns,
        filter: Predicate::All(filter),
        grouping: None,
        order: Vec::new(),
        limit: None,
        offset: 0,
        children: Vec::new(),
        zone: Zone::utc(),
        fiscal_month: 1,
    }
}
