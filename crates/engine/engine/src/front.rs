//! What edges ask of an [`Engine`](crate::Engine), by subject. What it takes to answer is in the modules beside this one.

mod components;
mod events;
mod queries;
mod records;
mod rights;
mod usage;
