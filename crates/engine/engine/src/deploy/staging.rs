//! Changes of components that take effect together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use landfall_lock::{Mutex, OwnedMutexGuard, Rank};
use landfall_model::{KeyPrefix, RecordId};

use super::amending::Amending;
use super::next::Next;
use super::{Amended, Of, Step, checked, key_prefix, path_of, submit};
use crate::Engine;
use crate::components::Key;
use crate::definitions::Definitions;
use crate::error::Error;

/// Changes of components that take effect together, or not at all.
///
/// What is staged is checked against all that was staged before, and has its id. No other caller sees it or changes
/// components until this is committed or dropped; dropped, it leaves the org as it was.
pub struct Staging {
    engine: Engine,
    by: RecordId,
    staged: Mutex<Staged>,
    _only: OwnedMutexGuard<()>,
}

/// What was staged so far.
#[derive(Default)]
pub(super) struct Staged {
    steps: Vec<Step>,
    /// The ids of new components.
    ids: BTreeMap<Key, RecordId>,
    /// What the components come to; none as long as nothing is staged.
    definitions: Option<Arc<Definitions>>,
}

impl Staging {
    /// Waits for the current change of components.
    pub(crate) async fn begin(engine: &Engine, by: RecordId) -> Self {
        Self {
            engine: engine.clone(),
            by,
            _only: engine.0.deploying.lock_owned().await,
            staged: Mutex::new(Rank::StagedDefinitions, Staged::default()),
        }
    }

    /// Takes the components in hand; what is amended is staged.
    pub async fn amending(&self) -> Amending<'_> {
        Amending::staging(&self.engine, self.staged.lock().await)
    }

    /// The definitions with all that is staged; none if nothing is.
    pub async fn definitions(&self) -> Option<Arc<Definitions>> {
        self.staged.lock().await.definitions.clone()
    }

    /// Puts everything that is staged in force.
    ///
    /// # Errors
    /// As [`Amending::amend`]: the org is as it was before anything was staged.
    pub async fn commit(self) -> Result<(), Error> {
        let staged = std::mem::take(&mut *self.staged.lock().await);
        if staged.definitions.is_none() {
            return Ok(());
        }
        let changed = staged.steps.iter().filter_map(path_of).collect();
        let (next, _) = staged.next(&self.engine, &[], self.by);
        let parts = next.parts();
        submit(&self.engine, next, &parts, Of::Components(changed)).await?;
        Ok(())
    }
}

impl Staged {
    pub(super) fn definitions(&self, engine: &Engine) -> Arc<Definitions> {
        let staged = self.definitions.clone();
        staged.unwrap_or_else(|| engine.definitions())
    }

    /// The components after all staged steps and further ones; the effects of the latter.
    fn next(&self, engine: &Engine, steps: &[Step], by: RecordId) -> (Next, Vec<super::Effect>) {
        let mut next = Next::of_org(engine, by);
        next.take_all(self.steps.clone());
        let effects = next.take_all(steps.to_vec());
        next.reserve(&self.ids);
        (next, effects)
    }
}

/// See [`Amending::amend`].
pub(super) async fn amend(
    engine: &Engine,
    staged: &mut Staged,
    steps: Vec<Step>,
    by: RecordId,
    check_only: bool,
) -> Result<Amended, Error> {
    let (mut next, effects) = staged.next(engine, &steps, by);
    let parts = next.parts();
    let changed: BTreeSet<String> = steps.iter().filter_map(path_of).collect();
    let compiled = checked(engine, &parts, &changed).await?;
    let warnings = compiled.warnings.clone();
    if check_only {
        return Ok(Amended { effects, warnings });
    }
    let mut ids = staged.ids.clone();
    ids.extend(new_ids(engine, next.without_id()).await?);
    next.reserve(&ids);
    let options = engine.0.state.options();
    let earlier = engine.definitions();
    let definitions = Definitions::staged(compiled, next.staged(), *options, &earlier)?;
    staged.ids = ids;
    staged.steps.extend(steps);
    staged.definitions = Some(Arc::new(definitions));
    Ok(Amended { effects, warnings })
}

/// Ids of new components.
async fn new_ids(engine: &Engine, keys: Vec<Key>) -> Result<Vec<(Key, RecordId)>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let prefixes: Result<Vec<KeyPrefix>, Error> =
        keys.iter().map(|(kind, _)| key_prefix(*kind)).collect();
    let ids = engine.0.writer.reserve(prefixes?).await?;
    Ok(keys.into_iter().zip(ids).collect())
}
