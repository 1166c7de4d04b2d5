//! `PicklistValueInfo`: the values of picklists as records.
//!
//! Source: "`PicklistValueInfo`" (Object Reference).

use landfall_model::{PicklistValue, RecordId};

use super::shown::fields;
use super::{Api, Column, Declared, VirtualObject};

/// A value and where it is.
struct Shown {
    particle: String,
    place: usize,
    value: PicklistValue,
}

/// A field of a value.
type Of = Column<Shown>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |shown| {
        Some(format!("{}.{}", shown.particle, shown.place))
    }),
    Of::text("EntityParticleId", |shown| Some(shown.particle.clone()))
        .way("EntityParticle", "EntityParticle"),
    Of::text("Value", |shown| Some(shown.value.value.clone())),
    Of::text("Label", |shown| Some(shown.value.label.clone())),
    Of::flag("IsActive", |shown| shown.value.active),
    Of::flag("IsDefaultValue", |shown| shown.value.default),
    Of::none("ValidFor"),
];

pub(super) fn object() -> VirtualObject {
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
            values.extend(of_field.map(|(place, value)| Shown {
                particle: particle.clone(),
                place,
                value: value.clone(),
            }));
        }
        values
    })
}
