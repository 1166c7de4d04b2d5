//! From a syntax tree to what is to be done: names, types and rules, against the objects of an org.
//!
//! Checks go from left to right: the object, then `SELECT`, `WHERE`, `GROUP BY`, `ORDER BY`.

mod columns;
mod filter;
mod formula;
mod group;
mod order;
mod search;
mod select;
mod sources;
mod subject;
mod value;

use std::sync::Arc;

pub use formula::FormulaScope;
pub use search::search;

use landfall_formula::Environment;
use landfall_model::limits::{
    QUERY_COLUMNS_MAX, QUERY_OFFSET_MAX, QUERY_PARENTS_MAX, QUERY_TERMS_MAX,
};
use landfall_model::{
    Catalog, EntityDefinition, QueryFault, QueryRefusal, RecordId, Timestamp, Value,
};
use landfall_soql::{GroupKind, Query, Select, caret};

use crate::plan::{Column, Comparison, Expression, Operand, Parent, Plan, Predicate};
use crate::shape::{Answers, Cell, Checked};
use crate::zone::Zone;

/// What a query is checked against.
pub struct Context<'c> {
    /// The statement, for the places in error texts.
    pub statement: &'c str,
    /// The objects of the org.
    pub catalog: &'c Catalog,
    /// When the query is asked.
    pub now: Timestamp,
    /// The caller's time zone.
    pub zone: Zone,
    /// The first month of the org's fiscal year, from 1.
    pub fiscal_month: u8,
    /// The caller.
    pub user: RecordId,
    /// Whether records in the recycle bin are meant too.
    pub deleted: bool,
    /// The org's formula fields; none: they are null.
    pub formulas: Option<FormulaScope<'c>>,
}

/// Reads a statement and checks it.
///
/// # Errors
/// [`QueryFault::Malformed`] for invalid SOQL, [`QueryFault::Refused`] for a query that is not allowed.
pub fn read(context: &Context<'_>) -> Result<Checked, QueryFault> {
    let query = landfall_soql::parse(context.statement).map_err(|error| {
        let reason = error.to_string();
        QueryFault::Malformed { reason }
    })?;
    check(&query, context)
}

pub(crate) fn check(query: &Query, context: &Context<'_>) -> Result<Checked, QueryFault> {
    let Some(from) = query.from.first() else {
        return Err(plain(QueryRefusal::TooComplicated));
    };
    let name = from.path.to_string();
    let Some(entity) = context.catalog.entity(&name) else {
        if let Some(name) = event_object(context.catalog, &name) {
            return Err(plain(QueryRefusal::ObjectNotQueryable { name }));
        }
        return Err(QueryFault::Refused {
            place: caret(context.statement, from.path.at),
            refusal: QueryRefusal::ObjectUnknown { name },
        });
    };
    if !entity.capabilities.queryable {
        return Err(plain(QueryRefusal::ObjectNotQueryable {
            name: entity.name.to_string(),
        }));
    }
    let mut scope = Scope::new(context, Arc::clone(entity), Kind::Outer);
    scope.name_sources(query);
    scope.query(query)
}

/// The name of an event as an object, which has no records.
fn event_object(catalog: &Catalog, name: &str) -> Option<String> {
    if let Some(event) = catalog.platform_event(name) {
        return Some(event.name.to_string());
    }
    let entity = catalog.entity_of_change_event(name)?;
    entity
        .change_event
        .as_ref()
        .map(|event| event.name.to_string())
}

/// A refusal without a place.
fn plain(refusal: QueryRefusal) -> QueryFault {
    QueryFault::Refused {
        place: String::new(),
        refusal,
    }
}

fn rule<T>(text: &'static str) -> Result<T, QueryFault> {
    Err(plain(QueryRefusal::Rule { text }))
}

/// Where a query stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Outer,
    /// In a `SELECT` list, so many levels down.
    Child(usize),
    /// After `IN`.
    SemiJoin,
}

/// One object's query while it is checked.
struct Scope<'c> {
    context: &'c Context<'c>,
    kind: Kind,
    entity: Arc<EntityDefinition>,
    /// Other names, and the ways that they stand for.
    aliases: Vec<(String, Vec<String>)>,
    parents: Vec<Parent>,
    columns: Vec<Column>,
    cells: Vec<Cell>,
    semi_joins: usize,
    /// What all formulas of the query depend on besides records.
    environment: Option<Arc<Environment>>,
}

impl<'c> Scope<'c> {
    fn new(context: &'c Context<'c>, entity: Arc<EntityDefinition>, kind: Kind) -> Self {
        Self {
            context,
            kind,
            entity,
            aliases: Vec::new(),
            parents: Vec::new(),
            columns: Vec::new(),
            cells: Vec::new(),
            semi_joins: 0,
            environment: None,
        }
    }

    fn refused<T>(&self, at: usize, refusal: QueryRefusal) -> Result<T, QueryFault> {
        Err(QueryFault::Refused {
            place: caret(self.context.statement, at),
            refusal,
        })
    }

    /// `FROM Contact c, c.Account a`: the object's other name, and names of ways to parents.
    fn name_sources(&mut self, query: &Query) {
        for (number, from) in query.from.iter().enumerate() {
            let way = if number == 0 {
                Vec::new()
            } else {
                self.stripped(&from.path)
            };
            if let Some(alias) = &from.alias {
                self.aliases.push((alias.text.clone(), way));
            }
        }
    }

    fn query(mut self, query: &Query) -> Result<Checked, QueryFault> {
        self.check_clauses(query)?;
        if let [Select::Operand { operand, .. }] = query.select.as_slice()
            && is_bare_count(operand)
            && query.group.is_none()
        {
            return self.count(query);
        }
        if query.group.is_some() || query.select.iter().any(is_aggregate) {
            return self.groups(query);
        }
        let mut shape = self.select(query)?;
        let (children, shapes) = self.child_plans(query)?.into_iter().unzip();
        shape.children = shapes;
        let filter = self.filter(query)?;
        let order = self.order(&query.order, None)?;
        let cells = std::mem::take(&mut self.cells);
        let mut plan = self.plan(query, filter)?;
        plan.order = order;
        plan.children = children;
        Ok(Checked {
            plan,
            answers: Answers::Records(shape),
            single_page: query.offset.is_some(),
            cells,
        })
    }

    fn count(mut self, query: &Query) -> Result<Checked, QueryFault> {
        if !query.order.is_empty() {
            return rule("COUNT() can not be combined with ORDER BY");
        }
        let filter = self.filter(query)?;
        Ok(Checked {
            plan: self.plan(query, filter)?,
            answers: Answers::Count,
            single_page: true,
            cells: Vec::new(),
        })
    }

    fn plan(self, query: &Query, filter: Predicate) -> Result<Plan, QueryFault> {
        let too_many =
            self.columns.len() > QUERY_COLUMNS_MAX || self.parents.len() > QUERY_PARENTS_MAX;
        if too_many || filter.terms() > QUERY_TERMS_MAX {
            return Err(plain(QueryRefusal::TooComplicated));
        }
        Ok(Plan {
            entity: self.entity,
            parents: self.parents,
            columns: self.columns,
            filter,
            grouping: None,
            order: Vec::new(),
            limit: query.limit,
            offset: query.offset.unwrap_or(0),
            children: Vec::new(),
            zone: self.context.zone.clone(),
            fiscal_month: self.context.fiscal_month,
        })
    }

    /// What a whole clause has to keep.
    fn check_clauses(&self, query: &Query) -> Result<(), QueryFault> {
        if let Some(at) = query.all_rows {
            let token = "ALL".to_owned();
            return self.refused(at, QueryRefusal::TokenUnexpected { token });
        }
        if query.for_update.is_some() && !query.order.is_empty() {
            return rule("FOR UPDATE can not be combined with ORDER BY");
        }
        if query.offset.is_some_and(|offset| offset > QUERY_OFFSET_MAX) {
            return Err(plain(QueryRefusal::OffsetTooLarge));
        }
        if self.kind != Kind::Outer && (query.group.is_some() || query.scope.is_some()) {
            return rule("A query within a query can have neither GROUP BY nor USING SCOPE");
        }
        let by = query.group.as_ref();
        if by.is_some_and(|group| group.kind != GroupKind::Plain && group.by.len() > 3) {
            return rule("GROUP BY ROLLUP and GROUP BY CUBE take three fields at most");
        }
        Ok(())
    }

    /// `WHERE`, `USING SCOPE`, and whether deleted records are meant.
    fn filter(&mut self, query: &Query) -> Result<Predicate, QueryFault> {
        let mut terms = Vec::new();
        if let Some(condition) = &query.filter {
            match self.condition(condition)? {
                Predicate::All(all) => terms.extend(all),
                one => terms.push(one),
            }
        }
        if let Some(scope) = &query.scope {
            let owner = self.entity.field("OwnerId").map(|(place, _)| place);
            if scope.text.eq_ignore_ascii_case("mine")
                && let Some(place) = owner
            {
                terms.push(Predicate::Compare {
                    operand: own(place),
                    comparison: Comparison::Equal,
                    value: Value::Id(self.context.user),
                });
            } else if !scope.text.eq_ignore_ascii_case("everything") {
                let name = scope.text.clone();
                return self.refused(scope.at, QueryRefusal::ScopeInvalid { name });
            }
        }
        let deleted = self.entity.field("IsDeleted");
        if let Some((place, _)) = deleted.filter(|(_, field)| field.stored())
            && !self.context.deleted
        {
            terms.push(Predicate::Compare {
                operand: own(place),
                comparison: Comparison::Equal,
                value: Value::Boolean(false),
            });
        }
        Ok(Predicate::All(terms))
    }
}

/// A field of the record itself.
fn own(place: usize) -> Operand {
    Operand {
        expression: Expression::Field { source: 0, place },
        folded: false,
    }
}

fn is_bare_count(operand: &landfall_soql::Operand) -> bool {
    matches!(operand, landfall_soql::Operand::Call(call) if call.is_bare_count())
}

fn is_aggregate(item: &Select) -> bool {
    use landfall_soql::{Function, Operand};
    let Select::Operand { operand, .. } = item else {
        return false;
    };
    match operand {
        Operand::Call(call) => match call.function {
            Function::Aggregate(_) | Function::Grouping => true,
            Function::Format => matches!(call.only(), Some(Operand::Call(inner))
                if matches!(inner.function, Function::Aggregate(_))),
            _ => false,
        },
        Operand::Path(_) => false,
    }
}
