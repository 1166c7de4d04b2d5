//! The spelling of `ManagedFault`.

use landfall_model::ManagedFault;

use crate::grpc;
use crate::grpc::{GrpcError, GrpcStatus};

/// Source: "Handle Errors" (Pub/Sub API Developer Guide).
pub(super) fn spell(fault: &ManagedFault) -> GrpcError {
    match fault {
        ManagedFault::NameMissing => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_NAME_EMPTY,
            "Either a subscription ID or a developer name is required.",
        ),
        ManagedFault::IdInvalid => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_ID_INVALID,
            "The subscription ID must have 15 or 18 characters.",
        ),
        ManagedFault::IdUnknown => grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_ID_NOT_FOUND,
            "No managed event subscription has this ID.",
        ),
        ManagedFault::NameUnknown => grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_NAME_NOT_FOUND,
            "No managed event subscription has this developer name.",
        ),
        ManagedFault::Active => grpc::error(
            GrpcStatus::AlreadyExists,
            grpc::MANAGED_ACTIVE,
            "Another client uses the managed event subscription.",
        ),
        ManagedFault::Stopped => grpc::error(
            GrpcStatus::FailedPrecondition,
            grpc::MANAGED_STOPPED,
            "The managed event subscription is stopped.",
        ),
        ManagedFault::Deleted => grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_DELETED,
            "The managed event subscription has been deleted.",
        ),
        ManagedFault::Changed => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_FETCH_INVALID,
            "The managed event subscription can't change during a stream.",
        ),
        ManagedFault::FetchEmpty => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_FETCH_INVALID,
            "The request must ask for events or commit a Replay ID.",
        ),
        ManagedFault::FetchCountInvalid => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_COUNT_INVALID,
            "The number of requested events can't be negative.",
        ),
        ManagedFault::CommitEarly => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_COMMIT_EARLY,
            "The first request can't commit a Replay ID.",
        ),
        ManagedFault::RefreshEarly => grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_REFRESH_EARLY,
            "The first request can't refresh the authentication.",
        ),
        // Source: logs in a published client issue. The code is not known.
        ManagedFault::CommitMissing => grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::MANAGED_FETCH_INVALID,
            "No CommitReplayRequests sent in the last 1800 seconds. Closing managed subscription.",
        ),
    }
}
