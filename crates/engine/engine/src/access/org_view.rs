//! The org as one user sees it at one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_model::{Catalog, RecordId};

use crate::definitions::Definitions;

/// The org as one user sees it at one moment: without the objects, fields and events that they may not read.
///
/// Queries and searches are planned against this and nothing else. Only [`Rights`](super::Rights) make one, so that no caller can plan
/// against definitions that the user does not see.
#[derive(Clone, Debug)]
pub struct OrgView {
    user: RecordId,
    definitions: Arc<Definitions>,
    custom_permissions: Arc<BTreeSet<String>>,
}

impl OrgView {
    pub(super) const fn new(
        user: RecordId,
        definitions: Arc<Definitions>,
        custom_permissions: Arc<BTreeSet<String>>,
    ) -> Self {
        Self {
            user,
            definitions,
            custom_permissions,
        }
    }

    /// The user.
    pub const fn user(&self) -> RecordId {
        self.user
    }

    /// The custom permissions of the user, by name in small letters.
    pub(crate) const fn custom_permissions(&self) -> &Arc<BTreeSet<String>> {
        &self.custom_permissions
    }

    /// The definitions that the user sees.
    pub const fn definitions(&self) -> &Arc<Definitions> {
        &self.definitions
    }

    /// The objects that the user sees.
    pub fn catalog(&self) -> &Catalog {
        self.definitions.catalog()
    }

    /// Whether both are of the same definitions.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.user == other.user && Arc::ptr_eq(&self.definitions, &other.definitions)
    }
}
