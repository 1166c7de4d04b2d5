//! Roll-up summary fields as the planner needs them: places in rows instead of names.

use std::borrow::Cow;

use landfall_formula::{Environment, Formula, Target};
use landfall_metadata::{RollUp, RollUpFilter};
use landfall_model::{
    Catalog, EntityDefinition, FieldDefinition, FieldName, KeyPrefix, Row, Timestamp, Value,
};

use crate::rows::read;

/// How the value of a field of a detail is read.
#[derive(Debug)]
enum Reading {
    /// It is stored.
    Stored(usize),
    /// It is computed from these.
    Computed {
        formula: Formula,
        target: Target,
        inputs: Vec<usize>,
    },
}

impl Reading {
    fn new(name: &FieldName, source: &RollUp, child: &EntityDefinition) -> Option<Self> {
        let mut computed = source.formulas.iter();
        let Some(computed) = computed.find(|computed| computed.field == *name) else {
            return child.index_of(name.as_str()).map(Self::Stored);
        };
        let references = computed.formula.references().iter();
        let inputs = references.map(|reference| child.index_of(reference.field.as_str()));
        Some(Self::Computed {
            formula: computed.formula.clone(),
            target: computed.target,
            inputs: inputs.collect::<Option<_>>()?,
        })
    }

    /// The value in the row of a detail.
    fn of<'r>(&self, row: &'r Row) -> Cow<'r, Value> {
        match self {
            Self::Stored(place) => Cow::Borrowed(read(row, Some(*place))),
            Self::Computed {
                formula,
                target,
                inputs,
            } => {
                let inputs = inputs.iter().map(|place| read(row, Some(*place)).clone());
                let inputs: Vec<Value> = inputs.collect();
                // A formula that can be summarized asks for neither the time nor the user.
                let environment = Environment::at(Timestamp::from_millis(0));
                Cow::Owned(formula.read(&inputs, &environment, *target))
            }
        }
    }

    /// The stored fields that it depends on.
    fn places(&self) -> &[usize] {
        match self {
            Self::Stored(place) => std::slice::from_ref(place),
            Self::Computed { inputs, .. } => inputs,
        }
    }
}

/// How one roll-up summary field comes about.
#[derive(Debug)]
pub(crate) struct Summary {
    source: RollUp,
    /// Digits after the point of the field.
    scale: u32,
    /// The object that has the field.
    pub(crate) parent: KeyPrefix,
    /// The field in its rows.
    pub(crate) place: usize,
    /// The object of the details.
    pub(crate) child: KeyPrefix,
    /// Where details say whose they are.
    pub(crate) foreign_key: usize,
    summarized: Option<Reading>,
    filters: Vec<(Reading, RollUpFilter)>,
}

impl Summary {
    /// None if the catalogue lacks what it speaks of, which what was compiled with it does not.
    pub(crate) fn new(source: &RollUp, catalog: &Catalog) -> Option<Self> {
        let parent = catalog.entity(source.entity.as_str())?;
        let child = catalog.entity(source.child.as_str())?;
        let (place, field): (usize, &FieldDefinition) = parent.field(source.field.as_str())?;
        let summarized = match &source.summarized {
            Some(field) => Some(Reading::new(field, source, child)?),
            None => None,
        };
        let filters = source
            .filters
            .iter()
            .map(|filter| Some((Reading::new(&filter.field, source, child)?, filter.clone())))
            .collect::<Option<_>>()?;
        Some(Self {
            scale: field.scale,
            parent: parent.key_prefix,
            place,
            child: child.key_prefix,
            foreign_key: child.index_of(source.foreign_key.as_str())?,
            summarized,
            filters,
            source: source.clone(),
        })
    }

    /// What was declared.
    pub(crate) const fn source(&self) -> &RollUp {
        &self.source
    }

    /// Whether both give the same values.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        self.source.is_as(&other.source) && self.scale == other.scale
    }

    /// What it is for a record without details.
    pub(crate) fn of_nothing(&self) -> Value {
        self.source.operation.of([].iter())
    }

    /// What it is for the record whose live details these are.
    pub(crate) fn of<'r>(&self, details: impl Iterator<Item = &'r Row>) -> Value {
        let counted = details.filter(|row| {
            let mut filters = self.filters.iter();
            filters.all(|(reading, filter)| filter.admits(&reading.of(row)))
        });
        let summarized = self.summarized.as_ref();
        let values = counted.map(|row| summarized.map_or_else(Cow::default, |field| field.of(row)));
        let values: Vec<Cow<'_, Value>> = values.collect();
        let values = values.iter().map(|value| &**value);
        self.source.operation.of(values)
    }

    /// Whether two states of a detail count the same.
    pub(crate) fn sees_no_difference(&self, before: &Row, after: &Row) -> bool {
        let compared = self.filters.iter().map(|(reading, _)| reading);
        let readings = self.summarized.iter().chain(compared);
        [self.foreign_key]
            .into_iter()
            .chain(readings.flat_map(Reading::places).copied())
            .all(|place| read(before, Some(place)) == read(after, Some(place)))
    }
}
