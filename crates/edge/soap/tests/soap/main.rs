//! Calls about what an administrator has defined, on an org that has it. The shipped objects are in the transcripts.

mod bodies;
mod events;
mod files;
mod lookup_filters;
mod older;
mod org;
mod record_types;
mod references;
mod revoked;
mod search;
mod sessions;
