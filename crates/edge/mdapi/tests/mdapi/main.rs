//! Deployments and retrievals over both APIs, as clients ask for them.

mod bodies;
mod calls;
mod connected_apps;
mod cors_origins;
mod custom_metadata;
mod deploying;
mod failing;
mod org;
mod rest;
mod retrieving;
mod settings;
