//! Queries of groups: `GROUP BY`, aggregates, `HAVING`.

use landfall_model::{FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{
    Aggregate, Call, Condition, Function, Group, GroupKind, Operand as Asked, Query, Select,
};

use super::columns::labels;
use super::order::{by_field, values};
use super::subject::Subject;
use super::{Scope, plain, rule};
use crate::format::Format;
use crate::plan::{Expression, Grouping, Operand, Predicate};
use crate::shape::{Answers, Checked, Item, Shown};

/// What groups have in common.
pub(super) struct Keys(Vec<Key>);

struct Key {
    operand: Operand,
    field: FieldDefinition,
}

impl Keys {
    fn find(&self, expression: &Expression) -> Option<(usize, &Key)> {
        let same = |(_, key): &(usize, &Key)| key.operand.expression == *expression;
        self.0.iter().enumerate().find(same)
    }
}

impl Scope<'_> {
    pub(super) fn groups(mut self, query: &Query) -> Result<Checked, QueryFault> {
        if self.kind != super::Kind::Outer {
            return rule("Aggregate functions are not allowed in a query within a query");
        }
        let keys = self.keys(query.group.as_ref())?;
        let items = self.group_items(query, &keys)?;
        let filter = self.filter(query)?;
        let having = match &query.having {
            Some(condition) => self.having(condition, &keys)?,
            None => Predicate::ALWAYS,
        };
        if query.group.is_none() && query.limit.is_some() {
            return Err(plain(QueryRefusal::LimitOfAggregate));
        }
        let order = self.order(&query.order, Some(&keys))?;
        let kind = query.group.as_ref().map(|group| group.kind);
        let sets = sets(kind.unwrap_or(GroupKind::Plain), keys.0.len());
        let mut plan = self.plan(query, filter)?;
        plan.order = order;
        plan.grouping = Some(Grouping {
            keys: keys.0.into_iter().map(|key| key.operand).collect(),
            sets,
            having,
        });
        Ok(Checked {
            plan,
            answers: Answers::Groups(items),
            single_page: true,
            cells: Vec::new(),
        })
    }

    fn keys(&mut self, group: Option<&Group>) -> Result<Keys, QueryFault> {
        let mut keys = Vec::new();
        for by in group.iter().flat_map(|group| &group.by) {
            keys.push(match by {
                Asked::Path(path) => {
                    let resolved = self.resolve(path)?;
                    let field = resolved.field;
                    let groupable =
                        field.groupable && (!field.calculated || field.formula.is_some());
                    if !groupable || field.field_type.is_compound() {
                        let field = field.name.to_string();
                        return self.refused(path.at, QueryRefusal::NotGroupable { field });
                    }
                    let operand = Operand {
                        expression: resolved.expression,
                        folded: !field.case_sensitive && field.field_type.is_text(),
                    };
                    Key { operand, field }
                }
                Asked::Call(call) => self.computed_key(call)?,
            });
        }
        Ok(Keys(keys))
    }

    fn computed_key(&mut self, call: &Call) -> Result<Key, QueryFault> {
        let (Function::Date(function), Some(of)) = (call.function, call.only()) else {
            return rule("GROUP BY takes fields and date functions only");
        };
        let subject = self.date_part(function, of, call.at)?;
        let field = FieldDefinition::new(&subject.name, &subject.name, subject.field_type);
        let operand = Operand {
            expression: subject.expression,
            folded: false,
        };
        Ok(Key { operand, field })
    }

    fn group_items(&mut self, query: &Query, keys: &Keys) -> Result<Vec<Item>, QueryFault> {
        let mut items: Vec<Item> = Vec::new();
        let mut unnamed = 0;
        for item in &query.select {
            let (operand, alias) = match item {
                Select::Operand { operand, alias } => (operand, alias),
                Select::Fields { .. } => {
                    let field = "FIELDS".to_owned();
                    return Err(plain(QueryRefusal::NeitherGroupedNorAggregated { field }));
                }
                Select::Children(_) | Select::TypeOf(_) => {
                    return rule("Grouped queries can have neither queries of children nor TYPEOF");
                }
            };
            let (expression, field_type, shown, name) = self.group_item(operand, keys)?;
            let alias = alias.as_ref().map(|alias| alias.text.clone());
            let name = alias.or(name).unwrap_or_else(|| {
                unnamed += 1;
                format!("expr{}", unnamed - 1)
            });
            if items
                .iter()
                .any(|known| known.name().eq_ignore_ascii_case(&name))
            {
                return Err(plain(QueryRefusal::AliasDuplicate { alias: name }));
            }
            items.push(Item::Value {
                name,
                column: self.column(expression, field_type),
                shown,
            });
        }
        Ok(items)
    }

    /// A member of a group: what it is, its type, how it is shown, and its name unless it is given one.
    fn group_item(
        &mut self,
        operand: &Asked,
        keys: &Keys,
    ) -> Result<(Expression, FieldType, Shown, Option<String>), QueryFault> {
        let path = match operand {
            Asked::Path(path) => path,
            Asked::Call(call) => match (call.function, call.only()) {
                (Function::ToLabel, Some(Asked::Path(path))) => {
                    let (key, field) = self.key(&Asked::Path(path.clone()), keys)?;
                    let shown = Shown::Labelled(labels(field));
                    let name = field.name.to_string();
                    return Ok((Expression::Key(key), field.field_type, shown, Some(name)));
                }
                (Function::Format, Some(Asked::Path(path))) => {
                    let (key, field) = self.key(&Asked::Path(path.clone()), keys)?;
                    let shown = Shown::Formatted(Format::of(field, &self.context.zone));
                    let name = field.name.to_string();
                    return Ok((Expression::Key(key), field.field_type, shown, Some(name)));
                }
                (Function::Format, Some(inner @ Asked::Call(_))) => {
                    let format = self.aggregate_format(inner)?;
                    let subject = self.group_subject(inner, keys)?;
                    let shown = Shown::Formatted(format);
                    return Ok((subject.expression, subject.field_type, shown, None));
                }
                _ => {
                    let subject = self.group_subject(operand, keys)?;
                    let shown = Shown::Plain(subject.field_type);
                    return Ok((subject.expression, subject.field_type, shown, None));
                }
            },
        };
        let (key, field) = self.key(&Asked::Path(path.clone()), keys)?;
        let shown = Shown::Plain(field.field_type);
        let name = field.name.to_string();
        Ok((Expression::Key(key), field.field_type, shown, Some(name)))
    }

    /// How what is computed of a field is written: as the field, unless it is a number of records.
    fn aggregate_format(&mut self, operand: &Asked) -> Result<Format, QueryFault> {
        let of = match operand {
            Asked::Call(call) => match (call.function, call.only()) {
                (
                    Function::Aggregate(Aggregate::Count | Aggregate::CountDistinct)
                    | Function::Grouping
                    | Function::Date(_),
                    _,
                ) => FieldDefinition::new("", "", FieldType::Int),
                (Function::Aggregate(_), Some(Asked::Path(path))) => self.resolve(path)?.field,
                _ => return rule("FORMAT takes a field or an aggregate function of one"),
            },
            Asked::Path(path) => self.resolve(path)?.field,
        };
        Ok(Format::of(&of, &self.context.zone))
    }

    /// The key that an operand is.
    fn key<'k>(
        &mut self,
        operand: &Asked,
        keys: &'k Keys,
    ) -> Result<(usize, &'k FieldDefinition), QueryFault> {
        let (expression, name) = match operand {
            Asked::Path(path) => {
                let resolved = self.resolve(path)?;
                let name = resolved.name();
                (resolved.expression, name)
            }
            Asked::Call(call) => match (call.function, call.only()) {
                (Function::Date(function), Some(of)) => {
                    let subject = self.date_part(function, of, call.at)?;
                    (subject.expression, subject.name)
                }
                _ => return rule("The function is not allowed in a grouped query"),
            },
        };
        match keys.find(&expression) {
            Some((place, key)) => Ok((place, &key.field)),
            None => Err(plain(QueryRefusal::NeitherGroupedNorAggregated {
                field: name,
            })),
        }
    }

    /// What groups are compared by or consist of.
    fn group_subject(&mut self, operand: &Asked, keys: &Keys) -> Result<Subject, QueryFault> {
        if let Asked::Call(call) = operand {
            match (call.function, call.only()) {
                (Function::Aggregate(function), of) => {
                    return self.aggregate(function, of, call.at, keys);
                }
                (Function::Grouping, Some(of)) => {
                    let (place, field) = self.key(of, keys)?;
                    let field = FieldDefinition::new(field.name.as_str(), "", FieldType::Int);
                    let name = field.name.to_string();
                    let expression = Expression::IsSubtotal(place);
                    return Ok(Subject::of_field(expression, &field, name, call.at));
                }
                _ => (),
            }
        }
        let (place, field) = self.key(operand, keys)?;
        let name = field.name.to_string();
        Ok(Subject::of_field(
            Expression::Key(place),
            field,
            name,
            operand.at(),
        ))
    }

    fn aggregate(
        &mut self,
        function: Aggregate,
        of: Option<&Asked>,
        at: usize,
        keys: &Keys,
    ) -> Result<Subject, QueryFault> {
        let Some(Asked::Path(path)) = of else {
            return rule("COUNT() must be the only element of the SELECT list");
        };
        let resolved = self.resolve(path)?;
        let field = &resolved.field;
        let name = resolved.name();
        if keys.find(&resolved.expression).is_some() {
            let field = name;
            return self.refused(path.at, QueryRefusal::GroupedAndAggregated { field });
        }
        if !supports(function, field) {
            return Err(plain(QueryRefusal::NotAggregatable {
                field: name,
                function: function_name(function),
            }));
        }
        let folded = !field.case_sensitive && field.field_type.is_text();
        let is_least = matches!(function, Aggregate::Min | Aggregate::Max);
        let of = Some(Box::new(if is_least {
            by_field(resolved.expression.clone(), field).expression
        } else {
            resolved.expression.clone()
        }));
        let mut expression = Expression::Aggregate {
            function,
            of,
            folded,
        };
        if is_least && field.field_type == FieldType::Picklist && !field.picklist.is_empty() {
            expression = Expression::Ranked {
                rank: Box::new(expression),
                values: values(field),
            };
        }
        let field_type = match function {
            Aggregate::Count | Aggregate::CountDistinct => FieldType::Int,
            Aggregate::Avg | Aggregate::Sum => FieldType::Double,
            Aggregate::Min | Aggregate::Max => field.field_type,
        };
        let shown = FieldDefinition::new(field.name.as_str(), "", field_type);
        Ok(Subject {
            folded: folded && field_type.is_text(),
            ..Subject::of_field(expression, &shown, name, at)
        })
    }

    fn having(&mut self, condition: &Condition, keys: &Keys) -> Result<Predicate, QueryFault> {
        match condition {
            Condition::All(terms) => {
                let terms = terms.iter().map(|term| self.having(term, keys));
                Ok(Predicate::All(terms.collect::<Result<_, _>>()?))
            }
            Condition::Any(terms) => {
                let terms = terms.iter().map(|term| self.having(term, keys));
                Ok(Predicate::Any(terms.collect::<Result<_, _>>()?))
            }
            Condition::Not(term) => Ok(self.having(term, keys)?.negated()),
            Condition::Compare(comparison) => {
                let subject = self.group_subject(&comparison.operand, keys)?;
                self.comparison(&subject, comparison)
            }
        }
    }

    /// What groups are sorted by.
    pub(super) fn group_order(
        &mut self,
        operand: &Asked,
        keys: &Keys,
    ) -> Result<Operand, QueryFault> {
        let subject = self.group_subject(operand, keys)?;
        let listed = match &subject.expression {
            Expression::Key(place) => keys.0.get(*place).map(|key| &key.field),
            _ => None,
        };
        Ok(match listed {
            Some(field) => by_field(subject.expression, field),
            None => Operand {
                expression: subject.expression,
                folded: subject.folded,
            },
        })
    }
}

/// For each kind of group which keys count. Source: "`GROUP BY ROLLUP`", "`GROUP BY CUBE`" (SOQL and SOSL Reference).
fn sets(kind: GroupKind, keys: usize) -> Vec<Vec<bool>> {
    match kind {
        GroupKind::Plain => vec![vec![true; keys]],
        GroupKind::Rollup => (0..=keys)
            .rev()
            .map(|counted| (0..keys).map(|key| key < counted).collect())
            .collect(),
        GroupKind::Cube => (0..1_u32 << keys)
            .rev()
            .map(|set| {
                (0..keys)
                    .map(|key| set >> (keys - 1 - key) & 1 == 1)
                    .collect()
            })
            .collect(),
    }
}

/// Source: "Aggregate Functions", support by field type (SOQL and SOSL Reference).
fn supports(function: Aggregate, field: &FieldDefinition) -> bool {
    let kind = field.field_type;
    match function {
        Aggregate::Avg | Aggregate::Sum => kind.is_whole() || kind.is_decimal(),
        Aggregate::Count | Aggregate::CountDistinct | Aggregate::Min | Aggregate::Max => {
            field.filterable
                && !field.is_long_text()
                && !kind.is_compound()
                && !matches!(
                    kind,
                    FieldType::Boolean
                        | FieldType::MultiPicklist
                        | FieldType::Base64
                        | FieldType::EncryptedString
                        | FieldType::AnyType
                        | FieldType::Time
                        | FieldType::JunctionIdList
                        | FieldType::Complex
                )
        }
    }
}

const fn function_name(function: Aggregate) -> &'static str {
    match function {
        Aggregate::Count => "COUNT",
        Aggregate::CountDistinct => "COUNT_DISTINCT",
        Aggregate::Avg => "AVG",
        Aggregate::Min => "MIN",
        Aggregate::Max => "MAX",
        Aggregate::Sum => "SUM",
    }
}
