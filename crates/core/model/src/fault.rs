//! Every error that a client can get, independent of the API that reports it.

use crate::bulk::BulkFault;
use crate::id::RecordId;
use crate::many::ManyFault;
use crate::mdapi::MetadataFault;
use crate::merging::{ConversionFault, MergeFault};
use crate::name::{EntityName, FieldName};
use crate::query_refusal::QueryRefusal;
use crate::soap::SoapFault;
use crate::time::Timestamp;

/// What an operation on records tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Create a record.
    Create,
    /// Change a record.
    Update,
    /// Delete a record.
    Delete,
    /// Bring a record back from the recycle bin.
    Undelete,
    /// Merge other records into a record.
    Merge,
}

/// The field that a fault is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultField {
    /// API name, listed in `fields`.
    pub name: FieldName,
    /// What people see: the subject of the message.
    pub label: String,
}

/// A refusal, in the platform's terms. `landfall-wire` is the only place that spells one for a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    // ---- resources and requests
    /// No such resource, object or API version.
    ResourceNotFound,
    /// The resource does not take this method.
    MethodNotAllowed {
        /// Method of the request.
        method: String,
        /// Methods that it takes, comma-separated.
        allowed: &'static str,
    },
    /// The body's media type is not read here.
    MediaTypeUnsupported {
        /// The media type of the request.
        media_type: String,
    },
    /// The body is larger than the surface reads.
    RequestTooLarge,
    /// A body is needed.
    BodyMissing,
    /// The body is not JSON, or not of the shape that is read here.
    JsonInvalid {
        /// What the parser says.
        reason: String,
        /// Place of the error, from 1.
        line: usize,
        /// Place of the error, from 1.
        column: usize,
    },
    /// The body is not XML.
    XmlInvalid {
        /// What the parser says.
        reason: String,
    },
    /// `payloadFormat` is neither EXPANDED nor COMPACT, or not allowed in this version.
    PayloadFormatInvalid {
        /// What was asked for.
        value: String,
    },
    /// The precondition of a conditional request does not hold.
    PreconditionFailed,
    /// A query that is not understood.
    QueryMalformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A search that is not understood.
    SearchMalformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A query that is one by its grammar, and is refused all the same.
    Query {
        /// The head of the text that shows the place in the statement; empty if there is none.
        place: String,
        /// Why.
        refusal: QueryRefusal,
    },
    /// A query of an object that cannot be queried.
    QueryObjectUnknown {
        /// The name given.
        name: String,
    },

    // ---- fields and values of records
    /// The object has no such field.
    FieldUnknown {
        /// The name given.
        field: String,
        /// The object.
        entity: EntityName,
    },
    /// The body names the record that the path names already.
    IdInBody,
    /// The body gives an id to a platform event, which has none of its own.
    IdInEvent,
    /// The body names the external id that the path names already.
    ExternalIdInBody {
        /// The external id field.
        field: FieldName,
    },
    /// Fields that this operation must not set.
    FieldsReadOnly {
        /// In the order of the request.
        fields: Vec<FieldName>,
    },
    /// Required fields without a value.
    FieldsRequired {
        /// In describe order.
        fields: Vec<FieldName>,
    },
    /// A JSON value of the wrong kind for the field's type.
    ValueUnreadable {
        /// Name of the expected type, such as `double`.
        expected: &'static str,
        /// Token name of the JSON value, such as `VALUE_STRING`.
        token: &'static str,
        /// The value as text.
        value: String,
        /// Place of the value in the body, from 1.
        line: usize,
        /// Place of the value in the body, from 1.
        column: usize,
    },
    /// Text that is no value of the field's type.
    ValueTypeWrong {
        /// The field.
        field: FaultField,
        /// The text.
        value: String,
    },
    /// Text longer than the field.
    TextTooLong {
        /// The field.
        field: FaultField,
        /// The text.
        value: String,
        /// Unit: characters.
        max: u32,
    },
    /// Not a value of a restricted picklist.
    PicklistValueUnknown {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// Not an email address.
    EmailInvalid {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// Text that is not a record id.
    IdMalformed {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// The id of a record of another object.
    IdTypeWrong {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// A number that the field's precision cannot hold.
    NumberOutOfRange {
        /// The field.
        field: FaultField,
        /// The value.
        value: String,
    },
    /// A day or a point in time before or after all that records can hold.
    MomentOutOfRange {
        /// The field.
        field: FaultField,
        /// The point in time, or midnight of the day.
        point: Timestamp,
    },
    /// A rule about values of a record that the object itself has.
    ValueRefused {
        /// The field.
        field: FaultField,
        /// Why.
        reason: String,
    },
    /// A value that another record holds in a unique field.
    ValueDuplicate {
        /// The field.
        field: FieldName,
        /// The other record.
        record: RecordId,
    },
    /// A reference to a record that does not exist.
    ReferenceUnknown {
        /// The field.
        field: FieldName,
    },
    /// No record has the external id by which a reference names it.
    ForeignKeyUnknown {
        /// The external id.
        key: String,
        /// The field that it is of.
        field: FieldName,
        /// The object.
        entity: EntityName,
    },

    // ---- managed event subscriptions, as they are set up
    /// The developer name has letters, or a form, that names do not have.
    ManagedNameMalformed,
    /// Another managed subscription has the developer name.
    ManagedNameTaken {
        /// The name.
        name: String,
    },
    /// The developer name of a managed subscription does not change.
    ManagedNameFixed,
    /// The topic of a managed subscription does not exist, or would change.
    ManagedTopicInvalid,
    /// A managed subscription runs or is stopped, and nothing else.
    ManagedStateInvalid,
    /// The org has as many managed subscriptions as it may have.
    ManagedTooMany,

    // ---- components, as they are set up one by one
    /// A component that cannot be what is said of it.
    ComponentInvalid {
        /// Why, in the words of a deployment.
        reason: String,
    },
    /// The same for a number that is written as no number of its kind is.
    ComponentNumberInvalid {
        /// Why, in the words of a deployment.
        reason: String,
    },
    /// Nothing is said of what a component must have.
    ComponentFieldMissing {
        /// The member of its metadata.
        field: &'static str,
    },
    /// Another component of the kind has the name.
    ComponentNameTaken {
        /// The name.
        name: String,
        /// The kind, as people read it.
        kind: &'static str,
    },
    /// Another component says the same.
    ComponentTaken {
        /// Its name.
        name: String,
    },

    // ---- records
    /// No record with this id.
    RecordNotFound,
    /// No record to delete with this id.
    RecordUnknown,
    /// The record is in the recycle bin.
    RecordDeleted,
    /// The record is not in the recycle bin.
    RecordNotDeleted,
    /// There is nothing in the recycle bin to be forgotten.
    BinEntryMissing,
    /// Not an external id field of the object.
    ExternalIdFieldUnknown {
        /// The name given.
        field: String,
    },
    /// Several records have the external id.
    ExternalIdAmbiguous {
        /// All of them.
        records: Vec<RecordId>,
    },
    /// The object does not take this operation.
    OperationRefused {
        /// What was tried.
        operation: Operation,
        /// Label of the object.
        label: String,
    },
    /// The record has children that forbid deleting it.
    DeleteRestricted {
        /// Label of the object.
        label: String,
        /// Label of the children's object.
        child: String,
    },
    /// Records that cannot become one.
    Merge(MergeFault),
    /// A lead that cannot become other records.
    Conversion(ConversionFault),
    /// Deleting would take more records along than one transaction may.
    DeleteTooLarge,
    /// The change was good, but another one of the same all-or-none request was not.
    RolledBack {
        /// The record, if it was there before.
        record: Option<RecordId>,
    },
    /// More records of an object than the org may have.
    RecordLimitExceeded {
        /// What the records are called.
        label: String,
        /// How many there may be.
        max: usize,
    },
    /// A field whose text means something is refused for what it means.
    FieldMeaning {
        /// The field.
        field: FieldName,
        /// What is wrong with its meaning.
        cause: Box<Self>,
    },
    /// The user may not do this.
    AccessDenied,
    /// More records changed in a period than one response lists.
    ReplicatedTooMany,
    /// A period that cannot be queried.
    ReplicationDateInvalid {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What only requests that consist of several hear.
    Many(ManyFault),
    /// What is wrong with a bulk job.
    Bulk(BulkFault),
    /// What only requests of the Metadata API hear.
    Metadata(MetadataFault),
    /// What only requests of the SOAP API hear.
    Soap(SoapFault),

    // ---- sessions
    /// The access token is unknown, expired or revoked.
    SessionInvalid,
    /// There is no access token.
    SessionMissing,
    /// The authorization header has a scheme that is not read here.
    AuthorizationHeaderInvalid,
    /// A conditional header has no date.
    ConditionDateInvalid {
        /// The header's name.
        header: String,
    },
    /// The access token does not cover the REST API.
    ApiScopeMissing,
    /// The daily number of requests is used up.
    RequestLimitExceeded,
    /// The hourly number of published platform events is used up.
    PublishLimitExceeded,
    /// A platform event has more bytes than an event may have.
    EventTooLarge,

    // ---- Streaming API
    /// The path names no API version.
    VersionMissing,
    /// The path names an API version that is not served.
    VersionUnsupported,
    /// Only long polling is served.
    ConnectionTypeInvalid {
        /// What the client offered.
        offered: String,
    },
    /// A handshake is refused, with the reason.
    HandshakeDenied,
    /// A message without a client id, before any handshake.
    HandshakeMissing,
    /// The session has expired or never was.
    ClientUnknown,
    /// The token's user is not the user of the session.
    UserMismatch,
    /// The client does not return its cookie.
    CookieMissing {
        /// The session.
        client_id: String,
    },
    /// More clients at once than allowed.
    ClientLimitExceeded,
    /// More subscriptions at once than a session may have.
    SubscriptionLimitExceeded,
    /// More events in a day than allowed.
    EventLimitExceeded,
    /// A subscription without a channel.
    ChannelNameMissing,
    /// A channel that does not begin with a slash.
    ChannelSlashMissing,
    /// No such channel.
    ChannelNotFound {
        /// The channel asked for.
        channel: String,
    },
    /// A channel outside what clients may subscribe to.
    ChannelRestricted,
    /// The user may not see all records of the object, or the object is not selected for change events.
    ChangeEventsDenied,
    /// The user may not read `PushTopics`.
    StreamingNotEnabled,
    /// The user may not read the object of a `PushTopic`.
    TopicObjectDenied,
    /// The user may not read a field in the condition of a `PushTopic`.
    TopicConditionDenied,
    /// A subscription to a `PushTopic` is filtered by fields that it does not tell.
    TopicFilterUnknown {
        /// As the client spelled them.
        fields: Vec<String>,
    },
    /// The user may not make the generic channel that is not there.
    ChannelCreateDenied {
        /// The channel asked for.
        channel: String,
    },
    /// A generic channel is not there, and there may be no further one.
    ChannelsTooMany,
    /// The user may not read generic channels.
    ChannelAccessDenied,
    /// There is a generic channel whose name is the same but for letter case.
    ChannelCaseVaries,
    /// Events are not published over Bayeux.
    PublishDenied,
    /// The replay id is unknown, expired or no id at all.
    ReplayIdInvalid {
        /// As the client spelled it.
        replay_id: String,
    },
    /// The replay map does not name the channel.
    ReplayChannelMissing {
        /// The channel without its query.
        channel: String,
        /// The map as the client sent it.
        map: String,
    },

    // ---- Pub/Sub API
    /// A call without the metadata that every call needs, or whose instance URL is none.
    CallMetadataMissing,
    /// No such topic, or its object is not selected for change events.
    TopicNotFound {
        /// The org of the call.
        org: RecordId,
        /// The topic asked for.
        topic: String,
    },
    /// A call without a topic.
    TopicMissing,
    /// The user may not read the topic.
    TopicDenied,
    /// The user may not learn about the topic.
    TopicInfoDenied,
    /// No such schema.
    SchemaNotFound,
    /// A call without a schema.
    SchemaMissing,
    /// The replay id is not one of ours, or no longer retained.
    ReplayIdCorrupted,
    /// A start after a given event, without the event.
    ReplayIdMissing,
    /// A request for no event at all, or for less than none.
    FetchCountInvalid,
    /// A later request of a stream names another topic.
    TopicChanged,
    /// The client has used up what it asked for, and asks for nothing more.
    StreamIdle,
    /// Nothing can be published on the topic.
    PublishRefused,
    /// A request to publish without a topic.
    PublishTopicMissing,
    /// A later request of a publishing stream names another topic.
    PublishTopicChanged,
    /// A request to publish without an event.
    PublishEmpty,
    /// A request to publish more events than are taken at once.
    PublishTooMany {
        /// How many are taken.
        most: usize,
    },
    /// No request came on a publishing stream for too long.
    PublishIdle,
    /// A new access token that came on a stream is none.
    AuthRefreshInvalid,
    /// A publishing stream begins with a new access token.
    PublishAuthRefreshEarly,
    /// The first request names no managed subscription, or names it twice.
    ManagedNameMissing,
    /// The id of a managed subscription is no id.
    ManagedIdInvalid,
    /// No managed subscription of this id.
    ManagedIdUnknown,
    /// No managed subscription of this name.
    ManagedNameUnknown,
    /// Another stream uses the managed subscription.
    ManagedActive,
    /// The managed subscription has been stopped.
    ManagedStopped,
    /// The managed subscription has been deleted.
    ManagedDeleted,
    /// A later request names another managed subscription.
    ManagedChanged,
    /// A request that asks for nothing.
    ManagedFetchEmpty,
    /// A request for less than no event.
    ManagedFetchCountInvalid,
    /// The first request commits.
    ManagedCommitEarly,
    /// The first request brings another access token.
    ManagedRefreshEarly,
    /// Nothing was committed for too long.
    ManagedCommitMissing,

    // ---- OAuth 2.0
    /// Wrong user name or password, or an unknown authorization code.
    AuthenticationFailed,
    /// The refresh token is unknown, expired or revoked.
    RefreshTokenInvalid,
    /// The user cannot log in.
    UserInactive,
    /// Too many failed logins.
    LoginRateExceeded,
    /// No connected app of this client id.
    ClientIdInvalid,
    /// Wrong client secret.
    ClientCredentialsInvalid,
    /// The connected app has no user to run as.
    ClientUserMissing,
    /// Not a grant that is served.
    GrantUnsupported,
    /// Only POST is read.
    PostRequired,
    /// A parameter is missing.
    ParameterMissing {
        /// Its name.
        name: &'static str,
    },
    /// The token to revoke is not one of ours.
    TokenTypeUnsupported,
    /// The authorization code was used already or is too old.
    CodeExpired,
    /// A code that was asked for with a challenge comes without its verifier.
    CodeVerifierMissing,
    /// The verifier is not that of the challenge.
    CodeVerifierInvalid,
    /// A code is asked for without a challenge, which this app has to have.
    CodeChallengeMissing,
    /// The challenge is no SHA-256 in base64url, or of another method.
    CodeChallengeInvalid,
    /// No address to send the user back to.
    RedirectUriMissing,
    /// Not an address of this connected app.
    RedirectUriMismatch,
    /// Not a flow that is served, or not to this connected app.
    ResponseTypeUnsupported,
    /// A scope that does not exist, or that the connected app does not have.
    ScopeInvalid,
    /// The user said no.
    AuthorizationDenied,
    /// The assertion is no assertion, or not signed by the connected app.
    AssertionInvalid,
    /// The assertion is meant for another service.
    AudienceInvalid,
    /// The assertion is too old.
    AssertionExpired,
    /// The user has not said yes to the connected app, or there is no such user.
    ClientNotApproved,
    /// The user of the device has not answered yet.
    AuthorizationPending,
    /// The device polls far more often than the interval allows.
    PollTooFrequent,
    /// The user would have to be asked, and the client wants that not to happen.
    ImmediateUnsuccessful,

    // ---- the service
    /// The store cannot take writes; nothing of the request was kept.
    StoreUnavailable,
    /// There is too little space for what the request would store.
    StorageLimitExceeded,
    /// More is asked of the service than it can do now.
    ServerBusy,
    /// A defect of the service; the number finds it in the log.
    Internal {
        /// Also in the log.
        error_id: u64,
    },
}
