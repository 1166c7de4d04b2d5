//! What requests share: the org, its logins, and the describes that were rendered.

use std::sync::{Arc, PoisonError, RwLock};

use landfall_auth::Auth;
use landfall_engine::{Definitions, Engine};
use landfall_http::BaseUrl;
use landfall_sobject::VirtualObjects;
use landfall_sobject::describe::Describes;

use crate::resource::Resource;

/// What the REST API works with.
pub struct RestState {
    /// The org.
    pub engine: Engine,
    /// Who is calling.
    pub auth: Auth,
    /// For the absolute addresses in answers.
    pub base_url: BaseUrl,
    /// Objects whose records are computed, and the API below `tooling`.
    pub virtual_objects: Arc<dyn VirtualObjects>,
}

/// The state of one router.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) auth: Auth,
    pub(crate) base_url: BaseUrl,
    pub(crate) virtual_objects: Arc<dyn VirtualObjects>,
    pub(crate) resources: &'static [Resource<Self>],
    describes: RwLock<Kept>,
}

/// The describes of one set of definitions.
struct Kept {
    definitions: Arc<Definitions>,
    describes: Arc<Describes>,
}

impl Shared {
    pub(crate) fn new(state: RestState, resources: &'static [Resource<Self>]) -> Self {
        Self {
            describes: RwLock::new(Kept {
                definitions: state.engine.definitions(),
                describes: Arc::default(),
            }),
            engine: state.engine,
            auth: state.auth,
            base_url: state.base_url,
            virtual_objects: state.virtual_objects,
            resources,
        }
    }

    /// The describes of these definitions; those of others are forgotten.
    pub(crate) fn describes(&self, definitions: &Arc<Definitions>) -> Arc<Describes> {
        {
            let kept = self
                .describes
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&kept.definitions, definitions) {
                return Arc::clone(&kept.describes);
            }
        }
        let describes = Arc::new(Describes::default());
        *self
            .describes
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Kept {
            definitions: Arc::clone(definitions),
            describes: Arc::clone(&describes),
        };
        describes
    }
}
