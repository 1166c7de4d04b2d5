//! Valid and invalid projects, and what they compile to.

mod common;
mod custom_metadata;
mod files;
mod formulas;
mod groups;
mod hostile_input;
mod lookup_filters;
mod record_types;
mod refusals;
mod roll_ups;
mod sample;
mod schemas;
