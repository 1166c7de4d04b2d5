//! Who has which rights: the access of the users who are logged in, kept true while permissions change.
//!
//! It is read when a user is first asked for, and read again as soon as a commit has changed what it follows from, before
//! that commit is answered or delivered.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use landfall_model::{Catalog, EntityDefinition, RecordId, Row, Value};
use landfall_store::{Reads, Result};

use super::withheld::Withheld;
use super::{Access, Grants, OrgView};
use crate::definitions::Definitions;
use crate::touched::{Scope, Touched, USER};

/// What a user may do at any moment.
#[derive(Debug)]
pub struct Rights {
    user: RecordId,
    access: RwLock<Arc<Access>>,
}

impl Rights {
    /// The user.
    pub const fn user(&self) -> RecordId {
        self.user
    }

    /// What the user may do now.
    pub fn access(&self) -> Arc<Access> {
        let access = self.access.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&access)
    }

    /// Whether this is what the user may do now. Costs less than to take it.
    pub fn are(&self, access: &Arc<Access>) -> bool {
        let now = self.access.read().unwrap_or_else(PoisonError::into_inner);
        Arc::ptr_eq(&now, access)
    }

    /// The org as the user sees it now.
    pub fn view(&self) -> OrgView {
        let access = self.access();
        let custom_permissions = Arc::clone(access.custom_permissions());
        OrgView::new(
            self.user,
            Arc::clone(access.definitions()),
            custom_permissions,
        )
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

/// Those of all users who are logged in.
#[derive(Debug, Default)]
pub(crate) struct AllRights(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    users: HashMap<RecordId, Weak<Rights>>,
    /// By the sets that grant it.
    shared: HashMap<Vec<RecordId>, Weak<Access>>,
    /// What a fault hides from users.
    withheld: HashMap<RecordId, Withheld>,
    /// How often something has changed: what was read before does not count.
    changes: u64,
}

/// Whose rights a commit has changed.
#[derive(Debug, Default)]
struct Concerned {
    users: HashSet<RecordId>,
    sets: HashSet<RecordId>,
    /// Nobody knows whose.
    all: bool,
}

impl Concerned {
    fn by(reads: &dyn Reads, catalog: &Catalog, touched: &Touched) -> Result<Self> {
        let mut concerned = Self {
            all: touched.definitions(),
            ..Self::default()
        };
        if concerned.all {
            // A deployment may bring as many permissions as its objects have fields.
            return Ok(concerned);
        }
        concerned.add(touched.records(USER), |concerned, id| {
            concerned.users.insert(*id);
        });
        concerned.add(touched.records("PermissionSet"), |concerned, id| {
            concerned.sets.insert(*id);
        });
        for (object, reference) in [
            ("PermissionSetAssignment", "AssigneeId"),
            ("ObjectPermissions", "ParentId"),
            ("FieldPermissions", "ParentId"),
        ] {
            match touched.records(object) {
                Scope::All => concerned.all = true,
                Scope::These(ids) => {
                    concerned.add_referred(reads, catalog.entity(object), ids, reference)?;
                }
                Scope::Nothing => {}
            }
        }
        Ok(concerned)
    }

    fn add(&mut self, touched: Scope<'_, RecordId>, each: impl Fn(&mut Self, &RecordId)) {
        match touched {
            Scope::All => self.all = true,
            Scope::These(ids) => ids.iter().for_each(|id| each(self, id)),
            Scope::Nothing => {}
        }
    }

    /// Those that records refer to. Whom a record that is gone was about nobody knows any more.
    fn add_referred(
        &mut self,
        reads: &dyn Reads,
        entity: Option<&Arc<EntityDefinition>>,
        records: &BTreeSet<RecordId>,
        reference: &str,
    ) -> Result<()> {
        let Some(entity) = entity else {
            self.all |= !records.is_empty();
            return Ok(());
        };
        let records: Vec<_> = records.iter().map(|id| (&**entity, *id)).collect();
        for row in reads.rows(&records)? {
            let referred = row.and_then(|row| id(entity, &row, reference));
            match referred {
                Some(user) if reference == "AssigneeId" => self.users.extend([user]),
                Some(set) => self.sets.extend([set]),
                None => self.all = true,
            }
        }
        Ok(())
    }

    fn is_nobody(&self) -> bool {
        !self.all && self.users.is_empty() && self.sets.is_empty()
    }

    fn is_one_of_them(&self, rights: &Rights) -> bool {
        self.all || self.users.contains(&rights.user) || self.changes(rights.access().sets())
    }

    fn changes(&self, sets: &[RecordId]) -> bool {
        self.all || sets.iter().any(|set| self.sets.contains(set))
    }
}

impl AllRights {
    /// That of a user who is logged in already.
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
            if let Some(rights) = known.users.get(&user).and_then(Weak::upgrade) {
                return Ok(rights);
            }
            known.share(&access);
            let access = RwLock::new(known.seen_by(user, access));
            let rights = Arc::new(Rights { user, access });
            if known.users.len().is_power_of_two() {
                known.users.retain(|_, user| user.strong_count() > 0);
            }
            known.users.insert(user, Arc::downgrade(&rights));
            return Ok(rights);
        }
    }

    /// Reads again what a commit has changed.
    pub(crate) fn apply(
        &self,
        reads: &dyn Reads,
        definitions: &Arc<Definitions>,
        touched: &Touched,
    ) -> Result<()> {
        let touched = Concerned::by(reads, definitions.catalog(), touched)?;
        if touched.is_nobody() {
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
            users.filter(|user| touched.is_one_of_them(user)).collect()
        };
        for rights in concerned {
            let access = self.access(reads, definitions, rights.user)?;
            let mut known = self.known();
            known.share(&access);
            rights.is_now(known.seen_by(rights.user, access));
        }
        Ok(())
    }

    /// Changes what is hidden from a user.
    pub(crate) fn withhold(&self, user: RecordId, change: impl FnOnce(&mut Withheld)) {
        let mut known = self.known();
        let mut withheld = known.withheld.remove(&user).unwrap_or_default();
        change(&mut withheld);
        if let Some(rights) = known.users.get(&user).and_then(Weak::upgrade) {
            let access = rights.access();
            rights.is_now(Arc::new(access.withholding(withheld.clone())));
        }
        if !withheld.is_empty() {
            known.withheld.insert(user, withheld);
        }
    }

    /// The users from whom something is hidden.
    pub(crate) fn withheld_from(&self) -> Vec<RecordId> {
        self.known().withheld.keys().copied().collect()
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
        let grants = Grants::read(reads, definitions, &sets)?;
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

    /// What a user may do who is granted this.
    fn seen_by(&self, user: RecordId, access: Arc<Access>) -> Arc<Access> {
        match self.withheld.get(&user) {
            Some(withheld) => Arc::new(access.withholding(withheld.clone())),
            None => access,
        }
    }
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
