//! Returning to a snapshot, and having the log begin again.

use landfall_model::Timestamp;
use landfall_store::{Appended, DocumentKind, Outcome, Restoring, WriteSet};

use super::handle::State;
use super::{Core, kept, not_kept};
use crate::definitions::Modified;
use crate::error::Error;
use crate::health::log_end;
use crate::identity;
use crate::snapshots::{KEPT, Restoration, Restored};

impl Core {
    /// Returns to a snapshot, or leaves everything as it was.
    pub(super) fn restore(
        &mut self,
        restoration: &Restoration,
        state: &State,
    ) -> Result<Restored, Error> {
        self.state.check()?;
        let how = Restoring {
            kept: KEPT,
            identity: (DocumentKind::Org, identity::DOCUMENT_KEY),
            log_goes_on: restoration.log_goes_on,
        };
        let earlier = self.state.definitions().modified();
        let restored = self.store.restore(&restoration.from, &how);
        let committed = match restored.and_then(Outcome::committed).map_err(Error::from) {
            Ok(committed) => committed,
            Err(failure) => {
                not_kept(&failure, state);
                return Err(failure);
            }
        };
        kept(state);
        let has_other_components = committed.commit.touched.has_definitions();
        self.apply(&committed.commit, &[]);
        let settled = self.settle(has_other_components.then_some(earlier));
        if let Err(failure) = settled {
            // The snapshot is in force, and nobody may write to it with the numbers of before.
            log_end(failure.failure(), &failure);
            state.health.end(failure.failure());
            return Err(failure);
        }
        Ok(Restored {
            has_other_components,
        })
    }

    /// Forgets all events, and gives out replay ids from the first one on again; or leaves everything as it was.
    pub(super) fn restart_log(&mut self, state: &State) -> Result<(), Error> {
        self.state.check()?;
        let restarted = self.store.restart_log();
        let restarted = restarted.and_then(Outcome::committed).map_err(Error::from);
        match restarted {
            Ok(committed) => {
                kept(state);
                self.apply(&committed.commit, &[]);
                Ok(())
            }
            Err(failure) => {
                not_kept(&failure, state);
                Err(failure)
            }
        }
    }

    /// Brings what the writer alone keeps up to date. `earlier` is when the definitions changed that others have replaced.
    fn settle(&mut self, earlier: Option<Timestamp>) -> Result<(), Error> {
        self.numbers.load_again(&*self.store)?;
        if let Some(earlier) = earlier {
            // Clients compare the time of the last change: it never goes back.
            let now = self.clock.now().max(self.last_now);
            let modified = now.whole_second().max(earlier.plus_millis(1_000));
            let write = WriteSet {
                documents: vec![Modified::now(modified).document()],
                ..WriteSet::default()
            };
            let committed = self.store(write, now, &mut |position| Appended {
                events: Vec::new(),
                at: now,
                commit_number: position.commit_number,
            })?;
            self.apply(&committed.commit, &[]);
        }
        let definitions = self.state.definitions();
        self.store.prepare(definitions.catalog().entities())?;
        Ok(())
    }
}
