//! Fields that get another type: the new values are written to columns of their own first, in small steps that nobody sees.
//! The commit puts those columns in the place of the old ones, so that it is as short as any other.

use std::fmt::Write as _;

use landfall_model::limits::CONVERSION_RECORDS;
use landfall_model::{RecordId, Value};
use landfall_relational::query::Dialect;
use landfall_relational::table::Layout as _;
use landfall_store::{Cause, Conversion, Error, ValueKind};

use crate::error::reading;
use crate::layout::{ID, Layout, name};
use crate::prepare;
use crate::rows;
use crate::session::{Request, Session};
use crate::value::{Arg, fits};

/// A column that takes the place of another.
struct Column {
    /// The place of its field.
    place: usize,
    /// The quoted name.
    name: String,
    /// The quoted name until then.
    written: String,
    holds: ValueKind,
}

/// The conversion of one object.
pub(crate) struct Converting<'c> {
    conversion: &'c Conversion,
    from: Layout,
    to: Layout,
    columns: Vec<Column>,
    after: Option<RecordId>,
}

impl<'c> Converting<'c> {
    pub(crate) fn new(conversion: &'c Conversion) -> Result<Self, Cause> {
        let (from, to) = (Layout::new(&conversion.from), Layout::new(&conversion.to));
        let mut columns = Vec::new();
        for place in conversion.places() {
            let (Some(_), Some(column)) = (from.table.column(place), to.table.column(place)) else {
                let table = &to.table.name;
                return Err(format!("field number {place} of {table} has no column").into());
            };
            columns.push(Column {
                place,
                name: column.name.clone(),
                // No field has a name with a space.
                written: name(&format!("{} converted", column.field.as_str())),
                holds: column.holds,
            });
        }
        Ok(Self {
            conversion,
            from,
            to,
            columns,
            after: None,
        })
    }

    /// Adds the columns for the new values. An attempt that failed may have left some.
    pub(crate) fn begin(&self) -> Vec<Request> {
        let table = &self.to.table.name;
        let columns = self.columns.iter().flat_map(|column| {
            let declaration = prepare::declaration_of(&column.written, column.holds);
            [
                format!(
                    "ALTER TABLE {table} DROP COLUMN IF EXISTS {}",
                    column.written
                ),
                format!("ALTER TABLE {table} ADD COLUMN {declaration}"),
            ]
        });
        columns.map(|sql| Request::new(sql, Vec::new())).collect()
    }

    /// Converts the next records; none: there are no more.
    pub(crate) fn step(&mut self, session: &Session) -> landfall_store::Result<Option<Request>> {
        let request = rows::page(&self.from, self.after, CONVERSION_RECORDS);
        let page = session.one(request).map_err(reading("record"))?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(rows::id_of(last)?);
        let mut ids = Vec::with_capacity(page.len());
        let mut values: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::new()).collect();
        for row in &page {
            ids.push(rows::id_of(row)?.as_str().to_owned());
            let row = rows::read(&self.from, row)?;
            for (column, values) in self.columns.iter().zip(&mut values) {
                let value = row.get(column.place).unwrap_or(&Value::Null);
                let value = self.conversion.value(column.place, value);
                if !fits(column.holds, &value) {
                    return Err(Error::Corrupt {
                        what: "record",
                        reason: format!("{} takes no converted value", column.name),
                    });
                }
                values.push(value);
            }
        }
        Ok(Some(self.update(ids, values)))
    }

    fn update(&self, ids: Vec<String>, values: Vec<Vec<Value>>) -> Request {
        let mut args = vec![Arg::Texts(ids)];
        let (mut set, mut arrays, mut places) =
            (String::new(), "$1::text[]".to_owned(), "c1".to_owned());
        for (column, values) in self.columns.iter().zip(values) {
            args.push(Arg::Column(column.holds, values));
            let number = args.len();
            let comma = if set.is_empty() { "" } else { ", " };
            let _ = write!(set, "{comma}{} = v.c{number}", column.written);
            let _ = write!(
                arrays,
                ", ${number}::{}[]",
                Dialect::Postgres.type_of(column.holds)
            );
            let _ = write!(places, ", c{number}");
        }
        let table = &self.to.table.name;
        Request::new(
            format!(
                "UPDATE {table} AS t SET {set} FROM unnest({arrays}) AS v({places}) WHERE t.{ID} = v.c1"
            ),
            args,
        )
    }

    /// Puts the columns in the place of the old ones, with their indexes.
    pub(crate) fn end(&self) -> Vec<Request> {
        let table = &self.to.table.name;
        let mut statements = Vec::new();
        for column in &self.columns {
            // Its indexes go with it.
            statements.push(format!("ALTER TABLE {table} DROP COLUMN {}", column.name));
            statements.push(format!(
                "ALTER TABLE {table} RENAME COLUMN {} TO {}",
                column.written, column.name
            ));
        }
        let places = self.columns.iter().map(|column| column.place);
        let converted = places.filter_map(|place| self.to.table.column(place));
        let indexes = converted.filter_map(|column| prepare::index(&self.to.table, column));
        statements.extend(indexes.map(|(_, sql)| sql));
        let statements = statements.into_iter();
        let mut requests: Vec<Request> = statements
            .map(|sql| Request::new(sql, Vec::new()))
            .collect();
        let entity = self.conversion.to.name.as_str();
        requests.push(prepare::known_as(entity, &self.to));
        requests
    }
}
