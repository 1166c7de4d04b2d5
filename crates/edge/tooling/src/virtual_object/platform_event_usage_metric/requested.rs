//! What a query of usage asks for, and what it may not ask.
//!
//! Source: "Query Rules", "Query Considerations" of "Enhanced Usage Metrics" (Platform Events Developer Guide). The text
//! about the time segment is one of a recorded refusal; those of the others are ours.

use landfall_engine::query::plan::{Comparison, Expression, Operand, Plan, Predicate};
use landfall_engine::query::{Answers, Checked};
use landfall_model::limits::USAGE_DAYS;
use landfall_model::{EntityDefinition, Fault, QueryFault, QueryRefusal, Timestamp, Value};

pub(super) const QUARTER_MS: i64 = 15 * 60 * 1000;
pub(super) const HOUR_MS: i64 = 4 * QUARTER_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;
const RANGE_MS_MAX: i64 = USAGE_DAYS * DAY_MS;

/// Stretches of time in which events are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Daily,
    Hourly,
    FifteenMinutes,
}

impl Segment {
    const ALL: [Self; 3] = [Self::Daily, Self::Hourly, Self::FifteenMinutes];
    pub(super) const NAMES: [&str; 3] = [
        Self::Daily.name(),
        Self::Hourly.name(),
        Self::FifteenMinutes.name(),
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Daily => "Daily",
            Self::Hourly => "Hourly",
            Self::FifteenMinutes => "FifteenMinutes",
        }
    }

    /// Unit: milliseconds.
    pub(super) const fn length(self) -> i64 {
        match self {
            Self::Daily => DAY_MS,
            Self::Hourly => HOUR_MS,
            Self::FifteenMinutes => QUARTER_MS,
        }
    }

    /// The longest range that is reported in such periods; the shortest is one of them.
    const fn range_max(self) -> i64 {
        match self {
            Self::Daily => RANGE_MS_MAX,
            Self::Hourly => DAY_MS,
            Self::FifteenMinutes => HOUR_MS,
        }
    }
}

/// What a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requested {
    pub(super) segment: Segment,
    /// Figures that end at this point or before it are left out.
    pub(super) after: Timestamp,
    /// Those that begin after it as well.
    pub(super) until: Timestamp,
    /// The fields that the query names.
    fields: Vec<String>,
}

impl Requested {
    /// What a query asks for.
    ///
    /// # Errors
    /// [`QueryFault::Refused`] for what may not be requested.
    pub(super) fn of(checked: &Checked, now: Timestamp) -> Result<Self, Fault> {
        let plan = &checked.plan;
        if !matches!(checked.answers, Answers::Records(_)) {
            return refused("Aggregate functions aren't supported for enhanced usage metrics");
        }
        if plan.limit.is_some() || plan.offset > 0 {
            return refused("LIMIT and OFFSET aren't supported for enhanced usage metrics");
        }
        let terms = Terms::of(plan);
        let segment = terms.segment()?;
        let fields = fields(plan);
        let names = |wanted: &[&str]| fields.iter().any(|field| wanted.contains(&field.as_str()));
        if !names(&["Name", "EventName", "EventType"]) {
            return refused("Name, EventName or EventType has to be in the SELECT or WHERE clause");
        }
        if names(&["EventName", "EventType"]) && !names(&["UsageType"]) {
            return refused("EventName and EventType need UsageType in the SELECT or WHERE clause");
        }
        let range = match (terms.start(), terms.end()) {
            (Some(start), Some(end)) => Some((start, end)),
            _ if names_dates(plan) => {
                return refused(
                    "StartDate and EndDate have to be in the WHERE clause both, or neither of them",
                );
            }
            _ => None,
        };
        let (after, until) = match range {
            Some((start, end)) => {
                check_range(segment, start, end, now)?;
                (start, end)
            }
            None if segment.range_max() < DAY_MS => return refused(SPAN),
            None => (now.plus_millis(-DAY_MS), now),
        };
        Ok(Self {
            segment,
            after,
            until,
            fields,
        })
    }

    /// Whether figures are grouped by a field.
    pub(super) fn includes(&self, field: &str) -> bool {
        self.fields.iter().any(|named| named == field)
    }
}

const SPAN: &str = "The time span between StartDate and EndDate isn't valid for the TimeSegment";

fn check_range(
    segment: Segment,
    start: Timestamp,
    end: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let span = end.since(start);
    if now.since(start) > RANGE_MS_MAX {
        return refused("StartDate can't be more than 60 days ago");
    }
    if !(segment.length()..=segment.range_max()).contains(&span) {
        return refused(SPAN);
    }
    Ok(())
}

/// What has to be true of every record.
struct Terms<'p> {
    entity: &'p EntityDefinition,
    all: Vec<(&'p Operand, Comparison, &'p Value)>,
}

impl<'p> Terms<'p> {
    fn of(plan: &'p Plan) -> Self {
        let mut all = Vec::new();
        gather(&plan.filter, &mut all);
        Self {
            entity: &plan.entity,
            all,
        }
    }

    /// What a field is compared with.
    fn about(&self, field: &str) -> impl Iterator<Item = (Comparison, &'p Value)> {
        let place = self.entity.index_of(field);
        let about = self.all.iter().filter(move |(operand, _, _)| {
            matches!(operand.expression, Expression::Field { place: own, .. } if Some(own) == place)
        });
        about.map(|(_, comparison, value)| (*comparison, *value))
    }

    fn segment(&self) -> Result<Segment, Fault> {
        let named = self.about("TimeSegment").find_map(|term| match term {
            (Comparison::Equal, Value::Text(name)) => Some(name),
            _ => None,
        });
        let mut segments = Segment::ALL.into_iter();
        let segment = named
            .and_then(|name| segments.find(|segment| segment.name().eq_ignore_ascii_case(name)));
        segment.map_or_else(|| refused(SEGMENT_MISSING), Ok)
    }

    /// The latest of the points that `StartDate` is not before.
    fn start(&self) -> Option<Timestamp> {
        use Comparison::{Equal, Greater, GreaterOrEqual};
        let bounds = self.about("StartDate").filter_map(|term| match term {
            (Equal | Greater | GreaterOrEqual, Value::DateTime(point)) => Some(*point),
            _ => None,
        });
        bounds.max()
    }

    /// The earliest of the points that `EndDate` is not after.
    fn end(&self) -> Option<Timestamp> {
        use Comparison::{Equal, Less, LessOrEqual};
        let bounds = self.about("EndDate").filter_map(|term| match term {
            (Equal | Less | LessOrEqual, Value::DateTime(point)) => Some(*point),
            _ => None,
        });
        bounds.min()
    }
}

fn gather<'p>(predicate: &'p Predicate, all: &mut Vec<(&'p Operand, Comparison, &'p Value)>) {
    match predicate {
        Predicate::All(terms) => {
            for term in terms {
                gather(term, all);
            }
        }
        Predicate::Compare {
            operand,
            comparison,
            value,
        } => all.push((operand, *comparison, value)),
        _ => {}
    }
}

const SEGMENT_MISSING: &str = "event.udd.metrics.query.exceptions.TimeSegmentFieldMissingException: The required \
    TimeSegment field is missing in the SOQL query. Provide a valid TimeSegment field value.";

/// The fields that a query names anywhere.
fn fields(plan: &Plan) -> Vec<String> {
    let mut places = Vec::new();
    let mut tell = |place| places.push(place);
    for column in &plan.columns {
        column.expression.each_field(&mut tell);
    }
    plan.filter.each_field(&mut tell);
    for step in &plan.order {
        step.operand.expression.each_field(&mut tell);
    }
    names_of(plan, &places)
}

fn names_dates(plan: &Plan) -> bool {
    let mut places = Vec::new();
    plan.filter.each_field(&mut |place| places.push(place));
    let named = names_of(plan, &places);
    named
        .iter()
        .any(|name| matches!(name.as_str(), "StartDate" | "EndDate"))
}

fn names_of(plan: &Plan, places: &[usize]) -> Vec<String> {
    let fields = places
        .iter()
        .filter_map(|place| plan.entity.fields.get(*place));
    fields.map(|field| field.name.to_string()).collect()
}

fn refused<T>(text: &'static str) -> Result<T, Fault> {
    Err(Fault::Query(QueryFault::Refused {
        place: String::new(),
        refusal: QueryRefusal::Rule { text },
    }))
}
