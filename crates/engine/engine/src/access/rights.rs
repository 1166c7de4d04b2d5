//! Who has which rights: the access of the users who are at work, kept true while permissions change.
//!
//! It is read when a user is first asked for, and read again by the writer as soon as a commit has changed what it follows
//! from, before anybody hears of that commit.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use landfall_model::{Catalog, EntityDefinition, RecordId, Row, Value};
use landfall_store::{Reads, Result, WriteSet};

use super::{Access, Grants, OrgView, USER};
use crate::definitions::Definitions;

/// What a user may do at any moment.
#[derive(Debug)]
pub struct Rights {
    user: RecordId,
    access: RwLock<Arc<Access>>,
}

impl Rights {
    /// What the user may do now.
    pub fn access(&self) -> Arc<Access> {
        let access = self.access.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&access)
    }

    /// The org as the user sees it now.
    pub fn view(&self) -> OrgView {
        OrgView::new(self.user, Arc::clone(self.access().definitions()))
    }

    /// That of nobody: they may do nothing.
    pub fn nobody() -> Self {
        let definitions = Arc::default();
        let access = Access::new(Grants::default(), Vec::new(), &definitions);
        Self {
            user: RecordId::EMPTY,
            access: RwLock::new(Arc::new(access)),
        }
    }

    fn is_now(&self, access: Arc<Access>) {
        *self.access.write().unwrap_or_else(PoisonError::into_inner) = access;
    }
}

/// Of all users who are at work.
#[derive(Debug, Default)]
pub(crate) struct AllRights(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    users: HashMap<RecordId, Weak<Rights>>,
    /// By the sets that grant it.
    shared: HashMap<Vec<RecordId>, Weak<Access>>,
    /// How often something has changed: what was read before does not count.
    changes: u64,
}

/// What a commit has changed of what access follows from.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    users: HashSet<RecordId>,
    sets: HashSet<RecordId>,
    /// Nobody knows any more whom it was about.
    all: bool,
}

impl Touched {
    /// Everything: the definitions are others.
    pub(crate) fn all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// What a commit will change.
    pub(crate) fn by(write: &WriteSet) -> Self {
        let mut touched = Self::default();
        for written in &write.rows {
            let entity = &written.entity;
            match entity.name.as_str() {
                USER => touched.users.extend([written.id]),
                "PermissionSetAssignment" => {
                    touched.users.extend(id(entity, &written.row, "AssigneeId"));
                }
                "PermissionSet" => touched.sets.extend([written.id]),
                "ObjectPermissions" | "FieldPermissions" => {
                    touched.sets.extend(id(entity, &written.row, "ParentId"));
                }
                _ => {}
            }
        }
        touched.all = write.removals.iter().any(|removal| grants(&removal.entity));
        touched
    }

    fn is_nothing(&self) -> bool {
        !self.all && self.users.is_empty() && self.sets.is_empty()
    }

    fn concerns(&self, standing: &Rights) -> bool {
        self.all || self.users.contains(&standing.user) || self.changes(standing.access().sets())
    }

    fn changes(&self, sets: &[RecordId]) -> bool {
        self.all || sets.iter().any(|set| self.sets.contains(set))
    }
}

impl AllRights {
    /// That of a user who is at work already.
    pub(crate) fn find(&self, user: RecordId) -> Option<Arc<Rights>> {
        self.known().users.get(&user)?.upgrade()
    }

    /// That of any user.
    pub(crate) fn open(
        &self,
        reads: &dyn Reads,
        definitions: impl Fn() -> Arc<Definitions>,
        user: RecordId,
    ) -> Result<Arc<Rights>> {
        loop {
            let before = self.known().changes;
            let access = self.access(reads, &definitions(), user)?;
            let mut known = self.known();
            if known.changes != before {
                continue;
            }
            if let Some(standing) = known.users.get(&user).and_then(Weak::upgrade) {
                return Ok(standing);
            }
            known.share(&access);
            let access = RwLock::new(access);
            let standing = Arc::new(Rights { user, access });
            if known.users.len().is_power_of_two() {
                known.users.retain(|_, user| user.strong_count() > 0);
            }
            known.users.insert(user, Arc::downgrade(&standing));
            return Ok(standing);
        }
    }

    /// Reads again what a commit, or other definitions, have changed.
    pub(crate) fn changed(
        &self,
        reads: &dyn Reads,
        definitions: &Arc<Definitions>,
        touched: &Touched,
    ) -> Result<()> {
        if touched.is_nothing() {
            return Ok(());
        }
        let concerned: Vec<Arc<Rights>> = {
            let mut known = self.known();
            known.changes += 1;
            let alive = |access: &Weak<Access>| access.strong_count() > 0;
            known
                .shared
                .retain(|sets, access| !touched.changes(sets) && alive(access));
            let users = known.users.values().filter_map(Weak::upgrade);
            users.filter(|user| touched.concerns(user)).collect()
        };
        for standing in concerned {
            let access = self.access(reads, definitions, standing.user)?;
            self.known().share(&access);
            standing.is_now(access);
        }
        Ok(())
    }

    fn access(
        &self,
        reads: &dyn Reads,
        definitions: &Arc<Definitions>,
        user: RecordId,
    ) -> Result<Arc<Access>> {
        let catalog = definitions.catalog();
        let sets = sets_of(reads, catalog, user)?;
        let shared = self.known().shared.get(&sets).and_then(Weak::upgrade);
        if let Some(access) = shared.filter(|access| Arc::ptr_eq(access.whole(), definitions)) {
            return Ok(access);
        }
        let grants = Grants::read(reads, catalog, &sets)?;
        Ok(Arc::new(Access::new(grants, sets, definitions)))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn share(&mut self, access: &Arc<Access>) {
        let sets = access.sets().to_vec();
        self.shared.insert(sets, Arc::downgrade(access));
    }
}

/// Whether what somebody may do follows from records of the object.
fn grants(entity: &EntityDefinition) -> bool {
    let name = entity.name.as_str();
    [
        "PermissionSet",
        "PermissionSetAssignment",
        "ObjectPermissions",
        "FieldPermissions",
    ]
    .contains(&name)
}

/// The permission sets of a user, that of the profile included, sorted; none for somebody who is no user.
fn sets_of(reads: &dyn Reads, catalog: &Catalog, user: RecordId) -> Result<Vec<RecordId>> {
    let mut sets = Vec::new();
    let Some(users) = catalog.entity(USER) else {
        return Ok(sets);
    };
    let row = reads.row(users, user)?;
    let profile = row.as_ref().and_then(|row| id(users, row, "ProfileId"));
    if let Some(profile) = profile {
        let owned = referring(
            reads,
            catalog,
            ("PermissionSet", "ProfileId"),
            profile,
            "Id",
        )?;
        sets.extend(owned);
    }
    let assigned = ("PermissionSetAssignment", "AssigneeId");
    sets.extend(referring(
        reads,
        catalog,
        assigned,
        user,
        "PermissionSetId",
    )?);
    sets.sort_unstable();
    sets.dedup();
    Ok(sets)
}

/// Ids in a field of the records that refer to one.
fn referring(
    reads: &dyn Reads,
    catalog: &Catalog,
    (object, reference): (&str, &str),
    to: RecordId,
    field: &str,
) -> Result<Vec<RecordId>> {
    let Some(entity) = catalog.entity(object) else {
        return Ok(Vec::new());
    };
    let Some(place) = entity.index_of(reference) else {
        return Ok(Vec::new());
    };
    let rows = reads.rows_where(entity, place, &Value::Id(to), usize::MAX)?;
    Ok(rows
        .iter()
        .filter_map(|row| id(entity, row, field))
        .collect())
}

fn id(entity: &EntityDefinition, row: &Row, field: &str) -> Option<RecordId> {
    row.get(entity.index_of(field)?)?.as_id()
}
