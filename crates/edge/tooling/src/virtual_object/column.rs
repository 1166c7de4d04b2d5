//! One field of a virtual object: how it is described, and where its value comes from.

use landfall_model::{
    Date, EntityName, FieldDefinition, FieldType, PicklistValue, RecordId, Timestamp, Value,
};

/// Text of a virtual object, in characters. Source: recorded describes of the Tooling API.
const TEXT_LENGTH: u32 = 255;
const ID_LENGTH: u32 = 18;
const NUMBER_DIGITS: u32 = 9;

/// Where a value comes from, which says of what type it is.
enum Get<T> {
    Id(fn(&T) -> Option<RecordId>),
    Text(fn(&T) -> Option<String>),
    /// One of these.
    Choice(&'static [&'static str], fn(&T) -> Option<&'static str>),
    Flag(fn(&T) -> bool),
    Number(fn(&T) -> Option<u32>),
    Count(fn(&T) -> Option<u64>),
    Moment(fn(&T) -> Option<Timestamp>),
    Date(fn(&T) -> Option<Date>),
    /// Members of its own, as JSON.
    Members(fn(&T) -> String),
}

/// A field of what `T` is shown as.
pub(crate) struct Column<T> {
    name: &'static str,
    get: Get<T>,
    /// The name of the way and the object that it leads to.
    way: Option<(&'static str, &'static str)>,
    filterable: bool,
    writable: bool,
}

impl<T> Column<T> {
    const fn new(name: &'static str, get: Get<T>) -> Self {
        Self {
            name,
            filterable: !matches!(get, Get::Members(_)),
            get,
            way: None,
            writable: false,
        }
    }

    /// An id of 18 characters.
    pub(crate) const fn id(name: &'static str, get: fn(&T) -> Option<RecordId>) -> Self {
        Self::new(name, Get::Id(get))
    }

    /// A text.
    pub(crate) const fn text(name: &'static str, get: fn(&T) -> Option<String>) -> Self {
        Self::new(name, Get::Text(get))
    }

    /// A value of a list.
    pub(crate) const fn choice(
        name: &'static str,
        values: &'static [&'static str],
        get: fn(&T) -> Option<&'static str>,
    ) -> Self {
        Self::new(name, Get::Choice(values, get))
    }

    /// A text that there is none of here.
    pub(crate) const fn none(name: &'static str) -> Self {
        Self::text(name, |_| None)
    }

    /// Whether something is so.
    pub(crate) const fn flag(name: &'static str, get: fn(&T) -> bool) -> Self {
        Self::new(name, Get::Flag(get))
    }

    /// Something that is never so here.
    pub(crate) const fn never(name: &'static str) -> Self {
        Self::flag(name, |_| false)
    }

    /// A whole number, if there is one.
    pub(crate) const fn number(name: &'static str, get: fn(&T) -> Option<u32>) -> Self {
        Self::new(name, Get::Number(get))
    }

    /// A whole number that may be large.
    pub(crate) const fn count(name: &'static str, get: fn(&T) -> Option<u64>) -> Self {
        Self::new(name, Get::Count(get))
    }

    /// A point in time.
    pub(crate) const fn moment(name: &'static str, get: fn(&T) -> Option<Timestamp>) -> Self {
        Self::new(name, Get::Moment(get))
    }

    /// A day.
    pub(crate) const fn date(name: &'static str, get: fn(&T) -> Option<Date>) -> Self {
        Self::new(name, Get::Date(get))
    }

    /// Members of its own, as JSON.
    pub(crate) const fn members(name: &'static str, get: fn(&T) -> String) -> Self {
        Self::new(name, Get::Members(get))
    }

    /// Leads to the record that it names: the way's name and the object.
    pub(crate) const fn way(mut self, name: &'static str, object: &'static str) -> Self {
        self.way = Some((name, object));
        self
    }

    /// May be set by clients.
    pub(crate) const fn writable(mut self) -> Self {
        self.writable = true;
        self
    }

    /// Cannot be filtered by.
    pub(crate) const fn unfiltered(mut self) -> Self {
        self.filterable = false;
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn value(&self, of: &T) -> Value {
        match self.get {
            Get::Id(get) => get(of).map_or(Value::Null, Value::Id),
            Get::Text(get) => get(of).map_or(Value::Null, Value::Text),
            Get::Choice(_, get) => {
                get(of).map_or(Value::Null, |value| Value::Text(value.to_owned()))
            }
            Get::Flag(get) => Value::Boolean(get(of)),
            Get::Number(get) => get(of).map_or(Value::Null, |number| Value::Integer(number.into())),
            Get::Count(get) => get(of).map_or(Value::Null, |count| {
                Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
            }),
            Get::Moment(get) => get(of).map_or(Value::Null, Value::DateTime),
            Get::Date(get) => get(of).map_or(Value::Null, Value::Date),
            Get::Members(get) => Value::Text(get(of)),
        }
    }

    const fn choices(&self) -> &'static [&'static str] {
        match self.get {
            Get::Choice(values, _) => values,
            _ => &[],
        }
    }

    pub(super) fn definition(&self) -> FieldDefinition {
        let (field_type, length) = match self.get {
            Get::Id(_) if self.name == "Id" => (FieldType::Id, ID_LENGTH),
            Get::Id(_) => (FieldType::Reference, ID_LENGTH),
            Get::Text(_) => (FieldType::String, TEXT_LENGTH),
            Get::Choice(..) => (FieldType::Picklist, TEXT_LENGTH),
            Get::Flag(_) => (FieldType::Boolean, 0),
            Get::Number(_) | Get::Count(_) => (FieldType::Int, 0),
            Get::Moment(_) => (FieldType::DateTime, 0),
            Get::Date(_) => (FieldType::Date, 0),
            Get::Members(_) => (FieldType::Complex, 0),
        };
        FieldDefinition {
            length,
            digits: if field_type == FieldType::Int {
                NUMBER_DIGITS
            } else {
                0
            },
            nillable: !matches!(field_type, FieldType::Id | FieldType::Boolean),
            defaulted_on_create: matches!(field_type, FieldType::Id | FieldType::Boolean),
            createable: self.writable,
            updateable: self.writable,
            filterable: self.filterable,
            sortable: self.filterable,
            groupable: self.filterable,
            id_lookup: field_type == FieldType::Id,
            reference_to: self
                .way
                .iter()
                .map(|(_, object)| EntityName::new(*object))
                .collect(),
            relationship_name: self.way.map(|(name, _)| name.to_owned()),
            restricted_picklist: !self.choices().is_empty(),
            picklist: self.choices().iter().map(|value| choice(value)).collect(),
            in_change_event: false,
            ..FieldDefinition::new(self.name, &spaced(self.name), field_type)
        }
    }
}

fn choice(value: &str) -> PicklistValue {
    PicklistValue {
        value: value.to_owned(),
        label: value.to_owned(),
        active: true,
        default: false,
    }
}

/// `QualifiedApiName` as people read it: `Qualified Api Name`.
fn spaced(name: &str) -> String {
    let mut label = String::new();
    let mut before_was_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_was_small {
            label.push(' ');
        }
        before_was_small = letter.is_ascii_lowercase();
        label.push(letter);
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_words() {
        assert_eq!(spaced("QualifiedApiName"), "Qualified Api Name");
        assert_eq!(spaced("IsHTMLFormatted"), "Is HTMLFormatted");
    }

    #[test]
    fn the_type_follows_from_the_value() {
        let field = Column::<()>::members("Metadata", |()| "{}".to_owned()).definition();
        assert_eq!(
            (field.field_type, field.filterable),
            (FieldType::Complex, false)
        );
        let field = Column::<()>::text("EntityDefinitionId", |()| None)
            .way("EntityDefinition", "EntityDefinition")
            .definition();
        assert_eq!(field.relationship_name.as_deref(), Some("EntityDefinition"));
        assert_eq!(field.field_type, FieldType::String);
    }
}
