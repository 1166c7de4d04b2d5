//! Messages and client of the Pub/Sub API, as generated from its definition.
#![allow(
    missing_docs,
    unreachable_pub,
    unnameable_types,
    unused_qualifications,
    clippy::pedantic,
    clippy::or_fun_call,
    clippy::use_self,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

tonic::include_proto!("eventbus.v1");
