//! The table: one row for each family of faults, one module for the spelling of each.

mod field;
mod limit;
mod login;
mod managed;
mod managed_setup;
mod many;
mod merging;
mod pubsub;
mod query;
mod query_refusal;
mod record;
mod replication;
mod request;
mod service;
mod session;
mod setup;
mod streaming;
mod value;

use landfall_model::Fault;

use crate::grpc::GrpcError;
use crate::rest::RestError;
use crate::{OauthError, Wire, bulk, mdapi};

/// The only place that spells a fault for a client.
pub fn wire(fault: &Fault) -> Wire {
    match fault {
        Fault::Request(fault) => request::spell(fault),
        Fault::Query(fault) => on_rest(query::spell(fault)),
        Fault::Replication(fault) => on_rest(replication::spell(fault)),
        Fault::Field(fault) => on_rest(field::spell(fault)),
        Fault::Value(fault) => on_rest(value::spell(fault)),
        Fault::Record(fault) => on_rest(record::spell(fault)),
        Fault::Merge(fault) => on_rest(merging::merge(fault)),
        Fault::Conversion(fault) => on_rest(merging::conversion(fault)),
        Fault::Setup(fault) => on_rest(setup::spell(fault)),
        Fault::ManagedSetup(fault) => on_rest(managed_setup::spell(fault)),
        Fault::Many(fault) => on_rest(many::spell(fault)),
        Fault::Bulk(fault) => on_rest(bulk::error(fault)),
        Fault::Metadata(fault) => on_rest(mdapi::error(fault)),
        // See `soap`: other surfaces never hear it.
        Fault::Soap(_) => Wire {
            rest: None,
            bayeux: None,
            oauth: None,
            grpc: None,
        },
        Fault::Session(fault) => session::spell(fault),
        Fault::Login(fault) => on_oauth(login::spell(fault)),
        Fault::Streaming(fault) => on_bayeux(streaming::spell(fault)),
        Fault::PubSub(fault) => on_grpc(pubsub::spell(fault)),
        Fault::Managed(fault) => on_grpc(managed::spell(fault)),
        Fault::Limit(fault) => limit::spell(fault),
        Fault::Service(fault) => service::spell(fault),
    }
}

fn on_rest(error: RestError) -> Wire {
    Wire {
        rest: Some(error),
        bayeux: None,
        oauth: None,
        grpc: None,
    }
}

fn on_bayeux(error: impl Into<String>) -> Wire {
    Wire {
        rest: None,
        bayeux: Some(error.into()),
        oauth: None,
        grpc: None,
    }
}

fn on_grpc(error: GrpcError) -> Wire {
    Wire {
        rest: None,
        bayeux: None,
        oauth: None,
        grpc: Some(error),
    }
}

fn on_oauth(error: OauthError) -> Wire {
    Wire {
        rest: None,
        bayeux: None,
        oauth: Some(error),
        grpc: None,
    }
}

fn grant_error(error: &'static str, description: impl Into<String>) -> OauthError {
    OauthError {
        status: 400,
        error,
        description: description.into(),
    }
}

fn not_found() -> RestError {
    RestError::plain(404, "NOT_FOUND", "The requested resource does not exist")
}

fn json_error(message: &str) -> RestError {
    RestError::plain(400, "JSON_PARSER_ERROR", message)
}

#[cfg(test)]
mod tests;
