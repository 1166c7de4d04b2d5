//! Queries as they are carried out: every name resolved, every value typed, every rule of the language checked.
//!
//! [`read()`] turns a statement into a [`Checked`]: a [`Plan`] for the store, and the shape of the answer.
//! A plan can be turned into SQL, and it can be carried out in memory: on one record ([`Plan::matches`]), or on all that there
//! are ([`Plan::find`]). All mean the same, since what they are made of is here: how texts compare ([`text`]), what a date literal covers and what a date
//! function gives ([`calendar`]), how far two places are apart ([`distance`]). It knows no SQL, no JSON and no clock.
//! Start reading at [`plan`], then `check`.
//! Source: SOQL and SOSL Reference.

pub mod calendar;
mod check;
mod evaluate;
mod explain;
mod format;
mod geography;
mod memory;
pub mod plan;
pub mod push_topic;
mod result;
mod shape;
pub mod text;
mod zone;

pub use check::{Context, FormulaScope, read, search};
pub use evaluate::{Record, ordering};
pub use explain::{Way, Ways};
pub use format::Format;
pub use geography::{EARTH_RADIUS, MILE, distance};
pub use memory::Tables;
pub use plan::Plan;
pub use result::{QueryResult, ResultRow};
pub use shape::{Answers, Cell, Checked, Item, RecordShape, Shown, TypeCase};
pub use zone::Zone;

pub use landfall_soql::Search;
