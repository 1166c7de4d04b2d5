//! The `SELECT` list of a query for records.

use std::sync::Arc;

use landfall_model::limits::{QUERY_CHILDREN_MAX, QUERY_FIELDS_ALL_RECORDS_MAX, QUERY_LEVELS_MAX};
use landfall_model::{EntityDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{
    Call, Condition, FieldSet, Function, Operand, Operator, Path, Query, Select, TypeOf, Value,
};

use super::columns::labels;
use super::sources::{Reached, Resolved};
use super::{Kind, Scope, is_bare_count, plain, rule};
use crate::format::Format;
use crate::plan::Children;
use crate::shape::{Answers, Cell, Item, RecordShape, Shown, TypeCase};

/// Why amounts are not converted. Source: "`convertCurrency()`" (SOQL and SOSL Reference); the text is ours.
const ONE_CURRENCY: &str = "convertCurrency needs an org with several currencies";

impl Scope<'_> {
    pub(super) fn select(&mut self, query: &Query) -> Result<RecordShape, QueryFault> {
        let own = Reached::One {
            source: 0,
            entity: Arc::clone(&self.entity),
        };
        let mut record = self.record(&own);
        let mut unnamed = 0;
        let mut children = 0;
        for item in &query.select {
            match item {
                Select::Operand { operand, alias } => {
                    let alias = alias.as_ref().map(|alias| alias.text.clone());
                    match operand {
                        Operand::Path(path) => self.show(&mut record.items, path)?,
                        Operand::Call(call) => {
                            let item = self.called(call, alias, &mut unnamed)?;
                            self.list(item.name().to_owned(), &item);
                            add(&mut record.items, item)?;
                        }
                    }
                }
                Select::Fields { set, .. } => self.show_fields(&mut record.items, *set, query)?,
                Select::Children(inner) => {
                    let (name, _, _) = self.relationship_to(inner)?;
                    let place = children;
                    children += 1;
                    add(&mut record.items, Item::Children { name, place })?;
                }
                Select::TypeOf(typeof_) => {
                    let item = self.type_of(typeof_)?;
                    add(&mut record.items, item)?;
                }
            }
        }
        Ok(record)
    }

    /// Shows a field where its path leads.
    fn show(&mut self, items: &mut Vec<Item>, path: &Path) -> Result<(), QueryFault> {
        let resolved = self.resolve(path)?;
        let name = resolved.field.name.to_string();
        let Resolved {
            expression,
            field,
            reached,
            ..
        } = &resolved;
        let item = self.member(name, expression, field, reached);
        let duplicate = || {
            plain(QueryRefusal::FieldDuplicate {
                field: resolved.name(),
            })
        };
        let members = self.members(items, &resolved.steps).ok_or_else(duplicate)?;
        if members.iter().any(|known| known.name() == item.name()) {
            return Err(duplicate());
        }
        self.list(resolved.name(), &item);
        members.push(item);
        Ok(())
    }

    /// Gives a value its place in a table.
    fn list(&mut self, name: String, item: &Item) {
        if let Item::Value { column, shown, .. } = item {
            self.cells.push(Cell {
                name,
                column: *column,
                shown: shown.clone(),
            });
        }
    }

    fn show_fields(
        &mut self,
        items: &mut Vec<Item>,
        set: FieldSet,
        query: &Query,
    ) -> Result<(), QueryFault> {
        if set != FieldSet::Standard && !is_bounded(query) {
            return Err(plain(QueryRefusal::FieldsUnbounded));
        }
        let entity = Arc::clone(&self.entity);
        let wanted = entity.fields.iter().filter(|field| match set {
            FieldSet::All => true,
            FieldSet::Custom => field.custom,
            FieldSet::Standard => !field.custom,
        });
        for field in wanted {
            let path = Path {
                names: vec![field.name.to_string()],
                at: 0,
            };
            self.show(items, &path)?;
        }
        if items.is_empty() && query.select.len() == 1 {
            return Err(plain(QueryRefusal::FieldsEmpty));
        }
        Ok(())
    }

    /// A function of one record.
    fn called(
        &mut self,
        call: &Call,
        alias: Option<String>,
        unnamed: &mut usize,
    ) -> Result<Item, QueryFault> {
        if is_bare_count(&Operand::Call(call.clone())) {
            return rule("COUNT() must be the only element of the SELECT list");
        }
        match (call.function, call.only()) {
            (Function::ToLabel, Some(Operand::Path(path))) => {
                let resolved = self.resolve(path)?;
                let shown = Shown::Labelled(labels(&resolved.field));
                let name = alias.unwrap_or_else(|| resolved.field.name.to_string());
                let column = self.column(resolved.expression, resolved.field.field_type);
                Ok(Item::Value {
                    name,
                    column,
                    shown,
                })
            }
            (Function::Distance, _) => {
                let name = alias.unwrap_or_else(|| {
                    *unnamed += 1;
                    format!("expr{}", *unnamed - 1)
                });
                let expression = self.distance(call)?;
                Ok(Item::Value {
                    name,
                    column: self.column(expression, FieldType::Double),
                    shown: Shown::Plain(FieldType::Double),
                })
            }
            (Function::Date(_) | Function::Grouping, Some(_)) => {
                let field = self.called_name(call)?;
                Err(plain(QueryRefusal::NeitherGroupedNorAggregated { field }))
            }
            (Function::ConvertCurrency, _) => rule(ONE_CURRENCY),
            (Function::Format, Some(Operand::Path(path))) => {
                let resolved = self.resolve(path)?;
                if resolved.field.field_type.is_compound() {
                    return rule("FORMAT takes a field with one value");
                }
                let shown = Shown::Formatted(Format::of(&resolved.field, &self.context.zone));
                let name = alias.unwrap_or_else(|| resolved.field.name.to_string());
                let column = self.column(resolved.expression, resolved.field.field_type);
                Ok(Item::Value {
                    name,
                    column,
                    shown,
                })
            }
            (Function::Format, Some(Operand::Call(inner)))
                if inner.function == Function::ConvertCurrency =>
            {
                rule(ONE_CURRENCY)
            }
            _ => rule("The function is not allowed in the SELECT list"),
        }
    }

    fn called_name(&mut self, call: &Call) -> Result<String, QueryFault> {
        match call.only() {
            Some(Operand::Path(path)) => Ok(self.resolve(path)?.name()),
            Some(Operand::Call(inner)) => self.called_name(inner),
            None => Ok(String::new()),
        }
    }

    fn type_of(&mut self, typeof_: &TypeOf) -> Result<Item, QueryFault> {
        let ways = self.stripped(&typeof_.path);
        let (steps, reached) = self.walk(&ways, typeof_.path.at)?;
        let (Reached::Many { id, sources }, [(name, _)]) = (&reached, steps.as_slice()) else {
            return rule("TYPEOF needs a relationship of this object to several objects");
        };
        let mut cases = Vec::new();
        for case in &typeof_.cases {
            let wanted = &case.object.text;
            let found = sources
                .iter()
                .find(|(_, entity)| entity.name.as_str().eq_ignore_ascii_case(wanted));
            let Some((source, entity)) = found else {
                let name = wanted.clone();
                return self.refused(case.object.at, QueryRefusal::ObjectUnknown { name });
            };
            let items = self.fields_of(*source, entity, &case.fields)?;
            cases.push(TypeCase {
                entity: Arc::clone(entity),
                items,
            });
        }
        let otherwise = match &typeof_.otherwise {
            None => None,
            Some(fields) => {
                let mut items = Vec::new();
                for path in fields {
                    let mut names = typeof_.path.names.clone();
                    names.extend(path.names.iter().cloned());
                    let resolved = self.resolve(&Path { names, at: path.at })?;
                    let name = resolved.field.name.to_string();
                    let item = self.member(
                        name,
                        &resolved.expression,
                        &resolved.field,
                        &resolved.reached,
                    );
                    add(&mut items, item)?;
                }
                Some(items)
            }
        };
        Ok(Item::TypeOf {
            name: name.clone(),
            id: self.column(id.clone(), FieldType::Id),
            cases,
            otherwise,
        })
    }

    fn fields_of(
        &mut self,
        source: usize,
        entity: &Arc<EntityDefinition>,
        paths: &[Path],
    ) -> Result<Vec<Item>, QueryFault> {
        let mut items = Vec::new();
        for path in paths {
            let [name] = path.names.as_slice() else {
                return rule("TYPEOF can not show fields of further relationships");
            };
            let Some((place, field)) = entity.field(name) else {
                let refusal = QueryRefusal::FieldUnknown {
                    field: name.clone(),
                    entity: entity.name.to_string(),
                };
                return self.refused(path.at, refusal);
            };
            let expression = self.value(source, entity, (place, field));
            let reached = Reached::One {
                source,
                entity: Arc::clone(entity),
            };
            let item = self.member(field.name.to_string(), &expression, field, &reached);
            add(&mut items, item)?;
        }
        Ok(items)
    }

    /// The child queries, in their order.
    pub(super) fn child_plans(
        &mut self,
        query: &Query,
    ) -> Result<Vec<(Children, RecordShape)>, QueryFault> {
        let level = match self.kind {
            Kind::Outer => 1,
            Kind::Child(level) => level + 1,
            Kind::SemiJoin => QUERY_LEVELS_MAX,
        };
        let mut plans = Vec::new();
        for item in &query.select {
            let Select::Children(inner) = item else {
                continue;
            };
            if level >= QUERY_LEVELS_MAX || plans.len() >= QUERY_CHILDREN_MAX {
                return Err(plain(QueryRefusal::TooComplicated));
            }
            if inner.offset.is_some() && query.limit != Some(1) {
                return rule("OFFSET in a query of children needs LIMIT 1 in the outer query");
            }
            let (_, child, place) = self.relationship_to(inner)?;
            let mut scope = Scope::new(self.context, child, Kind::Child(level));
            if let Some(alias) = inner.from.first().and_then(|from| from.alias.as_ref()) {
                scope.aliases.push((alias.text.clone(), Vec::new()));
            }
            let checked = scope.query(inner)?;
            let Answers::Records(shape) = checked.answers else {
                return rule("Aggregate functions are not allowed in a query of children");
            };
            let plan = checked.plan;
            plans.push((Children { place, plan }, shape));
        }
        Ok(plans)
    }

    /// The relationship that a child query goes by: its declared name, the children's object and their reference.
    fn relationship_to(
        &self,
        inner: &Query,
    ) -> Result<(String, Arc<EntityDefinition>, usize), QueryFault> {
        let [from] = inner.from.as_slice() else {
            return rule("A query of children has one relationship");
        };
        let found = match self.stripped(&from.path).as_slice() {
            [way] => self.children_named(way),
            _ => None,
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let name = from.path.last().to_owned();
        self.refused(from.path.at, QueryRefusal::ChildrenUnknown { name })
    }

    fn children_named(&self, way: &str) -> Option<(String, Arc<EntityDefinition>, usize)> {
        let (name, relationship) = self.entity.children.iter().find_map(|child| {
            let name = child.relationship_name.as_ref()?;
            name.eq_ignore_ascii_case(way).then_some((name, child))
        })?;
        let child = self.context.catalog.entity(relationship.child.as_str())?;
        let (place, field) = child.field(relationship.field.as_str())?;
        field
            .stored()
            .then(|| (name.clone(), Arc::clone(child), place))
    }
}

fn add(items: &mut Vec<Item>, item: Item) -> Result<(), QueryFault> {
    if items.iter().any(|known| known.name() == item.name()) {
        let alias = item.name().to_owned();
        return Err(plain(QueryRefusal::AliasDuplicate { alias }));
    }
    items.push(item);
    Ok(())
}

/// Whether a query is of few enough records for all their fields: by `LIMIT`, or by their ids.
fn is_bounded(query: &Query) -> bool {
    let few = |count: usize| {
        u64::try_from(count).is_ok_and(|count| count <= QUERY_FIELDS_ALL_RECORDS_MAX)
    };
    let by_limit = query
        .limit
        .is_some_and(|limit| limit <= QUERY_FIELDS_ALL_RECORDS_MAX);
    by_limit || query.filter.as_ref().is_some_and(|filter| few(ids(filter)))
}

/// How many ids a condition lists; more than can be counted if it does something else.
fn ids(condition: &Condition) -> usize {
    match condition {
        Condition::Any(terms) => terms.iter().map(ids).fold(0, usize::saturating_add),
        Condition::Compare(comparison) => {
            let is_id = matches!(&comparison.operand,
                Operand::Path(path) if path.last().eq_ignore_ascii_case("Id") && path.names.len() == 1);
            match (&comparison.operator, &comparison.value) {
                (Operator::Equal, Value::Literal(_)) if is_id => 1,
                (Operator::In, Value::List(values)) if is_id => values.len(),
                _ => usize::MAX,
            }
        }
        Condition::All(_) | Condition::Not(_) => usize::MAX,
    }
}
