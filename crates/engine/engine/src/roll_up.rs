//! Roll-up summary fields as the planner needs them: places in rows instead of names.

use landfall_metadata::{RollUp, RollUpFilter};
use landfall_model::{Catalog, FieldDefinition, KeyPrefix, Row, Value};

use crate::blueprint::read;

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
    summarized: Option<usize>,
    filters: Vec<(usize, RollUpFilter)>,
}

impl Summary {
    /// None if the catalogue lacks what it speaks of, which what was compiled with it does not.
    pub(crate) fn new(source: &RollUp, catalog: &Catalog) -> Option<Self> {
        let parent = catalog.entity(source.entity.as_str())?;
        let child = catalog.entity(source.child.as_str())?;
        let (place, field): (usize, &FieldDefinition) = parent.field(source.field.as_str())?;
        let summarized = match &source.summarized {
            Some(field) => Some(child.index_of(field.as_str())?),
            None => None,
        };
        let filters = source
            .filters
            .iter()
            .map(|filter| Some((child.index_of(filter.field.as_str())?, filter.clone())))
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
            let admits =
                |(place, filter): &(usize, RollUpFilter)| filter.admits(read(row, Some(*place)));
            self.filters.iter().all(admits)
        });
        self.source
            .operation
            .of(counted.map(|row| read(row, self.summarized)))
    }

    /// Whether two states of a detail count the same.
    pub(crate) fn sees_no_difference(&self, before: &Row, after: &Row) -> bool {
        let compared = self.filters.iter().map(|(place, _)| *place);
        [self.foreign_key]
            .into_iter()
            .chain(self.summarized)
            .chain(compared)
            .all(|place| read(before, Some(place)) == read(after, Some(place)))
    }
}
