//! Faults that a test has armed: what an org does wrong on purpose, at most as often as asked for.
//!
//! Decision points in the engine and in the APIs ask [`Faults::fires`]. While nothing is armed, that is one load of an
//! atomic number; nothing is ever drawn by chance. The plan decides what fires; this module has its lock and its clock.
//! Arming is for the control interface, which only developer orgs have.

mod kind;
mod plan;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_schema::EventSchema;

pub use kind::{FaultKind, Scope};
pub use plan::{Arming, Called, Filter, FullPlan, Occasion, Planned, Progress, When};

pub use crate::access::HiddenPart;
use crate::clock::Clock;
use plan::Plan;

/// The fault plan of an org: cheap to clone.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    /// How many faults may still fire.
    armed: AtomicUsize,
    plan: Mutex<Plan>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults")
            .field("armed", &self.0.armed)
            .finish_non_exhaustive()
    }
}

/// The topic of the events with this schema, as faults are restricted to it.
pub fn topic_of(schema: &EventSchema) -> String {
    let kind = if schema.has_header() { "data" } else { "event" };
    format!("/{kind}/{}", schema.name())
}

impl Faults {
    /// A plan without faults.
    pub fn on(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            clock,
            armed: AtomicUsize::new(0),
            plan: Mutex::default(),
        }))
    }

    /// Whether any fault may fire.
    pub fn is_armed(&self) -> bool {
        self.0.armed.load(Ordering::Relaxed) > 0
    }

    /// Whether a fault of this kind fires here and now, which counts; it says what it was armed with.
    pub fn fires<'o>(
        &self,
        kind: FaultKind,
        occasion: impl FnOnce() -> Occasion<'o>,
    ) -> Option<Arming> {
        if !self.is_armed() {
            return None;
        }
        let now = self.0.clock.now();
        self.changed(|plan| plan.fires(kind, &occasion(), now))
    }

    /// Arms a fault.
    ///
    /// # Errors
    /// [`FullPlan`] if there are [`landfall_model::limits::FAULTS_MAX`] faults.
    pub fn arm(&self, arming: Arming) -> Result<Planned, FullPlan> {
        self.changed(|plan| plan.arm(arming))
    }

    /// All faults with their counts, in the order in which they were armed.
    pub fn all(&self) -> Vec<Planned> {
        self.plan().all().to_vec()
    }

    /// Whether a fault can fire at this moment, can fire later, or never again.
    pub fn progress(&self, fault: &Planned) -> Progress {
        fault.progress(self.0.clock.now())
    }

    /// Removes a fault.
    pub fn remove(&self, id: u64) -> Option<Planned> {
        self.changed(|plan| plan.remove(id))
    }

    /// Removes all faults.
    pub fn clear(&self) -> Vec<Planned> {
        self.changed(Plan::clear)
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        let mut plan = self.plan();
        let changed = change(&mut plan);
        self.0.armed.store(plan.armed(), Ordering::Relaxed);
        changed
    }
}
