//! Lookup filters: which records a lookup may refer to. Each becomes a formula that the record has to meet.
//!
//! Source: "`LookupFilter`" (Metadata API Developer Guide); "Notes on Lookup Filters" (Salesforce Help).

use std::collections::BTreeSet;

use landfall_formula::{Formula, Subject, Usage};
use landfall_model::limits::LOOKUP_FILTER_ITEMS_MAX;
use landfall_model::{
    Catalog, EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType, LookupFilterInfo,
    RECORD_TYPE_ID,
};

use crate::formulas::Constants;
use crate::gather::ObjectSource;
use crate::problem::{Report, SourceLine};
use crate::read::brief;
use crate::xml::Element;

/// What the service says where the filter has no message. Source: none.
const MESSAGE: &str = "Value does not exist or does not match filter criteria.";

/// A filter that every save has to meet.
#[derive(Clone, Debug)]
pub struct LookupFilter {
    /// The object.
    pub entity: EntityName,
    /// The lookup.
    pub field: FieldName,
    /// Other fields of the record that the filter reads.
    pub sources: Vec<FieldName>,
    /// What has to be true of the record.
    pub condition: Formula,
    /// What the client reads otherwise.
    pub message: String,
}

/// An active filter as a file declares it.
#[derive(Debug)]
pub(crate) struct DeclaredFilter {
    at: SourceLine,
    entity: EntityName,
    field: FieldName,
    items: Vec<Item>,
    /// How the items are joined, by their numbers: `1 AND (2 OR 3)`. All have to hold if nothing says so.
    logic: Option<String>,
    message: Option<String>,
    optional: bool,
}

#[derive(Debug)]
struct Item {
    field: String,
    operation: Operation,
    value: Operand,
}

#[derive(Debug)]
enum Operand {
    Literal(String),
    Field(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Equals,
    NotEqual,
    LessThan,
    GreaterThan,
    LessOrEqual,
    GreaterOrEqual,
    Contains,
    NotContain,
    StartsWith,
    Includes,
    Excludes,
    Within,
}

const OPERATIONS: [(&str, Operation); 12] = [
    ("equals", Operation::Equals),
    ("notEqual", Operation::NotEqual),
    ("lessThan", Operation::LessThan),
    ("greaterThan", Operation::GreaterThan),
    ("lessOrEqual", Operation::LessOrEqual),
    ("greaterOrEqual", Operation::GreaterOrEqual),
    ("contains", Operation::Contains),
    ("notContain", Operation::NotContain),
    ("startsWith", Operation::StartsWith),
    ("includes", Operation::Includes),
    ("excludes", Operation::Excludes),
    ("within", Operation::Within),
];

/// Reads the filters of the lookups of an object, standard fields included.
pub(crate) fn declare(
    source: &ObjectSource,
    entity: &EntityName,
    report: &mut Report,
) -> Vec<DeclaredFilter> {
    let mut filters = Vec::new();
    for (given, field) in source.fields() {
        if let Some(name) = given.or_else(|| field.text("fullName", report)) {
            filters.extend(filter(entity, name, field, report));
        }
    }
    filters
}

/// Reads the filter of a lookup; none if it has none that is active.
fn filter(
    entity: &EntityName,
    name: &str,
    field: &Element,
    report: &mut Report,
) -> Option<DeclaredFilter> {
    let element = field.one("lookupFilter", report)?;
    let active = element.flag("active", report).unwrap_or(false);
    let mut items = Vec::new();
    for item in element.all("filterItems") {
        let field = item.required("field", report);
        item.required("operation", report)?;
        let operation = item.choice("operation", &OPERATIONS, report);
        let value = match item.text("valueField", report) {
            Some(field) => Operand::Field(field.to_owned()),
            None => Operand::Literal(item.text("value", report).unwrap_or_default().to_owned()),
        };
        items.push(Item {
            field: field?.to_owned(),
            operation: operation?,
            value,
        });
    }
    if items.is_empty() || items.len() > LOOKUP_FILTER_ITEMS_MAX {
        let reason = format!("a lookup filter has 1 to {LOOKUP_FILTER_ITEMS_MAX} items");
        report.inapplicable(&element.at, reason);
        return None;
    }
    active.then(|| DeclaredFilter {
        at: element.at.clone(),
        entity: entity.clone(),
        field: FieldName::new(name),
        items,
        logic: element.text("booleanFilter", report).map(str::to_owned),
        message: element.text("errorMessage", report).map(str::to_owned),
        optional: element.flag("isOptional", report).unwrap_or(false),
    })
}

/// What describes say of the filters of all lookups.
pub(crate) fn describe(declared: &[DeclaredFilter], entities: &mut [EntityDefinition]) {
    for filter in declared {
        let mut own = entities.iter_mut();
        let Some(entity) = own.find(|entity| entity.name == filter.entity) else {
            continue;
        };
        let controlling_fields = sources(filter, entity);
        let fields = entity.fields.iter_mut();
        for field in fields.filter(|field| field.name == filter.field) {
            field.lookup_filter = Some(LookupFilterInfo {
                controlling_fields: controlling_fields.clone(),
                optional: filter.optional,
            });
        }
    }
}

/// The filters that saves have to meet. One that cannot be checked is left out, with a warning.
pub(crate) fn checked(
    declared: &[DeclaredFilter],
    catalog: &Catalog,
    constants: &Constants,
    report: &mut Report,
) -> Vec<LookupFilter> {
    let mut filters = Vec::new();
    for filter in declared.iter().filter(|filter| !filter.optional) {
        let (object, name) = (&filter.entity, &filter.field);
        let found = catalog.entity(object.as_str()).and_then(|entity| {
            let (_, field) = entity.field(name.as_str())?;
            let target = catalog.entity(field.reference_to.first()?.as_str())?;
            Some((entity, field, target))
        });
        let Some((entity, field, target)) = found else {
            continue;
        };
        let writer = Writer {
            catalog,
            entity,
            field,
            target,
        };
        let subject = Subject {
            catalog,
            constants,
            entity,
            field: None,
            usage: Usage::Rule,
            blanks_as_zero: false,
            result: FieldType::Boolean,
        };
        let condition = writer.condition(filter).and_then(|text| {
            let formula = Formula::new(&text, &subject);
            formula.map_err(|error| error.to_string().trim_end().to_owned())
        });
        match condition {
            Ok(condition) => filters.push(LookupFilter {
                entity: object.clone(),
                field: field.name.clone(),
                sources: sources(filter, entity),
                condition,
                message: filter.message.clone().unwrap_or_else(|| MESSAGE.to_owned()),
            }),
            Err(error) => {
                let reason =
                    format!("the lookup filter of {object}.{name} is not checked: {error}");
                report.warning(&filter.at, reason);
            }
        }
    }
    filters
}

/// The fields of the record itself that a filter reads.
fn sources(filter: &DeclaredFilter, entity: &EntityDefinition) -> Vec<FieldName> {
    let names = filter.items.iter().flat_map(|item| {
        let value = match &item.value {
            Operand::Field(field) => Some(field.as_str()),
            Operand::Literal(_) => None,
        };
        [Some(item.field.as_str()), value].into_iter().flatten()
    });
    let own = names.filter_map(|name| {
        if is_of_record_type(name) {
            return Some(FieldName::new(RECORD_TYPE_ID));
        }
        let first = source(name)?.split('.').next()?;
        let known = entity.field(first).map(|(_, field)| field);
        let field = known.or_else(|| by_way(entity, first))?;
        Some(field.name.clone())
    });
    let own: BTreeSet<FieldName> = own.collect();
    own.into_iter().collect()
}

/// `Region__c` of `$Source.Region__c`.
fn source(name: &str) -> Option<&str> {
    let (group, rest) = name.split_once('.')?;
    group.eq_ignore_ascii_case("$Source").then_some(rest)
}

/// Whether it is a field of the type of the record itself: `$RecordType.DeveloperName`.
fn is_of_record_type(name: &str) -> bool {
    let group = name.split_once('.').map(|(group, _)| group);
    group.is_some_and(|group| group.eq_ignore_ascii_case("$RecordType"))
}

/// The reference that a path follows by its relationship's name.
fn by_way<'e>(entity: &'e EntityDefinition, way: &str) -> Option<&'e FieldDefinition> {
    let named = |field: &&FieldDefinition| {
        let name = field.relationship_name.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case(way))
    };
    entity.fields.iter().find(named)
}

/// Writes a filter as a formula about the record that has the lookup.
struct Writer<'c> {
    catalog: &'c Catalog,
    entity: &'c EntityDefinition,
    field: &'c FieldDefinition,
    target: &'c EntityDefinition,
}

/// A field as a formula reads it.
struct Read {
    path: String,
    field_type: FieldType,
}

impl Read {
    /// As a text, or itself if it is none.
    fn text(&self) -> String {
        match self.field_type {
            FieldType::Picklist => format!("TEXT({})", self.path),
            _ => self.path.clone(),
        }
    }
}

impl Writer<'_> {
    fn condition(&self, filter: &DeclaredFilter) -> Result<String, String> {
        let items = filter.items.iter().map(|item| self.item(item));
        let items: Vec<String> = items.collect::<Result<_, _>>()?;
        match &filter.logic {
            None => Ok(joined(&items, " && ")),
            Some(logic) => combined(logic, &items),
        }
    }

    /// Where a name of a filter leads: `$Source.Region__c`, `$User.Id`, `Trip__c.Region__c`.
    fn read(&self, name: &str, is_literal: bool) -> Result<Read, String> {
        let unknown = || format!("{} is not here", brief(name));
        let (group, rest) = name.split_once('.').ok_or_else(unknown)?;
        let (entity, before, rest) = if let Some(rest) = source(name) {
            (self.entity, String::new(), rest)
        } else if let Some(object) = group.strip_prefix('$') {
            let entity = self.catalog.entity(object).ok_or_else(unknown)?;
            (&**entity, format!("{group}."), rest)
        } else if group.eq_ignore_ascii_case(self.target.name.as_str()) {
            let way = self
                .field
                .relationship_name
                .as_deref()
                .ok_or_else(unknown)?;
            (self.target, format!("{way}."), rest)
        } else {
            return Err(unknown());
        };
        // Record types are given by their labels.
        let by_label = rest.strip_suffix("RecordTypeId").filter(|_| is_literal);
        let rest = match by_label {
            Some(ways) => format!("{ways}RecordType.Name"),
            None => rest.to_owned(),
        };
        let field = self.field_at(entity, &rest).ok_or_else(unknown)?;
        Ok(Read {
            path: before + &rest,
            field_type: field.field_type,
        })
    }

    fn field_at<'s>(
        &'s self,
        entity: &'s EntityDefinition,
        path: &str,
    ) -> Option<&'s FieldDefinition> {
        let Some((way, rest)) = path.split_once('.') else {
            return entity.field(path).map(|(_, field)| field);
        };
        let target = by_way(entity, way)?.reference_to.first()?;
        self.field_at(self.catalog.entity(target.as_str())?, rest)
    }

    fn item(&self, item: &Item) -> Result<String, String> {
        match &item.value {
            Operand::Field(other) => {
                let left = self.read(&item.field, false)?;
                let right = self.read(other, false)?;
                let sign = sign(item.operation).ok_or("the operation takes no field")?;
                Ok(format!("{} {sign} {}", left.text(), right.text()))
            }
            Operand::Literal(value) => {
                let left = self.read(&item.field, true)?;
                literal(&left, item.operation, value)
            }
        }
    }
}

const fn sign(operation: Operation) -> Option<&'static str> {
    Some(match operation {
        Operation::Equals => "=",
        Operation::NotEqual => "<>",
        Operation::LessThan => "<",
        Operation::GreaterThan => ">",
        Operation::LessOrEqual => "<=",
        Operation::GreaterOrEqual => ">=",
        _ => return None,
    })
}

fn literal(left: &Read, operation: Operation, value: &str) -> Result<String, String> {
    let any = |of: &dyn Fn(&str) -> Result<String, String>| {
        let each = listed(value).into_iter().map(|value| of(&value));
        let each: Vec<String> = each.collect::<Result<_, _>>()?;
        Ok(joined(&each, " || "))
    };
    let not = |text: Result<String, String>| text.map(|text| format!("NOT({text})"));
    let small = |value: &str| quoted(&value.to_lowercase());
    let text = left.text();
    let path = &left.path;
    match operation {
        Operation::Equals => any(&|value| equal(left, value)),
        Operation::NotEqual => not(any(&|value| equal(left, value))),
        Operation::Contains | Operation::NotContain => {
            let found = any(&|value| Ok(format!("CONTAINS(LOWER({text}), {})", small(value))));
            match operation {
                Operation::Contains => found,
                _ => not(found),
            }
        }
        Operation::StartsWith => {
            any(&|value| Ok(format!("BEGINS(LOWER({text}), {})", small(value))))
        }
        Operation::Includes | Operation::Excludes => {
            let found = any(&|value| Ok(format!("INCLUDES({path}, {})", quoted(value))));
            match operation {
                Operation::Includes => found,
                _ => not(found),
            }
        }
        Operation::LessThan
        | Operation::GreaterThan
        | Operation::LessOrEqual
        | Operation::GreaterOrEqual => {
            let sign = sign(operation).unwrap_or("=");
            Ok(format!(
                "{path} {sign} {}",
                ordered(left.field_type, value)?
            ))
        }
        // Source: none: the form of its value is not documented, and no public project has it in a lookup filter.
        Operation::Within => Err("distances are not compared".to_owned()),
    }
}

/// Whether a field has a value; texts without regard to letter case.
fn equal(left: &Read, value: &str) -> Result<String, String> {
    let (text, path) = (left.text(), &left.path);
    if value.is_empty() {
        return Ok(format!("ISBLANK({text})"));
    }
    Ok(match left.field_type {
        FieldType::Boolean
            if ["true", "1"]
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word)) =>
        {
            path.clone()
        }
        FieldType::Boolean => format!("NOT({path})"),
        FieldType::MultiPicklist => format!("INCLUDES({path}, {})", quoted(value)),
        // Ids have 15 characters in formulas.
        FieldType::Id | FieldType::Reference => {
            let id = value.get(..15).unwrap_or(value);
            format!("{path} = {}", quoted(id))
        }
        kind if kind.is_decimal() || kind == FieldType::Int || is_moment(kind) => {
            format!("{path} = {}", ordered(kind, value)?)
        }
        _ => format!("LOWER({text}) = {}", quoted(&value.to_lowercase())),
    })
}

const fn is_moment(kind: FieldType) -> bool {
    matches!(
        kind,
        FieldType::Date | FieldType::DateTime | FieldType::Time
    )
}

/// A value that is before or behind others.
fn ordered(kind: FieldType, value: &str) -> Result<String, String> {
    let function = match kind {
        FieldType::Date => "DATEVALUE",
        FieldType::DateTime => "DATETIMEVALUE",
        FieldType::Time => "TIMEVALUE",
        _ => {
            let number: Result<f64, _> = value.parse();
            let number = number.ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| format!("{} is no number", brief(value)))?;
            return Ok(format!("({number})"));
        }
    };
    Ok(format!("{function}({})", quoted(value)))
}

/// The values of a list: `A, "B, C"`.
fn listed(text: &str) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => values.push(String::new()),
            letter => {
                if let Some(last) = values.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    let values = values.into_iter();
    values.map(|value| value.trim().to_owned()).collect()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn joined(items: &[String], operator: &str) -> String {
    let items: Vec<String> = items.iter().map(|item| format!("({item})")).collect();
    items.join(operator)
}

/// The items as a text joins them by their numbers.
fn combined(logic: &str, items: &[String]) -> Result<String, String> {
    let mut out = String::new();
    let spaced = logic.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_whitespace() {
        match word.to_ascii_uppercase().as_str() {
            "AND" => out.push_str(" && "),
            "OR" => out.push_str(" || "),
            "NOT" => out.push_str(" ! "),
            "(" | ")" => out.push_str(word),
            number => {
                let number: Option<usize> = number.parse().ok();
                let item = number.and_then(|number| items.get(number.checked_sub(1)?));
                let item = item.ok_or_else(|| format!("there is no item {}", brief(word)))?;
                out.extend(["(", item, ")"]);
            }
        }
    }
    Ok(out)
}
