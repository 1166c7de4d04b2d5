//! The spelling of `LimitFault`.

use landfall_model::LimitFault;

use super::{on_bayeux, on_rest};
use crate::grpc::GrpcStatus;
use crate::rest::RestError;
use crate::{Wire, grpc};

/// Source: "Status Codes and Error Responses" (REST API Developer Guide), "Streaming API Error Codes" (Streaming API
/// Developer Guide).
pub(super) fn spell(fault: &LimitFault) -> Wire {
    match fault {
        LimitFault::Storage => on_rest(RestError::plain(
            403,
            "STORAGE_LIMIT_EXCEEDED",
            "storage limit exceeded",
        )),
        LimitFault::Requests => on_rest(RestError::plain(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        )),
        LimitFault::Publishes => on_rest(RestError::save(
            "LIMIT_EXCEEDED",
            "The org has published all platform events that it may publish in an hour",
            [],
        )),
        // Source: "Platform Event Allocations" (Platform Events Developer Guide) has the bound; code and text are ours.
        LimitFault::EventTooLarge => on_rest(RestError::save(
            "PLATFORM_EVENT_PUBLISH_FAILED",
            "The event message size exceeds the maximum of 1 MB",
            [],
        )),
        LimitFault::Deliveries => Wire {
            grpc: Some(grpc::error(
                GrpcStatus::ResourceExhausted,
                grpc::EVENT_LIMIT,
                "You have exceeded the event delivery limit for your org.",
            )),
            ..on_bayeux("403::Organization total events daily limit exceeded")
        },
    }
}
