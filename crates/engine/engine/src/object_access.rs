//! What can be done with an object, and which objects permission sets grant at all.

use landfall_model::SecuredBy;

use crate::permissions::Permissions;

/// What is done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Looking at it.
    Read,
    /// Making it.
    Create,
    /// Giving it other values, bringing it back.
    Edit,
    /// Into the recycle bin.
    Delete,
}

/// What may be done with the records of an object.
///
/// Source: "`ObjectPermissions`" (Object Reference).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's permissions are flags"
)]
pub struct ObjectAccess {
    /// Looking at records.
    pub read: bool,
    /// Making records.
    pub create: bool,
    /// Changing records.
    pub edit: bool,
    /// Deleting records.
    pub delete: bool,
    /// Seeing all records, also of other owners.
    pub view_all: bool,
    /// Changing all records, also of other owners.
    pub modify_all: bool,
    /// Seeing all fields.
    pub view_all_fields: bool,
}

impl ObjectAccess {
    /// Everything.
    pub(crate) const ALL: Self = Self {
        read: true,
        create: true,
        edit: true,
        delete: true,
        view_all: true,
        modify_all: true,
        view_all_fields: true,
    };

    /// Whether this may be done.
    pub const fn allows(self, act: Act) -> bool {
        match act {
            Act::Read => self.read,
            Act::Create => self.create,
            Act::Edit => self.edit,
            Act::Delete => self.delete,
        }
    }

    /// What somebody who may do this with a record may do with what belongs to it.
    pub(crate) const fn of_details(self) -> Self {
        Self {
            create: self.edit,
            delete: self.edit,
            ..self
        }
    }

    /// Both together.
    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self {
            read: self.read || other.read,
            create: self.create || other.create,
            edit: self.edit || other.edit,
            delete: self.delete || other.delete,
            view_all: self.view_all || other.view_all,
            modify_all: self.modify_all || other.modify_all,
            view_all_fields: self.view_all_fields || other.view_all_fields,
        }
    }
}

/// What somebody may do with an object of which object permissions say nothing.
pub(crate) const fn ungranted(secured: SecuredBy, permissions: Permissions) -> ObjectAccess {
    let everybody = matches!(secured, SecuredBy::FieldPermissions | SecuredBy::Everybody);
    let write = permissions.modify_all_data || everybody;
    let read = match secured {
        SecuredBy::ObjectPermissions | SecuredBy::Parent => false,
        SecuredBy::FieldPermissions | SecuredBy::Everybody | SecuredBy::Administrators => true,
        SecuredBy::Setup => permissions.view_setup || permissions.modify_all_data,
    };
    ObjectAccess {
        read,
        create: write,
        edit: write,
        delete: write,
        view_all: permissions.view_all_data,
        modify_all: permissions.modify_all_data,
        view_all_fields: !matches!(
            secured,
            SecuredBy::ObjectPermissions | SecuredBy::Parent | SecuredBy::FieldPermissions
        ),
    }
}
