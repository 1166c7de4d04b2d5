//! `TabDefinition`: the tabs of the user interface, of which there are none, as `/tabs` says too.
//!
//! Source: "`TabDefinition`" (Tooling API Developer Guide, Object Reference).

use std::convert::Infallible;

use super::{Api, Column, Declared, VirtualObject};

/// A field of a tab.
type Of = Column<Infallible>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |none| match *none {}),
    Of::text("DurableId", |none| match *none {}),
    Of::text("Name", |none| match *none {}),
    Of::text("Label", |none| match *none {}),
    Of::text("Url", |none| match *none {}),
    Of::text("MobileUrl", |none| match *none {}),
    Of::text("SobjectName", |none| match *none {}),
    Of::flag("IsAvailableInAloha", |none| match *none {}),
    Of::flag("IsAvailableInDesktop", |none| match *none {}),
    Of::flag("IsAvailableInLightning", |none| match *none {}),
    Of::flag("IsAvailableInMobile", |none| match *none {}),
    Of::flag("IsCustom", |none| match *none {}),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "TabDefinition",
        label: "Tab Definition",
        label_plural: "Tab Definitions",
        key_prefix: None,
        since: 43,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |_| Vec::new())
        .of_setup_since(45)
        .listed()
}
