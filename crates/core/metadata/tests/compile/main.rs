//! Projects, sound and wrong, and what becomes of them.

mod common;
mod files;
mod formulas;
mod hostile_input;
mod record_types;
mod refusals;
mod roll_ups;
mod sample;
mod schemas;
