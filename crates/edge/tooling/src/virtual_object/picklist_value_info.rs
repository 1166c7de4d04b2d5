//! `PicklistValueInfo`: the values of picklists as records.
//!
//! Source: "`PicklistValueInfo`" (Object Reference).

use landfall_model::{PicklistValue, RecordId};

use super::rows::fields;
use super::{Api, Column, Declared, VirtualObject};

/// A value and where it is.
struct ObjectRow {
    particle: String,
    place: usize,
    value: PicklistValue,
}

/// A field of a value.
type Of = Column<ObjectRow>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |row| {
        Some(format!("{}.{}", row.particle, row.place))
    }),
    Of::text("EntityParticleId", |row| Some(row.particle.clone()))
        .way("EntityParticle", "EntityParticle"),
    Of::text("Value", |row| Some(row.value.value.clone())),
    Of::text("Label", |row| Some(row.value.label.clone())),
    Of::flag("IsActive", |row| row.value.active),
    Of::flag("IsDefaultValue", |row| row.value.default),
    Of::none("ValidFor"),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "PicklistValueInfo",
        label: "Picklist Value Info",
        label_plural: "Picklist Value Infos",
        key_prefix: None,
        since: 34,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| {
        let mut values = Vec::new();
        for field in fields(source) {
            let particle = field.durable_id();
            let of_field = field.field().picklist.iter().enumerate();
            values.extend(of_field.map(|(place, value)| ObjectRow {
                particle: particle.clone(),
                place,
                value: value.clone(),
            }));
        }
        values
    })
}
