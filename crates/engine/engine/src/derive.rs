//! Fields that follow from other fields of the same record, and the rules that single objects have.
//!
//! Source: Object Reference, the pages of the named objects; stage probabilities are those of a Developer Edition.

use jiff::{Span, civil};
use landfall_model::{
    Date, EntityDefinition, Fault, FieldFault, Row, Timestamp, Value, ValueFault,
};

use crate::report::defect;
use crate::validate::{rounded, subject};

/// A row with its fields found by name. Names that the object does not have are read as null and written nowhere.
pub(crate) struct Fields<'a> {
    pub(crate) entity: &'a EntityDefinition,
    pub(crate) row: &'a mut Row,
    /// The row before the change, none if it is new.
    pub(crate) before: Option<&'a Row>,
}

impl Fields<'_> {
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.entity
            .index_of(name)
            .and_then(|place| self.row.get(place))
            .unwrap_or(&Value::Null)
    }

    /// The value before the change; null if the record is new.
    pub(crate) fn get_before(&self, name: &str) -> &Value {
        self.entity
            .index_of(name)
            .and_then(|place| self.before?.get(place))
            .unwrap_or(&Value::Null)
    }

    /// Whether an update changes a value.
    pub(crate) fn is_changed(&self, name: &str) -> bool {
        self.before.is_some() && self.get(name) != self.get_before(name)
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).as_text().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        let place = self.entity.index_of(name);
        if let Some(slot) = place.and_then(|place| self.row.get_mut(place)) {
            *slot = value;
        }
    }

    pub(crate) fn refuse(&self, name: &str, reason: &str) -> Fault {
        match self.entity.field(name) {
            Some((_, field)) => Fault::Value(ValueFault::Refused {
                field: subject(field),
                reason: reason.to_owned(),
            }),
            None => defect("a field of a derivation does not exist"),
        }
    }
}

/// Brings the derived fields of a row in step with the others. `before` is the row before the change, none if it is new;
/// `given` returns whether the request sets a field.
pub(crate) fn derive(
    entity: &EntityDefinition,
    row: &mut Row,
    before: Option<&Row>,
    now: Timestamp,
    given: &dyn Fn(&str) -> bool,
) -> Result<(), Fault> {
    let mut fields = Fields {
        entity,
        row,
        before,
    };
    match entity.name.as_str() {
        "Account" if fields.get("IsPersonAccount").as_bool() == Some(true) => name(&mut fields),
        "Contact" | "Individual" => name(&mut fields),
        "Lead" => {
            name(&mut fields);
            if fields.is_changed("OwnerId") {
                fields.set("LastTransferDate", Value::Date(Date::of(now)));
            }
        }
        "User" => {
            name(&mut fields);
            nickname(&mut fields);
        }
        "Opportunity" => {
            opportunity(&mut fields, given);
            opportunity_history(&mut fields, now);
        }
        "Case" => case(&mut fields, now),
        "Task" => task(&mut fields, now),
        "Event" => event(&mut fields, given)?,
        "Asset" if fields.get("AccountId").is_null() && fields.get("ContactId").is_null() => {
            return Err(fields.refuse(
                "AccountId",
                "Every asset needs an account, a contact, or both.",
            ));
        }
        "Contract" => contract(&mut fields),
        "Order" => {
            let code = status_code(fields.text("Status"));
            fields.set("StatusCode", code);
        }
        _ => {}
    }
    Ok(())
}

/// Derives the name of a person alone.
pub(crate) fn person_name(entity: &EntityDefinition, row: &mut Row) {
    name(&mut Fields {
        entity,
        row,
        before: None,
    });
}

fn name(fields: &mut Fields<'_>) {
    let parts = ["FirstName", "MiddleName", "LastName", "Suffix"].map(|name| fields.text(name));
    let name = parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    fields.set("Name", Value::Text(name));
}

fn nickname(fields: &mut Fields<'_>) {
    if fields.get("CommunityNickname").is_null() {
        let local = fields
            .text("Username")
            .split('@')
            .next()
            .unwrap_or_default();
        let nickname = local.chars().take(40).collect();
        fields.set("CommunityNickname", Value::Text(nickname));
    }
}

/// What a stage of an opportunity means.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'n> {
    name: &'n str,
    pub(crate) probability: f64,
    pub(crate) forecast: &'n str,
    pub(crate) closed: bool,
    pub(crate) won: bool,
}

const fn open(name: &str, probability: f64) -> Stage<'_> {
    Stage {
        name,
        probability,
        forecast: "Pipeline",
        closed: false,
        won: false,
    }
}

static STAGES: [Stage<'_>; 10] = [
    open("Prospecting", 10.0),
    open("Qualification", 10.0),
    open("Needs Analysis", 20.0),
    open("Value Proposition", 50.0),
    open("Id. Decision Makers", 60.0),
    open("Perception Analysis", 70.0),
    open("Proposal/Price Quote", 75.0),
    open("Negotiation/Review", 90.0),
    Stage {
        name: "Closed Won",
        probability: 100.0,
        forecast: "Closed",
        closed: true,
        won: true,
    },
    Stage {
        name: "Closed Lost",
        probability: 0.0,
        forecast: "Omitted",
        closed: true,
        won: false,
    },
];

/// What a stage means; one of which nothing is known is open.
pub(crate) fn stage<'n>(opportunities: &'n EntityDefinition, name: &str) -> Stage<'n> {
    if let Some(meaning) = opportunities.meaning("StageName", name) {
        return Stage {
            name: &meaning.value,
            probability: f64::from(meaning.probability),
            forecast: meaning.forecast.as_deref().unwrap_or("Pipeline"),
            closed: meaning.closed,
            won: meaning.won,
        };
    }
    let mut stages = STAGES.iter();
    let shipped = stages.find(|stage| stage.name == name);
    shipped.copied().unwrap_or(open("", 0.0))
}

/// Whether cases or tasks with this status are closed.
pub(crate) fn is_closed(entity: &EntityDefinition, status: &str) -> bool {
    let meaning = entity.meaning("Status", status);
    meaning.map_or_else(
        || status == "Closed" || status == "Completed",
        |meaning| meaning.closed,
    )
}

/// Whether tasks with this priority are urgent.
pub(crate) fn is_high(tasks: &EntityDefinition, priority: &str) -> bool {
    let meaning = tasks.meaning("Priority", priority);
    meaning.map_or_else(|| priority == "High", |meaning| meaning.high_priority)
}

/// Whether leads with this status are converted.
pub(crate) fn is_converted(leads: &EntityDefinition, status: &str) -> bool {
    let meaning = leads.meaning("Status", status);
    meaning.map_or_else(
        || status == "Closed - Converted",
        |meaning| meaning.converted,
    )
}

/// Whether solutions with this status are reviewed.
pub(crate) fn is_reviewed(solutions: &EntityDefinition, status: &str) -> bool {
    let meaning = solutions.meaning("Status", status);
    meaning.map_or_else(|| status == "Reviewed", |meaning| meaning.reviewed)
}

/// The API name of a forecast category.
pub(crate) fn forecast_category(name: &str) -> &str {
    match name {
        "Best Case" => "BestCase",
        "Most Likely" => "MostLikely",
        "Commit" => "Forecast",
        name => name,
    }
}

fn opportunity(fields: &mut Fields<'_>, given: &dyn Fn(&str) -> bool) {
    let stage = stage(fields.entity, fields.text("StageName"));
    // Setting the same stage again keeps the probability that was set by hand.
    if fields.before.is_none() || fields.is_changed("StageName") {
        if !given("Probability") {
            fields.set("Probability", Value::Double(stage.probability));
        }
        if !given("ForecastCategoryName") {
            fields.set(
                "ForecastCategoryName",
                Value::Text(stage.forecast.to_owned()),
            );
        }
        fields.set("IsClosed", Value::Boolean(stage.closed));
        fields.set("IsWon", Value::Boolean(stage.won));
    }
    let category = forecast_category(fields.text("ForecastCategoryName")).to_owned();
    fields.set("ForecastCategory", Value::Text(category));
    let expected = match (fields.get("Amount"), fields.get("Probability")) {
        (Value::Double(amount), Value::Double(percent)) => {
            let expected = Value::Double(amount * percent / 100.0);
            match fields.entity.field("ExpectedRevenue") {
                Some((_, field)) => rounded(field, expected),
                None => expected,
            }
        }
        _ => Value::Null,
    };
    fields.set("ExpectedRevenue", expected);
    if let Value::Date(closes) = *fields.get("CloseDate")
        && let Some(day) = civil_date(closes)
    {
        let (year, quarter) = (day.year(), (day.month() + 2) / 3);
        fields.set("FiscalYear", Value::Integer(year.into()));
        fields.set("FiscalQuarter", Value::Integer(quarter.into()));
        fields.set("Fiscal", Value::Text(format!("{year} {quarter}")));
    }
}

/// What an opportunity keeps of its changes. Moving the close date within its month, or to an earlier one, is no push.
///
/// Source: "Opportunity" (Object Reference), `LastStageChangeDate`, `PushCount`.
fn opportunity_history(fields: &mut Fields<'_>, now: Timestamp) {
    if fields.is_changed("StageName") {
        fields.set("LastStageChangeDate", Value::DateTime(now.whole_second()));
    }
    let month = |value: &Value| match value {
        Value::Date(day) => civil_date(*day).map(|day| (day.year(), day.month())),
        _ => None,
    };
    let (before, after) = (fields.get_before("CloseDate"), fields.get("CloseDate"));
    if let (Some(before), Some(after)) = (month(before), month(after))
        && before < after
    {
        let pushes = match fields.get("PushCount") {
            Value::Integer(pushes) => *pushes,
            _ => 0,
        };
        fields.set("PushCount", Value::Integer(pushes.saturating_add(1)));
    }
}

/// Source: "Task" (Object Reference), `CompletedDateTime`, `IsHighPriority`.
fn task(fields: &mut Fields<'_>, now: Timestamp) {
    let closed = is_closed(fields.entity, fields.text("Status"));
    fields.set("IsClosed", Value::Boolean(closed));
    if !closed {
        fields.set("CompletedDateTime", Value::Null);
    } else if fields.before.is_none() || fields.is_changed("Status") {
        fields.set("CompletedDateTime", Value::DateTime(now.whole_second()));
    }
    let high = is_high(fields.entity, fields.text("Priority"));
    fields.set("IsHighPriority", Value::Boolean(high));
}

fn case(fields: &mut Fields<'_>, now: Timestamp) {
    let closed = is_closed(fields.entity, fields.text("Status"));
    fields.set("IsClosed", Value::Boolean(closed));
    if !closed {
        fields.set("ClosedDate", Value::Null);
    } else if fields.get("ClosedDate").is_null() {
        fields.set("ClosedDate", Value::DateTime(now.whole_second()));
    }
}

/// A calendar entry has a start and a length; the end follows, or the length follows from the end.
fn event(fields: &mut Fields<'_>, given: &dyn Fn(&str) -> bool) -> Result<(), Fault> {
    let start_given = if given("StartDateTime") {
        "StartDateTime"
    } else {
        "ActivityDateTime"
    };
    let start = match (fields.get(start_given), fields.get("ActivityDate")) {
        (_, Value::Date(day)) if given("ActivityDate") && !given(start_given) => day.midnight(),
        (Value::DateTime(start), _) => *start,
        (_, Value::Date(day)) => day.midnight(),
        _ => {
            return Err(Fault::Field(FieldFault::Required {
                fields: field_names(fields.entity, &["DurationInMinutes", "ActivityDateTime"]),
            }));
        }
    };
    let minutes = match (fields.get("DurationInMinutes"), fields.get("EndDateTime")) {
        (_, Value::DateTime(end)) if given("EndDateTime") => end.since(start) / 60_000,
        (Value::Integer(minutes), _) => *minutes,
        (_, Value::DateTime(end)) => end.since(start) / 60_000,
        _ => {
            return Err(Fault::Field(FieldFault::Required {
                fields: field_names(fields.entity, &["DurationInMinutes"]),
            }));
        }
    };
    if minutes < 0 {
        return Err(fields.refuse(
            "EndDateTime",
            "End date/time cannot be before start date/time",
        ));
    }
    let end = start.plus_millis(minutes.saturating_mul(60_000));
    fields.set("ActivityDateTime", Value::DateTime(start));
    fields.set("StartDateTime", Value::DateTime(start));
    fields.set("ActivityDate", Value::Date(Date::of(start)));
    fields.set("DurationInMinutes", Value::Integer(minutes));
    fields.set("EndDateTime", Value::DateTime(end));
    fields.set("EndDate", Value::Date(Date::of(end)));
    Ok(())
}

fn field_names(entity: &EntityDefinition, names: &[&str]) -> Vec<landfall_model::FieldName> {
    names
        .iter()
        .filter_map(|name| entity.field(name))
        .map(|(_, field)| field.name.clone())
        .collect()
}

/// A contract ends the day before its term is over.
fn contract(fields: &mut Fields<'_>) {
    let end = match (fields.get("StartDate"), fields.get("ContractTerm")) {
        (Value::Date(start), Value::Integer(months)) => civil_date(*start)
            .and_then(|day| {
                let term = Span::new().try_months(*months).ok()?;
                day.checked_add(term).ok()?.yesterday().ok()
            })
            .and_then(days_since_epoch)
            .map_or(Value::Null, Value::Date),
        _ => Value::Null,
    };
    fields.set("EndDate", end);
    let code = status_code(fields.text("Status"));
    fields.set("StatusCode", code);
}

pub(crate) fn status_code(status: &str) -> Value {
    match status {
        "" => Value::Null,
        "In Approval Process" => Value::Text("InApproval".to_owned()),
        other => Value::Text(other.to_owned()),
    }
}

/// The last day of the quarter that a day is in.
pub(crate) fn quarter_end(day: Date) -> Value {
    civil_date(day)
        .and_then(|day| {
            let months = 2 - (day.month() - 1) % 3;
            let last = day.first_of_month().checked_add(Span::new().months(months));
            days_since_epoch(last.ok()?.last_of_month())
        })
        .map_or(Value::Null, Value::Date)
}

fn civil_date(date: Date) -> Option<civil::Date> {
    civil::date(1970, 1, 1)
        .checked_add(Span::new().try_days(date.as_days()).ok()?)
        .ok()
}

fn days_since_epoch(day: civil::Date) -> Option<Date> {
    let span = civil::date(1970, 1, 1).until(day).ok()?;
    Some(Date::from_days(span.get_days()))
}
