//! `UserEntityAccess`: what the caller may do with each object.
//!
//! Source: "`UserEntityAccess`" (Tooling API Developer Guide).

use std::sync::Arc;

use landfall_model::RecordId;

use super::shown::{Shown, objects};
use super::{Api, Column, Declared, VirtualObject};

/// What the caller may do with an object.
struct Access {
    shown: Arc<Shown>,
    user: RecordId,
}

/// A field of an access.
type Of = Column<Access>;

const COLUMNS: &[Of] = &[
    Of::id("Id", |_| Some(RecordId::EMPTY)),
    Of::text("DurableId", |access| Some(access.shown.durable_id())),
    Of::text("EntityDefinitionId", |access| {
        Some(access.shown.durable_id())
    })
    .way("EntityDefinition", "EntityDefinition"),
    Of::id("UserId", |access| Some(access.user)),
    Of::never("IsActivateable"),
    Of::flag("IsCreatable", |access| {
        access.shown.entity.capabilities.createable
    }),
    Of::flag("IsDeletable", |access| {
        access.shown.entity.capabilities.deletable
    }),
    Of::flag("IsEditable", |access| {
        access.shown.entity.capabilities.updateable
    }),
    Of::flag("IsFlsUpdatable", |access| {
        access.shown.entity.capabilities.updateable
    }),
    Of::flag("IsMergeable", |access| {
        access.shown.entity.capabilities.mergeable
    }),
    Of::flag("IsReadable", |access| {
        access.shown.entity.capabilities.queryable
    }),
    Of::flag("IsUndeletable", |access| {
        access.shown.entity.capabilities.undeletable
    }),
    Of::flag("IsUpdatable", |access| {
        access.shown.entity.capabilities.updateable
    }),
];

pub(super) fn object() -> VirtualObject {
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
        let shown = objects(source).into_iter();
        shown
            .map(|shown| Access {
                user: login.user_id,
                shown,
            })
            .collect()
    })
}
