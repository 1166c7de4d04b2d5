//! `Publisher`: who made objects and fields.
//!
//! Source: "`Publisher`" (Tooling API Developer Guide); the identities are those of recorded answers.

use landfall_model::RecordId;

use super::{Api, Column, Declared, VirtualObject};

const SERVICE: &str = "System";
const LOCAL: &str = "<local>";

/// Who made what is custom or not.
pub(super) fn of(custom: bool) -> String {
    let publisher = if custom { LOCAL } else { SERVICE };
    publisher.to_owned()
}

/// A field of a publisher, which is the service or not.
type Of = Column<bool>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |service| Some(of(!service))),
    Of::text("Name", |service| {
        let name = if *service { "salesforce.com" } else { "Local" };
        Some(name.to_owned())
    }),
    Of::none("NamespacePrefix"),
    Of::flag("IsSalesforce", |service| *service),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "Publisher",
        label: "Publisher",
        label_plural: "Publishers",
        key_prefix: None,
        since: 34,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[
            (
                "InstalledEntityDefinitions",
                "EntityDefinition",
                "PublisherId",
            ),
            (
                "InstalledFieldDefinitions",
                "FieldDefinition",
                "PublisherId",
            ),
        ],
    };
    VirtualObject::new(declared, COLUMNS, |_| vec![true, false])
}
