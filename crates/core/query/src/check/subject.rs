//! What a condition or an order is about: a field or a function, with its type.

use landfall_model::{FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{Argument, Call, DateFunction, Function, Operand, Path};

use super::columns::labels;
use super::sources::{Reached, stored};
use super::{Scope, plain, rule};
use crate::plan::Expression;

/// What is compared or sorted by.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) expression: Expression,
    pub(super) field_type: FieldType,
    /// For messages.
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) folded: bool,
    /// Of a field that is compared by what people see.
    pub(super) labels: Option<Vec<(String, String)>>,
    /// Whether it is `DISTANCE`.
    pub(super) is_distance: bool,
}

impl Subject {
    pub(super) fn of_field(
        expression: Expression,
        field: &FieldDefinition,
        name: String,
        at: usize,
    ) -> Self {
        Self {
            expression,
            field_type: field.field_type,
            name,
            at,
            folded: !field.case_sensitive && field.field_type.is_text(),
            labels: None,
            is_distance: false,
        }
    }

    fn computed(expression: Expression, field_type: FieldType, name: String, at: usize) -> Self {
        Self {
            expression,
            field_type,
            name,
            at,
            folded: false,
            labels: None,
            is_distance: false,
        }
    }
}

impl Scope<'_> {
    /// What a condition is about.
    pub(super) fn subject(&mut self, operand: &Operand) -> Result<Subject, QueryFault> {
        match operand {
            Operand::Path(path) => self.filtered(path),
            Operand::Call(call) => match (call.function, call.only()) {
                (Function::Date(function), Some(of)) => self.date_part(function, of, call.at),
                (Function::ToLabel, Some(Operand::Path(path))) => {
                    let field = self.resolve(path)?.field;
                    let subject = self.filtered(path)?;
                    Ok(Subject {
                        labels: Some(labels(&field)),
                        ..subject
                    })
                }
                (Function::Distance, _) => {
                    let expression = self.distance(call)?;
                    let name = "DISTANCE".to_owned();
                    let subject = Subject::computed(expression, FieldType::Double, name, call.at);
                    Ok(Subject {
                        is_distance: true,
                        ..subject
                    })
                }
                (Function::Aggregate(_) | Function::Grouping, _) => {
                    rule("Aggregate functions are only allowed in HAVING")
                }
                _ => rule("The function is not allowed in a condition"),
            },
        }
    }

    fn filtered(&mut self, path: &Path) -> Result<Subject, QueryFault> {
        let resolved = self.resolve(path)?;
        let field = &resolved.field;
        let kind = field.field_type;
        let filterable = field.filterable
            && !kind.is_compound()
            && !matches!(
                kind,
                FieldType::Base64 | FieldType::EncryptedString | FieldType::AnyType
            );
        let name = resolved.field.name.to_string();
        if !filterable {
            return self.refused(path.at, QueryRefusal::NotFilterable { field: name });
        }
        Ok(Subject::of_field(
            resolved.expression.clone(),
            &resolved.field,
            name,
            path.at,
        ))
    }

    /// A part of a date.
    pub(super) fn date_part(
        &mut self,
        function: DateFunction,
        of: &Operand,
        at: usize,
    ) -> Result<Subject, QueryFault> {
        let (path, zoned) = match of {
            Operand::Path(path) => (path, false),
            Operand::Call(Call {
                function: Function::ConvertTimezone,
                arguments,
                ..
            }) => match arguments.as_slice() {
                [Argument::Operand(Operand::Path(path))] => (path, true),
                _ => return rule("convertTimezone takes a field"),
            },
            Operand::Call(_) => return rule("A date function takes a field"),
        };
        let resolved = self.resolve(path)?;
        let of_day = resolved.field.field_type == FieldType::Date;
        let needs_time = matches!(function, DateFunction::DayOnly | DateFunction::HourInDay);
        let is_point = resolved.field.field_type == FieldType::DateTime;
        let takes_day = of_day && !needs_time && !zoned;
        if !is_point && !takes_day {
            return rule("The date function does not take a field of this type");
        }
        let field_type = if function == DateFunction::DayOnly {
            FieldType::Date
        } else {
            FieldType::Int
        };
        let name = resolved.name();
        let expression = Expression::DatePart {
            function,
            of: Box::new(resolved.expression),
            of_day,
            zoned,
        };
        Ok(Subject::computed(expression, field_type, name, at))
    }

    /// `DISTANCE(field, GEOLOCATION(...), 'km')`; the field comes first.
    pub(super) fn distance(&mut self, call: &Call) -> Result<Expression, QueryFault> {
        let [
            Argument::Operand(Operand::Path(path)),
            Argument::Point {
                latitude,
                longitude,
            },
            Argument::Text(unit),
        ] = call.arguments.as_slice()
        else {
            return rule("DISTANCE takes a field, a GEOLOCATION and a unit, in this order");
        };
        let kilometres = match unit.to_ascii_lowercase().as_str() {
            "km" => true,
            "mi" => false,
            _ => return rule("The unit of DISTANCE is 'mi' or 'km'"),
        };
        let in_range = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        if !in_range {
            return rule(
                "GEOLOCATION takes latitudes from -90 to 90 and longitudes from -180 to 180",
            );
        }
        let resolved = self.resolve(path)?;
        let Reached::One { source, entity } = &resolved.reached else {
            return rule("DISTANCE takes a location or an address");
        };
        let part = |ending: &str| {
            entity
                .components(resolved.field.name.as_str())
                .find(|(_, part)| {
                    let name = part.name.as_str();
                    part.field_type == FieldType::Double
                        && name.strip_suffix("__s").unwrap_or(name).ends_with(ending)
                })
                .map(|(place, part)| Box::new(stored(*source, place, part)))
        };
        match (part("Latitude"), part("Longitude")) {
            (Some(from_latitude), Some(from_longitude)) => Ok(Expression::Distance {
                latitude: from_latitude,
                longitude: from_longitude,
                to: (*latitude, *longitude),
                kilometres,
            }),
            _ => Err(plain(QueryRefusal::Rule {
                text: "DISTANCE takes a location or an address",
            })),
        }
    }
}
