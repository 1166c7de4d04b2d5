//! The table: one row for each fault.

use landfall_model::Fault;
use landfall_model::fault::FaultField;
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;

use crate::dates::render_long;
use crate::grpc::{GrpcError, GrpcStatus};
use crate::rest::{
    RestError, ambiguous, duplicate, listed, names, operation_refused, read_only, unexpected,
};
use crate::{OauthError, Wire, bayeux, bulk, grpc, many, mdapi, merging, query};

/// The only place that spells a fault for a client.
///
/// Source: "Status Codes and Error Responses" and "Core Data Types Used in API Calls" (REST and SOAP API Developer
/// Guides), "Streaming API Error Codes" (Streaming API Developer Guide), "OAuth 2.0 Authorization Errors" (Salesforce
/// Help), and recorded responses where those are silent. `Source: none` for the texts of `RequestTooLarge`,
/// `PayloadFormatInvalid`, `DeleteRestricted`, `DeleteTooLarge` and `NumberOutOfRange`.
#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
pub fn wire(fault: &Fault) -> Wire {
    match fault {
        // ---- resources and requests
        Fault::ResourceNotFound | Fault::RecordNotFound => on_rest(not_found()),
        Fault::MethodNotAllowed { method, allowed } => on_rest(RestError::plain(
            405,
            "METHOD_NOT_ALLOWED",
            format!("HTTP Method '{method}' not allowed. Allowed are {allowed}"),
        )),
        Fault::MediaTypeUnsupported { media_type } => on_rest(RestError::plain(
            415,
            "UNSUPPORTED_MEDIA_TYPE",
            format!("Content-Type header specified in HTTP request is not supported: {media_type}"),
        )),
        Fault::RequestTooLarge => Wire {
            rest: Some(RestError::plain(
                413,
                "EXCEEDED_MAX_SIZE_REQUEST",
                "Maximum Request Size Exceeded",
            )),
            bayeux: Some(bayeux::REQUEST_TOO_LARGE.to_owned()),
            oauth: Some(grant_error("invalid_request", "request too large")),
            grpc: None,
        },
        Fault::BodyMissing => on_rest(json_error(
            "The HTTP entity body is required, but this request has no entity body.",
        )),
        Fault::JsonInvalid {
            reason,
            line,
            column,
        } => Wire {
            bayeux: Some(format!("400::{reason}")),
            ..on_rest(json_error(&format!(
                "{reason} at [line:{line}, column:{column}]"
            )))
        },
        Fault::XmlInvalid { reason } => {
            on_rest(RestError::plain(400, "XML_PARSER_ERROR", reason.as_str()))
        }
        Fault::PayloadFormatInvalid { value } => on_rest(RestError::plain(
            400,
            "ILLEGAL_QUERY_PARAMETER_VALUE",
            format!("The value of the payloadFormat parameter is not valid here: {value}"),
        )),
        Fault::PreconditionFailed => on_rest(RestError::plain(412, "", "")),
        Fault::QueryMalformed { reason } => {
            on_rest(RestError::plain(400, "MALFORMED_QUERY", reason.as_str()))
        }
        Fault::SearchMalformed { reason } => {
            on_rest(RestError::plain(400, "MALFORMED_SEARCH", reason.as_str()))
        }
        Fault::Query { place, refusal } => on_rest(query::query(place, refusal)),
        Fault::QueryObjectUnknown { name } => on_rest(RestError::plain(
            400,
            "INVALID_TYPE",
            format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
                 the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate \
                 names."
            ),
        )),

        // ---- fields and values of records
        Fault::FieldUnknown { field, entity } => on_rest(RestError::plain(
            400,
            "INVALID_FIELD",
            format!("No such column '{field}' on sobject of type {entity}"),
        )),
        Fault::IdInBody => on_rest(in_body("Id")),
        Fault::IdInEvent => on_rest(RestError::save(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "The event can't be published because it contains an ID value.",
            [],
        )),
        Fault::ExternalIdInBody { field } => on_rest(in_body(field.as_str())),
        Fault::FieldsReadOnly { fields } => on_rest(read_only(fields)),
        Fault::FieldsRequired { fields } => on_rest(RestError::save(
            "REQUIRED_FIELD_MISSING",
            format!("Required fields are missing: {}", listed(fields)),
            names(fields),
        )),
        Fault::ValueUnreadable {
            expected,
            token,
            value,
            line,
            column,
        } => on_rest(json_error(&format!(
            "Cannot deserialize instance of {expected} from {token} value {value} or request may be missing a \
             required field at [line:{line}, column:{column}]"
        ))),
        Fault::ValueTypeWrong { field, value } => on_rest(on_field(
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            field,
            &format!("value not of required type: {value}"),
        )),
        Fault::TextTooLong { field, value, max } => on_rest(on_field(
            "STRING_TOO_LONG",
            field,
            &format!("data value too large: {value} (max length={max})"),
        )),
        Fault::PicklistValueUnknown { field, value } => on_rest(on_field(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            field,
            &format!("bad value for restricted picklist field: {value}"),
        )),
        Fault::EmailInvalid { field, value } => on_rest(on_field(
            "INVALID_EMAIL_ADDRESS",
            field,
            &format!("invalid email address: {value}"),
        )),
        Fault::IdMalformed { field, value } => on_rest(RestError::save(
            "MALFORMED_ID",
            format!("malformed id {value}"),
            [field.name.to_string()],
        )),
        Fault::IdTypeWrong { field, value } => on_rest(on_field(
            "MALFORMED_ID",
            field,
            &format!("id value of incorrect type: {value}"),
        )),
        Fault::NumberOutOfRange { field, value } => on_rest(on_field(
            "NUMBER_OUTSIDE_VALID_RANGE",
            field,
            &format!("value outside of valid range on numeric field: {value}"),
        )),
        Fault::MomentOutOfRange { field, point } => on_rest(on_field(
            "FIELD_INTEGRITY_EXCEPTION",
            field,
            &format!("invalid date: {}", render_long(*point)),
        )),
        Fault::ValueRefused { field, reason } => {
            on_rest(on_field("FIELD_INTEGRITY_EXCEPTION", field, reason))
        }
        Fault::ValueDuplicate { field, record } => on_rest(duplicate(field, *record)),
        Fault::RecordLimitExceeded { label, max } => on_rest(RestError::save(
            "LIMIT_EXCEEDED",
            format!("{label}: the limit of {max} records is reached"),
            [],
        )),
        Fault::FieldMeaning { field, cause } => {
            let cause = wire(cause).rest.unwrap_or_else(|| unexpected(0));
            on_rest(RestError::save(
                cause.code,
                cause.message,
                [field.to_string()],
            ))
        }
        Fault::ReferenceUnknown { field } => on_rest(RestError::save(
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            [field.to_string()],
        )),
        Fault::ForeignKeyUnknown { key, field, entity } => on_rest(RestError::save(
            "INVALID_FIELD",
            format!(
                "Foreign key external ID: {key} not found for field {field} in entity {entity}"
            ),
            [],
        )),

        // ---- managed event subscriptions, as they are set up
        Fault::ManagedNameMalformed => on_rest(RestError::save(
            "INVALID_INPUT",
            "The DeveloperName field can only contain underscores and alphanumeric characters. It must be unique, begin \
             with a letter, not include spaces, not end with an underscore, and not contain two consecutive underscores.",
            [],
        )),
        Fault::ManagedNameTaken { name } => on_rest(RestError::save(
            "DUPLICATE_DEVELOPER_NAME",
            format!(
                "The name \"{name}\" is already used on component type: Managed Event Subscription. Please rename \
                 existing component."
            ),
            [],
        )),
        Fault::ManagedNameFixed => on_rest(RestError::save(
            "INVALID_INPUT",
            "The DeveloperName field can't be changed",
            [],
        )),
        Fault::ManagedTopicInvalid => on_rest(RestError::save(
            "INVALID_INPUT",
            "The topicName field is invalid",
            [],
        )),
        Fault::ManagedStateInvalid => on_rest(RestError::save(
            "INVALID_INPUT",
            "You can create a managed event subscription state field only to RUN or STOP",
            [],
        )),
        Fault::ComponentInvalid { reason } => {
            on_rest(RestError::save("INVALID_INPUT", reason.clone(), []))
        }
        Fault::ComponentNumberInvalid { reason } => on_rest(RestError::save(
            "FIELD_INTEGRITY_EXCEPTION",
            reason.clone(),
            [],
        )),
        Fault::ComponentFieldMissing { field } => on_rest(RestError::save(
            "REQUIRED_FIELD_MISSING",
            format!("Required field is missing: {field}"),
            [],
        )),
        Fault::ComponentNameTaken { name, kind } => on_rest(RestError::save(
            "DUPLICATE_DEVELOPER_NAME",
            format!(
                "The name \"{name}\" is already used on component type: {kind}. Please rename existing component."
            ),
            [],
        )),
        Fault::ComponentTaken { name } => on_rest(RestError::save(
            "DUPLICATE_VALUE",
            format!("duplicate value found: the same is already said by {name}"),
            [],
        )),
        Fault::ManagedTooMany => on_rest(RestError::save(
            "LIMIT_EXCEEDED",
            format!(
                "The org has the maximum number of managed event subscriptions: {MANAGED_SUBSCRIPTIONS_MAX}"
            ),
            [],
        )),

        // ---- records
        Fault::RecordUnknown => on_rest(
            RestError::save(
                "INVALID_CROSS_REFERENCE_KEY",
                "invalid cross reference id",
                [],
            )
            .with_status(404),
        ),
        Fault::RecordDeleted => {
            on_rest(RestError::save("ENTITY_IS_DELETED", "entity is deleted", []).with_status(404))
        }
        Fault::RecordNotDeleted => on_rest(RestError::save(
            "UNDELETE_FAILED",
            "Entity is not in the recycle bin",
            [],
        )),
        Fault::BinEntryMissing => on_rest(RestError::save(
            "INVALID_ID_FIELD",
            "invalid record id; no recycle bin entry found",
            [],
        )),
        Fault::ExternalIdFieldUnknown { field } => on_rest(RestError::plain(
            404,
            "NOT_FOUND",
            format!("Provided external ID field does not exist or is not accessible: {field}"),
        )),
        Fault::ExternalIdAmbiguous { records } => on_rest(ambiguous(records)),
        Fault::OperationRefused { operation, label } => {
            on_rest(operation_refused(*operation, label))
        }
        Fault::DeleteRestricted { label, child } => on_rest(RestError::save(
            "DELETE_FAILED",
            format!(
                "Your attempt to delete {label} could not be completed because it is associated with the following \
                 records: {child}"
            ),
            [],
        )),
        Fault::Merge(fault) => on_rest(merging::merge(fault)),
        Fault::Conversion(fault) => on_rest(merging::conversion(fault)),
        Fault::DeleteTooLarge => on_rest(RestError::save(
            "DELETE_OPERATION_TOO_LARGE",
            "Your attempt to delete could not be completed because too many records are affected.",
            [],
        )),
        Fault::ReplicatedTooMany => on_rest(RestError::plain(
            400,
            "EXCEEDED_ID_LIMIT",
            "too many records changed in the given time; please choose dates that are closer together",
        )),
        Fault::ConditionDateInvalid { header } => on_rest(RestError::plain(
            400,
            "INVALID_HEADER",
            format!("The value of the header {header} is not a valid HTTP date"),
        )),
        Fault::ReplicationDateInvalid { reason } => {
            on_rest(RestError::plain(400, "INVALID_REPLICATION_DATE", *reason))
        }
        Fault::Many(fault) => on_rest(many::error(fault)),
        Fault::Bulk(fault) => on_rest(bulk::error(fault)),
        Fault::Metadata(fault) => on_rest(mdapi::error(fault)),
        // See `soap`: other surfaces never hear it.
        Fault::Soap(_) => Wire {
            rest: None,
            bayeux: None,
            oauth: None,
            grpc: None,
        },
        Fault::RolledBack { .. } => on_rest(RestError::save(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
            [],
        )),
        Fault::AccessDenied => on_rest(
            RestError::save(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                "insufficient access rights on object id",
                [],
            )
            .with_status(403),
        ),

        // ---- sessions
        Fault::SessionInvalid => Wire {
            rest: Some(session("INVALID_SESSION_ID", "Session expired or invalid")),
            grpc: Some(grpc::authentication(grpc::AUTH_ERROR)),
            ..on_bayeux("401::Authentication invalid")
        },
        Fault::SessionMissing => Wire {
            rest: Some(session("INVALID_SESSION_ID", "Session expired or invalid")),
            grpc: Some(grpc::authentication(grpc::AUTH_HEADERS_INVALID)),
            ..on_bayeux("401::Request requires authentication")
        },
        Fault::AuthorizationHeaderInvalid => Wire {
            rest: Some(session("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")),
            ..on_bayeux("401::Authentication invalid")
        },
        Fault::ApiScopeMissing => Wire {
            rest: Some(session(
                "INVALID_SESSION_ID",
                "This session is not valid for use with the REST API",
            )),
            ..on_bayeux("401::Authentication invalid")
        },
        Fault::RequestLimitExceeded => on_rest(RestError::plain(
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "TotalRequests Limit exceeded.",
        )),

        Fault::PublishLimitExceeded => on_rest(RestError::save(
            "LIMIT_EXCEEDED",
            "The org has published all platform events that it may publish in an hour",
            [],
        )),

        // Source: "Platform Event Allocations" (Platform Events Developer Guide) has the bound; code and text are ours.
        Fault::EventTooLarge => on_rest(RestError::save(
            "PLATFORM_EVENT_PUBLISH_FAILED",
            "The event message size exceeds the maximum of 1 MB",
            [],
        )),

        // ---- Streaming API
        Fault::VersionMissing => on_bayeux(bayeux::VERSION_MISSING),
        Fault::VersionUnsupported => Wire {
            // The versions below 31.0; Source: "API End-of-Life Policy" (REST API Developer Guide).
            rest: Some(RestError::plain(
                410,
                "GONE",
                "The requested resource is no longer available",
            )),
            ..on_bayeux(bayeux::VERSION_UNSUPPORTED)
        },
        Fault::ConnectionTypeInvalid { offered } => {
            on_bayeux(format!("400::Invalid connection type {{{offered}}}"))
        }
        Fault::HandshakeDenied => on_bayeux("403::Handshake denied"),
        Fault::HandshakeMissing => on_bayeux("403::Client has not completed handshake"),
        Fault::ClientUnknown => on_bayeux("403::Unknown client"),
        Fault::UserMismatch => {
            on_bayeux("400::Authenticated user id does not match the session's user id")
        }
        Fault::CookieMissing { client_id } => on_bayeux(format!(
            "400::Client {{{client_id}}} has established a session, but no BAYEUX_BROWSER cookie present"
        )),
        Fault::ClientLimitExceeded => on_bayeux("403::Organization concurrent user limit exceeded"),
        Fault::SubscriptionLimitExceeded => {
            on_bayeux("403::Subscription limit exceeded for this topic")
        }
        Fault::EventLimitExceeded => Wire {
            grpc: Some(grpc::error(
                GrpcStatus::ResourceExhausted,
                grpc::EVENT_LIMIT,
                "You have exceeded the event delivery limit for your org.",
            )),
            ..on_bayeux("403::Organization total events daily limit exceeded")
        },
        Fault::ChannelNameMissing => on_bayeux("400::Channel name not specified"),
        Fault::ChannelSlashMissing => {
            on_bayeux("400::Channel subscriptions must start with a leading '/'")
        }
        Fault::ChannelNotFound { channel } => on_bayeux(bayeux::channel_not_found(channel)),
        Fault::ChannelRestricted => on_bayeux("403::Restricted channel"),
        Fault::StreamingNotEnabled => on_bayeux("403::User not enabled for streaming"),
        Fault::TopicObjectDenied => {
            on_bayeux("403::Subscriber does not have access to the entity in this topic")
        }
        Fault::TopicConditionDenied => on_bayeux(bayeux::TOPIC_CONDITION_DENIED),
        Fault::TopicFilterUnknown { fields } => on_bayeux(format!(
            "400::Query fields {{{}}} do not exist on the topic entity",
            fields.join(", ")
        )),
        Fault::ChannelCreateDenied { channel } => {
            on_bayeux(format!("403::Cannot create channel {{{channel}}}"))
        }
        Fault::ChannelsTooMany => on_bayeux(bayeux::CHANNELS_TOO_MANY),
        Fault::ChannelAccessDenied => on_bayeux("403::No access on channel"),
        Fault::ChannelCaseVaries => on_bayeux("404::channel names may not vary only by case"),
        Fault::ChangeEventsDenied => {
            on_bayeux("403::User not allowed to subscribe CDC without required permissions")
        }
        Fault::PublishDenied => on_bayeux("403:denied_by_security_policy:publish_denied"),
        Fault::ReplayIdInvalid { replay_id } => on_bayeux(bayeux::replay_id_invalid(replay_id)),
        Fault::ReplayChannelMissing { channel, map } => {
            on_bayeux(bayeux::replay_channel_missing(channel, map))
        }

        // ---- Pub/Sub API
        Fault::CallMetadataMissing => on_grpc(grpc::authentication(grpc::AUTH_HEADERS_INVALID)),
        Fault::TopicNotFound { org, topic } => on_grpc(grpc::error(
            GrpcStatus::NotFound,
            grpc::TOPIC_NOT_FOUND,
            format!(
                "The topic information for org CORE/prod/{org} and topic {topic} not found. Ensure the topic name is \
                 correct and that the topic exists."
            ),
        )),
        Fault::TopicMissing => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::TOPIC_EMPTY,
            "Topic validation failed. The topic name can't be blank.",
        )),
        Fault::TopicDenied => on_grpc(grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_DENIED,
            "The user doesn't have permission to subscribe to the topic.",
        )),
        Fault::TopicInfoDenied => on_grpc(grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_INFO_DENIED,
            "The user doesn't have permission to access the topic.",
        )),
        Fault::SchemaNotFound => on_grpc(grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::SCHEMA_DENIED,
            "The schema doesn't exist, or the user doesn't have access to it.",
        )),
        Fault::SchemaMissing => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::SCHEMA_EMPTY,
            "Schema validation failed. The schema ID can't be blank.",
        )),
        // Clients: several match the beginning of this text.
        Fault::ReplayIdCorrupted => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::REPLAY_ID_CORRUPTED,
            "The Replay ID validation failed. Ensure that the Replay ID is valid.",
        )),
        Fault::ReplayIdMissing => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::REPLAY_ID_MISSING,
            "The Replay ID validation failed. A Replay ID is required with the CUSTOM replay preset.",
        )),
        Fault::FetchCountInvalid => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::FETCH_COUNT_INVALID,
            "The number of requested events must be greater than 0.",
        )),
        Fault::TopicChanged => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::TOPIC_CHANGED,
            "The topic name can't change during a stream.",
        )),
        Fault::StreamIdle => on_grpc(grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::STREAM_IDLE,
            "No FetchRequest was received in time. Closing the subscription.",
        )),
        Fault::PublishRefused => on_grpc(grpc::error(
            GrpcStatus::PermissionDenied,
            grpc::TOPIC_INFO_DENIED,
            "Events can't be published on the topic.",
        )),
        Fault::PublishTopicMissing => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_TOPIC_EMPTY,
            "Topic validation failed. The topic name can't be blank.",
        )),
        Fault::PublishTopicChanged => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_TOPIC_CHANGED,
            "The topic name can't change during a stream.",
        )),
        Fault::PublishEmpty => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_COUNT_INVALID,
            "A PublishRequest must contain at least one event.",
        )),
        Fault::PublishTooMany { most } => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_COUNT_INVALID,
            format!("A PublishRequest must contain no more than {most} events."),
        )),
        Fault::PublishIdle => on_grpc(grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::PUBLISH_IDLE,
            "No PublishRequest was received in time. Closing the stream.",
        )),
        Fault::AuthRefreshInvalid => on_grpc(grpc::authentication(grpc::AUTH_REFRESH_INVALID)),
        Fault::PublishAuthRefreshEarly => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::PUBLISH_AUTH_REFRESH_EARLY,
            "The authentication can't be refreshed in the first PublishRequest.",
        )),
        Fault::ManagedNameMissing => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_NAME_EMPTY,
            "Either a subscription ID or a developer name is required.",
        )),
        Fault::ManagedIdInvalid => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_ID_INVALID,
            "The subscription ID must have 15 or 18 characters.",
        )),
        Fault::ManagedIdUnknown => on_grpc(grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_ID_NOT_FOUND,
            "No managed event subscription has this ID.",
        )),
        Fault::ManagedNameUnknown => on_grpc(grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_NAME_NOT_FOUND,
            "No managed event subscription has this developer name.",
        )),
        Fault::ManagedActive => on_grpc(grpc::error(
            GrpcStatus::AlreadyExists,
            grpc::MANAGED_ACTIVE,
            "Another client uses the managed event subscription.",
        )),
        Fault::ManagedStopped => on_grpc(grpc::error(
            GrpcStatus::FailedPrecondition,
            grpc::MANAGED_STOPPED,
            "The managed event subscription is stopped.",
        )),
        Fault::ManagedDeleted => on_grpc(grpc::error(
            GrpcStatus::NotFound,
            grpc::MANAGED_DELETED,
            "The managed event subscription has been deleted.",
        )),
        Fault::ManagedChanged => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_FETCH_INVALID,
            "The managed event subscription can't change during a stream.",
        )),
        Fault::ManagedFetchEmpty => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_FETCH_INVALID,
            "The request must ask for events or commit a Replay ID.",
        )),
        Fault::ManagedFetchCountInvalid => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_COUNT_INVALID,
            "The number of requested events can't be negative.",
        )),
        Fault::ManagedCommitEarly => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_COMMIT_EARLY,
            "The first request can't commit a Replay ID.",
        )),
        Fault::ManagedRefreshEarly => on_grpc(grpc::error(
            GrpcStatus::InvalidArgument,
            grpc::MANAGED_REFRESH_EARLY,
            "The first request can't refresh the authentication.",
        )),
        // Source: logs in a published client issue. The code is not known.
        Fault::ManagedCommitMissing => on_grpc(grpc::error(
            GrpcStatus::DeadlineExceeded,
            grpc::MANAGED_FETCH_INVALID,
            "No CommitReplayRequests sent in the last 1800 seconds. Closing managed subscription.",
        )),

        // ---- OAuth 2.0
        Fault::AuthenticationFailed => on_oauth("invalid_grant", "authentication failure"),
        Fault::RefreshTokenInvalid => on_oauth("invalid_grant", "expired access/refresh token"),
        Fault::UserInactive => on_oauth("invalid_grant", "inactive user"),
        Fault::LoginRateExceeded => on_oauth("invalid_grant", "login rate exceeded"),
        Fault::ClientIdInvalid => on_oauth("invalid_client_id", "client identifier invalid"),
        Fault::ClientCredentialsInvalid => on_oauth("invalid_client", "invalid client credentials"),
        Fault::ClientUserMissing => {
            on_oauth("invalid_request", "no client credentials user enabled")
        }
        Fault::GrantUnsupported => on_oauth("unsupported_grant_type", "grant type not supported"),
        Fault::PostRequired => on_oauth("invalid_request", "must use HTTP POST"),
        Fault::ParameterMissing { name } => on_oauth(
            "invalid_request",
            format!("missing required parameter: {name}"),
        ),
        Fault::TokenTypeUnsupported => {
            on_oauth("unsupported_token_type", "this token type is not supported")
        }
        Fault::CodeExpired => on_oauth("invalid_grant", "expired authorization code"),
        Fault::CodeVerifierMissing => on_oauth("invalid_grant", "missing required code verifier"),
        Fault::CodeVerifierInvalid => on_oauth("invalid_request", "invalid code verifier"),
        Fault::CodeChallengeMissing => {
            on_oauth("invalid_request", "missing required code challenge")
        }
        Fault::CodeChallengeInvalid => on_oauth("invalid_request", "invalid code challenge"),
        Fault::RedirectUriMissing => on_oauth("redirect_uri_missing", "redirect_uri not provided"),
        Fault::RedirectUriMismatch => on_oauth(
            "redirect_uri_mismatch",
            "redirect_uri must match configuration",
        ),
        Fault::ResponseTypeUnsupported => {
            on_oauth("unsupported_response_type", "response type not supported")
        }
        Fault::ScopeInvalid => on_oauth(
            "invalid_scope",
            "requested scope is invalid, unknown, or malformed",
        ),
        Fault::AssertionInvalid => on_oauth("invalid_grant", "invalid assertion"),
        Fault::AudienceInvalid => on_oauth("invalid_grant", "audience is invalid"),
        Fault::AssertionExpired => on_oauth("invalid_grant", "assertion expired"),
        // Clients: simple-salesforce matches the text and shows where to approve.
        Fault::ClientNotApproved => on_oauth("invalid_grant", "user hasn't approved this consumer"),
        Fault::AuthorizationPending => {
            on_oauth("authorization_pending", "User authorization is pending")
        }
        Fault::PollTooFrequent => on_oauth("slow_down", "polling too frequently"),
        Fault::AuthorizationDenied => on_oauth("access_denied", "end-user denied authorization"),
        Fault::ImmediateUnsuccessful => on_oauth(
            "immediate_unsuccessful",
            "approval not possible with immediate=true",
        ),

        // ---- the service
        Fault::StorageLimitExceeded => on_rest(RestError::plain(
            403,
            "STORAGE_LIMIT_EXCEEDED",
            "storage limit exceeded",
        )),
        Fault::StoreUnavailable | Fault::ServerBusy => Wire {
            rest: Some(RestError::plain(
                503,
                "SERVER_UNAVAILABLE",
                if *fault == Fault::StoreUnavailable {
                    "A server that is necessary for this call is currently unavailable. Other types of requests might still work."
                } else {
                    "Server is too busy. Please try your request again later."
                },
            )),
            bayeux: Some(bayeux::BUSY.to_owned()),
            oauth: Some(OauthError {
                status: 503,
                ..grant_error("server_error", "service unavailable")
            }),
            grpc: Some(grpc::unavailable()),
        },
        Fault::Internal { error_id } => Wire {
            rest: Some(unexpected(*error_id)),
            bayeux: Some(bayeux::UNEXPECTED.to_owned()),
            oauth: Some(OauthError {
                status: 500,
                ..grant_error("server_error", format!("unexpected error {error_id}"))
            }),
            grpc: Some(grpc::internal()),
        },
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

fn on_oauth(error: &'static str, description: impl Into<String>) -> Wire {
    Wire {
        rest: None,
        bayeux: None,
        oauth: Some(grant_error(error, description)),
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

fn session(code: &'static str, message: &str) -> RestError {
    RestError::plain(401, code, message)
}

fn json_error(message: &str) -> RestError {
    RestError::plain(400, "JSON_PARSER_ERROR", message)
}

fn in_body(field: &str) -> RestError {
    RestError::plain(
        400,
        "INVALID_FIELD",
        format!("The {field} field should not be specified in the sobject data."),
    )
}

/// Wire: the text begins with the label, `fields` has the API name.
fn on_field(code: &'static str, field: &FaultField, text: &str) -> RestError {
    RestError::save(
        code,
        format!("{}: {text}", field.label),
        [field.name.to_string()],
    )
}

#[cfg(test)]
mod tests;
