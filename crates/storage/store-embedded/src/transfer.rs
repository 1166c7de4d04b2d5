//! A file that is moved into another store, and a file that is filled from one.

mod export;
mod import;

pub use export::export;
pub use import::import;
