//! `UserEntityAccess`: what the caller may do with each object.
//!
//! Source: "`UserEntityAccess`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_model::RecordId;

use super::rows::{ObjectRow, objects};
use super::{Api, Column, Declared, VirtualObject};

/// What the caller may do with an object.
struct Access {
    row: Arc<ObjectRow>,
    user: RecordId,
}

/// A field of an access.
type Of = Column<Access>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |access| Some(access.row.durable_id())),
    Of::text("EntityDefinitionId", |access| Some(access.row.durable_id()))
        .way("EntityDefinition", "EntityDefinition"),
    Of::id("UserId", |access| Some(access.user)),
    Of::never("IsActivateable"),
    Of::flag("IsCreatable", |access| {
        access.row.entity.capabilities.createable
    }),
    Of::flag("IsDeletable", |access| {
        access.row.entity.capabilities.deletable
    }),
    Of::flag("IsEditable", |access| {
        access.row.entity.capabilities.updateable
    }),
    Of::flag("IsFlsUpdatable", |access| {
        access.row.entity.capabilities.updateable
    }),
    Of::flag("IsMergeable", |access| {
        access.row.entity.capabilities.mergeable
    }),
    Of::flag("IsReadable", |access| {
        access.row.entity.capabilities.queryable
    }),
    Of::flag("IsUndeletable", |access| {
        access.row.entity.capabilities.undeletable
    }),
    Of::flag("IsUpdatable", |access| {
        access.row.entity.capabilities.updateable
    }),
];

pub(crate) fn object() -> VirtualObject {
    let declared = Declared {
        name: "UserEntityAccess",
        label: "User Entity Access",
        label_plural: "User Entity Access",
        key_prefix: None,
        since: 34,
        apis: &[Api::Plain, Api::Tooling],
        changeable: false,
        children: &[],
    };
    VirtualObject::new(declared, COLUMNS, |source| {
        let login = &source.call.login;
        let row = objects(source).into_iter();
        row.map(|row| Access {
            user: login.user_id,
            row,
        })
        .collect()
    })
}
