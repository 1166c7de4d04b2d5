//! Projects, sound and wrong, and what becomes of them.

mod common;
mod files;
mod hostile_input;
mod refusals;
mod sample;
mod schemas;
