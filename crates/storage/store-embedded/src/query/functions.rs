//! What SQL lacks: the functions and the way of comparing texts that queries need, from the crate that defines them.

use landfall_model::{Date, Timestamp};
use landfall_query::calendar::{Moment, part};
use landfall_query::{Zone, distance, text};
use landfall_relational::query::FUNCTIONS;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

/// Makes them known to a connection.
pub(crate) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_collation("landfall", text::compare)?;
    connection.create_scalar_function("landfall_like", 2, flags, |context| {
        texts(context, text::is_like)
    })?;
    connection.create_scalar_function("landfall_words", 2, flags, |context| {
        texts(context, text::has_words)
    })?;
    connection.create_scalar_function("landfall_includes", 2, flags, |context| {
        texts(context, text::includes)
    })?;
    connection.create_scalar_function("landfall_distance", 5, flags, apart)?;
    connection.create_scalar_function("landfall_date_part", 5, flags, date_part)?;
    connection.create_scalar_function("landfall_formula", -1, flags, super::formulas::value)
}

/// A truth about two texts; null if the first is.
fn texts(context: &Context<'_>, holds: fn(&str, &str) -> bool) -> Result<Option<bool>> {
    let text = |place: usize| match context.get_raw(place) {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(Error::from),
        _ => Ok(None),
    };
    Ok(match (text(0)?, text(1)?) {
        (Some(left), Some(right)) => Some(holds(left, right)),
        _ => None,
    })
}

fn apart(context: &Context<'_>) -> Result<Option<f64>> {
    let own: (Option<f64>, Option<f64>) = (context.get(0)?, context.get(1)?);
    let to: (f64, f64) = (context.get(2)?, context.get(3)?);
    let kilometres: bool = context.get(4)?;
    Ok(match own {
        (Some(latitude), Some(longitude)) => Some(distance((latitude, longitude), to, kilometres)),
        _ => None,
    })
}

fn date_part(context: &Context<'_>) -> Result<Option<i64>> {
    let Some(number) = context.get::<Option<i64>>(1)? else {
        return Ok(None);
    };
    let function = usize::try_from(context.get::<i64>(0)?).ok();
    let of_day: bool = context.get(2)?;
    let zone: Option<String> = context.get(3)?;
    let fiscal_month: u8 = context.get(4)?;
    let moment = if of_day {
        i32::try_from(number)
            .ok()
            .map(|days| Moment::Day(Date::from_days(days)))
    } else {
        Some(Moment::Point(Timestamp::from_millis(number)))
    };
    let zone = zone.and_then(|name| Zone::find(&name));
    let found = function
        .and_then(|number| FUNCTIONS.get(number))
        .zip(moment);
    Ok(found.and_then(|(function, moment)| part(*function, moment, zone.as_ref(), fiscal_month)))
}
