//! The facts of a user's record that identity responses contain.

use jiff::tz::TimeZone;
use landfall_model::{EntityDefinition, RecordId, Row, Timestamp, Value};

/// A user's record, read by field names.
pub(crate) struct Person<'r> {
    pub(crate) id: RecordId,
    entity: &'r EntityDefinition,
    row: &'r Row,
}

impl<'r> Person<'r> {
    pub(crate) const fn new(id: RecordId, entity: &'r EntityDefinition, row: &'r Row) -> Self {
        Self { id, entity, row }
    }

    fn value(&self, field: &str) -> Option<&'r Value> {
        self.row.get(self.entity.index_of(field)?)
    }

    /// A text that may be missing.
    pub(crate) fn text(&self, field: &str) -> Option<&'r str> {
        self.value(field).and_then(Value::as_text)
    }

    /// A text that every user has.
    pub(crate) fn known(&self, field: &str) -> &'r str {
        self.text(field).unwrap_or_default()
    }

    /// Whether the user can log in.
    pub(crate) fn is_active(&self) -> bool {
        self.value("IsActive")
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// First and last name.
    pub(crate) fn name(&self) -> String {
        if let Some(name) = self.text("Name") {
            return name.to_owned();
        }
        let parts = [self.text("FirstName"), self.text("LastName")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Kind of licence. Wire: in capitals, unlike in the record.
    pub(crate) fn user_type(&self) -> String {
        self.text("UserType").unwrap_or("Standard").to_uppercase()
    }

    /// When the record changed last. Wire: with milliseconds, then `zone`.
    pub(crate) fn modified(&self, zone: &str) -> String {
        let modified = match self.value("LastModifiedDate") {
            Some(Value::DateTime(point)) => *point,
            _ => Timestamp::default(),
        };
        let point = jiff::Timestamp::from_millisecond(modified.as_millis()).unwrap_or_default();
        format!("{}{zone}", point.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
    }

    /// Difference of the user's winter time to UTC.
    ///
    /// Unit: milliseconds. Source: recorded identity answers have -28800000 for Los Angeles all year.
    pub(crate) fn utc_offset(&self) -> i32 {
        let Ok(zone) = TimeZone::get(self.known("TimeZoneSidKey")) else {
            return 0;
        };
        // January and July of a recent year: in one of them no clock is moved forward.
        let winter = [1_735_689_600, 1_751_328_000]
            .into_iter()
            .find_map(|second| {
                let point = jiff::Timestamp::from_second(second).ok()?;
                let info = zone.to_offset_info(point);
                (!info.dst().is_dst()).then(|| info.offset().seconds())
            });
        winter.unwrap_or_default() * 1_000
    }
}
