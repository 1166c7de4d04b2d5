//! Conditions: comparisons by type, and semi-joins.

use std::sync::Arc;

use landfall_model::limits::QUERY_SEMI_JOINS_MAX;
use landfall_model::{
    EntityDefinition, EntityName, FieldDefinition, FieldType, QueryFault, QueryRefusal,
};
use landfall_soql::{self as soql, Condition, Literal, LiteralKind, Operator, Query, Select};

use super::subject::Subject;
use super::value::{Typed, type_name};
use super::{Kind, Scope, plain, rule};
use crate::plan::{Comparison, Expression, Operand, Plan, Predicate};
use crate::text;

/// What a comparison stands below.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    /// Nothing but `AND`.
    Top,
    Or,
    Not,
}

impl Scope<'_> {
    /// A condition on records.
    pub(super) fn condition(&mut self, condition: &Condition) -> Result<Predicate, QueryFault> {
        self.below(condition, Below::Top)
    }

    fn below(&mut self, condition: &Condition, below: Below) -> Result<Predicate, QueryFault> {
        match condition {
            Condition::All(terms) => {
                let terms = terms.iter().map(|term| self.below(term, below));
                Ok(Predicate::All(terms.collect::<Result<_, _>>()?))
            }
            Condition::Any(terms) => {
                let terms = terms.iter().map(|term| self.below(term, Below::Or));
                Ok(Predicate::Any(terms.collect::<Result<_, _>>()?))
            }
            Condition::Not(term) => Ok(self.below(term, Below::Not)?.negated()),
            Condition::Compare(comparison) => {
                if let soql::Value::Query(query) = &comparison.value {
                    return self.semi_join(comparison, query, below);
                }
                let subject = self.subject(&comparison.operand)?;
                self.comparison(&subject, comparison)
            }
        }
    }

    /// A subject compared with values.
    pub(super) fn comparison(
        &self,
        subject: &Subject,
        comparison: &soql::Comparison,
    ) -> Result<Predicate, QueryFault> {
        check_operator(subject, comparison.operator)?;
        if let Some(labels) = &subject.labels {
            return self.by_label(subject, labels, comparison);
        }
        match &comparison.value {
            soql::Value::Literal(literal) => self.with_one(subject, comparison.operator, literal),
            soql::Value::List(literals) => self.with_list(subject, comparison.operator, literals),
            soql::Value::Query(_) => rule("A query is not allowed here"),
        }
    }

    fn with_one(
        &self,
        subject: &Subject,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, QueryFault> {
        if operator == Operator::Like {
            return match &literal.kind {
                LiteralKind::Pattern(pattern) => Ok(Predicate::Like {
                    expression: subject.expression.clone(),
                    pattern: pattern.clone(),
                }),
                _ => self.mistyped(subject),
            };
        }
        let value = self.typed(subject, literal)?;
        if let Operator::Equal | Operator::NotEqual = operator {
            let equal = equals(subject, value);
            return Ok(if operator == Operator::Equal {
                equal
            } else {
                equal.negated()
            });
        }
        // A range is below what it begins with, and above what it ends before.
        let (comparison, value) = match (operator, value) {
            (_, Typed::Null) => return Ok(Predicate::NEVER),
            (Operator::Less, Typed::One(value) | Typed::Range(value, _)) => {
                (Comparison::Less, value)
            }
            (Operator::LessOrEqual, Typed::One(value)) => (Comparison::LessOrEqual, value),
            (Operator::LessOrEqual, Typed::Range(_, end)) => (Comparison::Less, end),
            (Operator::Greater, Typed::One(value)) => (Comparison::Greater, value),
            (Operator::Greater, Typed::Range(_, end)) => (Comparison::GreaterOrEqual, end),
            (_, Typed::One(value) | Typed::Range(value, _)) => (Comparison::GreaterOrEqual, value),
        };
        Ok(Predicate::Compare {
            operand: operand(subject),
            comparison,
            value,
        })
    }

    fn with_list(
        &self,
        subject: &Subject,
        operator: Operator,
        literals: &[Literal],
    ) -> Result<Predicate, QueryFault> {
        if let Operator::Includes | Operator::Excludes = operator {
            let lists = literals.iter().map(|literal| match &literal.kind {
                LiteralKind::Text(list) => Ok(list.clone()),
                _ => self.mistyped(subject),
            });
            let includes = Predicate::Includes {
                expression: subject.expression.clone(),
                lists: lists.collect::<Result<_, _>>()?,
            };
            return Ok(negated_if(operator == Operator::Excludes, includes));
        }
        let mut values = Vec::new();
        let mut others = Vec::new();
        for literal in literals {
            match self.typed(subject, literal)? {
                Typed::One(value) if subject.field_type != FieldType::Boolean => values.push(value),
                other => others.push(equals(subject, other)),
            }
        }
        if !values.is_empty() {
            let operand = operand(subject);
            others.push(Predicate::OneOf { operand, values });
        }
        let found = Predicate::Any(others);
        Ok(negated_if(operator == Operator::NotIn, found))
    }

    /// A comparison with what people see: the listed values whose labels meet it, and unlisted values that do themselves.
    fn by_label(
        &self,
        subject: &Subject,
        labels: &[(String, String)],
        comparison: &soql::Comparison,
    ) -> Result<Predicate, QueryFault> {
        let plain_subject = Subject {
            labels: None,
            ..subject.clone()
        };
        let (negative, positive) = match comparison.operator {
            Operator::NotEqual => (true, Operator::Equal),
            Operator::NotIn => (true, Operator::In),
            other => (false, other),
        };
        let positive = soql::Comparison {
            operator: positive,
            ..comparison.clone()
        };
        let itself = self.comparison(&plain_subject, &positive)?;
        let meets = |label: &str| match &positive.value {
            soql::Value::Literal(literal) => label_meets(label, &literal.kind),
            soql::Value::List(literals) => literals
                .iter()
                .any(|literal| label_meets(label, &literal.kind)),
            soql::Value::Query(_) => false,
        };
        if !matches!(
            positive.operator,
            Operator::Equal | Operator::In | Operator::Like
        ) {
            return rule("toLabel can be compared by =, !=, LIKE, IN and NOT IN");
        }
        let one_of = |values: Vec<&String>| Predicate::OneOf {
            operand: operand(subject),
            values: values
                .into_iter()
                .map(|value| landfall_model::Value::Text(value.clone()))
                .collect(),
        };
        let listed = one_of(labels.iter().map(|(value, _)| value).collect());
        let met = labels.iter().filter(|(_, label)| meets(label));
        let met = one_of(met.map(|(value, _)| value).collect());
        let found = Predicate::Any(vec![met, Predicate::All(vec![itself, listed.negated()])]);
        Ok(negated_if(negative, found))
    }

    fn semi_join(
        &mut self,
        comparison: &soql::Comparison,
        query: &Query,
        below: Below,
    ) -> Result<Predicate, QueryFault> {
        match (self.kind, below) {
            (Kind::SemiJoin, _) => return Err(plain(QueryRefusal::SemiJoinInSemiJoin)),
            (_, Below::Or) => return Err(plain(QueryRefusal::SemiJoinWithOr)),
            (Kind::Child(_), _) | (_, Below::Not) => {
                return Err(plain(QueryRefusal::SemiJoinNested));
            }
            (Kind::Outer, Below::Top) => (),
        }
        self.semi_joins += 1;
        if self.semi_joins > QUERY_SEMI_JOINS_MAX {
            return rule("Maximum 2 semi join sub-selects are allowed");
        }
        let subject = self.subject(&comparison.operand)?;
        let outer = match subject.expression {
            Expression::Field { source: 0, place } => self.entity.fields.get(place),
            _ => None,
        };
        let Some(outer) = outer.filter(|field| is_id(field.field_type)).cloned() else {
            return rule(
                "The left operand of a semi join is an id or a reference of the object itself",
            );
        };
        let inner = self.semi_joined(query, &outer)?;
        let found = Predicate::InQuery {
            expression: subject.expression,
            plan: Box::new(inner),
        };
        Ok(negated_if(comparison.operator == Operator::NotIn, found))
    }

    /// The query of a semi-join, for what is found to be looked up in `outer`.
    fn semi_joined(&self, query: &Query, outer: &FieldDefinition) -> Result<Plan, QueryFault> {
        let bare = query.order.is_empty()
            && query.limit.is_none()
            && query.offset.is_none()
            && query.for_update.is_none();
        let ([from], true) = (query.from.as_slice(), bare) else {
            return rule("A semi join sub-select has one object and WHERE only");
        };
        let name = from.path.to_string();
        let Some(entity) = self.context.catalog.entity(&name) else {
            return self.refused(from.path.at, QueryRefusal::ObjectUnknown { name });
        };
        if entity.name == self.entity.name {
            return Err(plain(QueryRefusal::SemiJoinSameObject));
        }
        let [
            Select::Operand {
                operand: soql::Operand::Path(path),
                ..
            },
        ] = query.select.as_slice()
        else {
            return rule("A semi join sub-select asks for one id");
        };
        let mut scope = Scope::new(self.context, Arc::clone(entity), Kind::SemiJoin);
        scope.name_sources(query);
        let resolved = scope.resolve(path)?;
        let field_type = resolved.field.field_type;
        if !is_id(field_type) || !resolved.steps.is_empty() {
            return Err(plain(QueryRefusal::SemiJoinColumn {
                field: resolved.name(),
            }));
        }
        let found = leads_to(entity, &resolved.field);
        if !leads_to(&self.entity, outer)
            .iter()
            .any(|object| found.contains(object))
        {
            return Err(plain(QueryRefusal::SemiJoinObjects {
                inner: resolved.name(),
                outer: outer.name.to_string(),
            }));
        }
        scope.check_clauses(query)?;
        scope.column(resolved.expression, field_type);
        let filter = scope.filter(query)?;
        scope.plan(query, filter)
    }
}

const fn is_id(kind: FieldType) -> bool {
    matches!(kind, FieldType::Id | FieldType::Reference)
}

/// The objects whose records the ids in a field are.
fn leads_to<'d>(entity: &'d EntityDefinition, field: &'d FieldDefinition) -> &'d [EntityName] {
    match field.field_type {
        FieldType::Id => std::slice::from_ref(&entity.name),
        _ => &field.reference_to,
    }
}

fn negated_if(negative: bool, predicate: Predicate) -> Predicate {
    if negative {
        predicate.negated()
    } else {
        predicate
    }
}

fn label_meets(label: &str, literal: &LiteralKind) -> bool {
    match literal {
        LiteralKind::Text(wanted) => text::compare(label, wanted).is_eq(),
        LiteralKind::Pattern(pattern) => text::is_like(label, pattern),
        _ => false,
    }
}

fn operand(subject: &Subject) -> Operand {
    Operand {
        expression: subject.expression.clone(),
        folded: subject.folded,
    }
}

fn equals(subject: &Subject, value: Typed) -> Predicate {
    let compare = |comparison, value| Predicate::Compare {
        operand: operand(subject),
        comparison,
        value,
    };
    match value {
        // An unchecked box and no box are the same.
        Typed::Null if subject.field_type == FieldType::Boolean => {
            compare(Comparison::Equal, landfall_model::Value::Boolean(false))
        }
        Typed::Null => Predicate::IsNull(subject.expression.clone()),
        Typed::One(value) => compare(Comparison::Equal, value),
        Typed::Range(first, end) => Predicate::All(vec![
            compare(Comparison::GreaterOrEqual, first),
            compare(Comparison::Less, end),
        ]),
    }
}

/// Source: "Comparison Operators" (SOQL and SOSL Reference).
fn check_operator(subject: &Subject, operator: Operator) -> Result<(), QueryFault> {
    let kind = subject.field_type;
    if subject.is_distance && !matches!(operator, Operator::Less | Operator::Greater) {
        return rule("DISTANCE is compared by < and > only");
    }
    let multiple = kind == FieldType::MultiPicklist;
    let allowed = match operator {
        Operator::Equal | Operator::NotEqual => true,
        Operator::Includes | Operator::Excludes => multiple,
        Operator::In | Operator::NotIn => !multiple,
        Operator::Like => kind.is_text() && !multiple,
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            !multiple && kind != FieldType::Boolean
        }
    };
    if allowed {
        Ok(())
    } else {
        Err(plain(QueryRefusal::OperatorInvalid {
            kind: type_name(kind),
        }))
    }
}
