//! Custom settings: a record is for the org unless the request names a profile or a user.
//!
//! Source: "Custom Settings" (Salesforce Help).

use landfall_model::{Row, Value};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::formulas::SETUP_OWNER;
use crate::rows::write;

impl Planner<'_, '_> {
    /// Gives a new record of a custom setting its owner.
    pub(super) fn settle_setting(&self, object: &Blueprint, row: &mut Row, given: &mut Vec<usize>) {
        let entity = &object.entity;
        if !entity.traits.custom_kind.is_setting() {
            return;
        }
        let owner = entity.index_of(SETUP_OWNER);
        if let (Some(place), Some(org)) = (owner, self.blueprints.org)
            && !given.contains(&place)
        {
            write(row, owner, Value::Id(org));
            given.push(place);
        }
    }
}
