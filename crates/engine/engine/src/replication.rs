//! Which records of an object changed in a period, and how many there are.
//!
//! Source: "sObject Get Updated", "sObject Get Deleted", "Record Count" (REST API Developer Guide).

use std::sync::Arc;

use landfall_model::limits::{
    QUERY_TIME_MAX, REPLICATED_DAYS_DELETED, REPLICATED_DAYS_UPDATED, REPLICATED_RECORDS_MAX,
};
use landfall_model::{
    EntityDefinition, Fault, FieldType, RecordId, ReplicationFault, RequestFault, Timestamp, Value,
};
use landfall_query::Zone;
use landfall_query::plan::{Column, Comparison, Expression, Operand, Plan, Predicate};
use landfall_store::QueryLimits;

use crate::{Engine, Error, query};

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MILLIS: i64 = 24 * 60 * MINUTE_MILLIS;

/// Clients: two match this text to begin later.
const START_TOO_EARLY: &str = "startDate before org replication enabled date";

/// Which records of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replicated {
    /// Those that were made or changed, or brought back.
    Updated,
    /// Those that are in the recycle bin since then.
    Deleted,
}

/// A stretch of whole minutes, the last of them left out.
#[derive(Clone, Copy, Debug)]
pub struct Period {
    start: Timestamp,
    end: Timestamp,
    earliest: Timestamp,
    now: Timestamp,
    of: Replicated,
}

impl Period {
    /// The stretch between two points, their seconds ignored.
    ///
    /// # Errors
    /// [`RequestFault::ResourceNotFound`] for an object that is not replicated, [`ReplicationFault::DateInvalid`].
    pub fn new(
        now: Timestamp,
        entity: &EntityDefinition,
        (start, end): (Timestamp, Timestamp),
        of: Replicated,
    ) -> Result<Self, Fault> {
        if !entity.capabilities.replicateable {
            return Err(Fault::Request(RequestFault::ResourceNotFound));
        }
        let days = match of {
            Replicated::Updated => REPLICATED_DAYS_UPDATED,
            Replicated::Deleted => REPLICATED_DAYS_DELETED,
        };
        let now = whole_minute(now);
        let period = Self {
            start: whole_minute(start),
            end: whole_minute(end),
            earliest: now.plus_millis(-days * DAY_MILLIS),
            now,
            of,
        };
        let invalid = |reason| Err(Fault::Replication(ReplicationFault::DateInvalid { reason }));
        if period.end <= period.start {
            return invalid("endDate must be greater than startDate");
        }
        if period.start < period.earliest {
            return invalid(START_TOO_EARLY);
        }
        Ok(period)
    }

    /// The earliest start that is taken.
    pub const fn earliest(&self) -> Timestamp {
        self.earliest
    }

    /// Up to when there is nothing more to come.
    pub fn covered(&self) -> Timestamp {
        self.end.min(self.now)
    }
}

fn whole_minute(point: Timestamp) -> Timestamp {
    Timestamp::from_millis(point.as_millis().div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS)
}

/// See [`Engine::replicated`].
pub(crate) async fn replicated(
    engine: &Engine,
    user: RecordId,
    entity: &Arc<EntityDefinition>,
    period: &Period,
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
        in_bin(entity, period.of == Replicated::Deleted),
        bound(Comparison::GreaterOrEqual, period.start),
        bound(Comparison::Less, period.end),
    ];
    let columns = vec![Column {
        expression: field(stamp),
        field_type: FieldType::DateTime,
    }];
    let plan = plan(entity, columns, filter);
    let limits = QueryLimits {
        rows: REPLICATED_RECORDS_MAX,
        // One time each: the number of rows is the bound.
        bytes: usize::MAX,
        records: REPLICATED_RECORDS_MAX,
    };
    let found = engine.search(user, QUERY_TIME_MAX, move |reader, deadline| {
        reader.query(&plan, limits, deadline)
    });
    let found = found.await.map_err(|error| match error {
        Error::Store(landfall_store::Error::TooMany) => {
            Fault::Replication(ReplicationFault::TooMany).into()
        }
        error => query::too_long(error),
    })?;
    let stamps = found.rows.iter().map(|row| match row.values.first() {
        Some(Value::DateTime(point)) => *point,
        _ => period.start,
    });
    Ok(found.ids.into_iter().zip(stamps).collect())
}

/// See [`Engine::record_count`].
pub(crate) async fn count(
    engine: &Engine,
    user: RecordId,
    entity: &Arc<EntityDefinition>,
) -> Result<u64, Error> {
    let plan = plan(entity, Vec::new(), vec![in_bin(entity, false)]);
    let counted = engine.search(user, QUERY_TIME_MAX, move |reader, deadline| {
        reader.count(&plan, deadline)
    });
    counted.await.map_err(query::too_long)
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
