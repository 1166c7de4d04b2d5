//! What no correct client does, whatever the service does to it.
//!
//! A record that is not there, a value that is refused, a session that has ended, a limit that is reached: clients have to
//! live with those, and they are no mistakes. Neither are the refusals of a login by its password. A call that the API does
//! not have, and a name that the org does not have, are.

use landfall_engine::Engine;
use landfall_model::{
    BulkFault, Fault, FieldFault, JobFailure, LoginFault, ManyFault, PubSubFault, QueryFault,
    QueryRefusal, RequestFault, SessionFault, SoapFault, StreamingFault,
};

use crate::Journal;
use crate::entry::{Api, Entry, beginning};

/// Names at least this similar are suggested for an unknown one. Source: the threshold of clap's own suggestions.
const SIMILARITY_SUGGESTED: f64 = 0.7;

/// Statuses of gRPC. Source: "Status codes and their use in gRPC".
const INVALID_ARGUMENT: u32 = 3;
const NOT_FOUND: u32 = 5;
const UNIMPLEMENTED: u32 = 12;

/// What a client did wrong, once or more often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What it is.
    pub finding: Finding,
    /// How often it was made.
    pub times: u64,
    /// The number of the first request with it.
    pub first: u64,
    /// The number of the last request with it.
    pub last: u64,
}

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// The request, and what its client was answered.
    pub message: String,
    /// What was probably meant.
    pub hint: Option<String>,
}

/// A kind of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A resource that the service has and Landfall has not.
    Unsupported,
    /// A resource, a version or a method that the API does not have.
    UnknownResource,
    /// An object that the org does not have.
    UnknownObject,
    /// A field that the object does not have.
    UnknownField,
    /// A channel or topic that the org does not have.
    UnknownChannel,
    /// A request, a query or a parameter that cannot be read.
    Malformed,
    /// A request without an access token, or without what a login needs.
    NotLoggedIn,
    /// Calls in an order that the API does not have.
    WrongOrder,
}

impl Kind {
    /// The names of all.
    pub const NAMES: &[&str] = &[
        Self::Unsupported.name(),
        Self::UnknownResource.name(),
        Self::UnknownObject.name(),
        Self::UnknownField.name(),
        Self::UnknownChannel.name(),
        Self::Malformed.name(),
        Self::NotLoggedIn.name(),
        Self::WrongOrder.name(),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::UnknownResource => "unknown-resource",
            Self::UnknownObject => "unknown-object",
            Self::UnknownField => "unknown-field",
            Self::UnknownChannel => "unknown-channel",
            Self::Malformed => "malformed",
            Self::NotLoggedIn => "not-logged-in",
            Self::WrongOrder => "wrong-order",
        }
    }
}

/// The request for something that Landfall does not have.
pub(crate) fn unsupported(entry: &Entry, reason: &str) -> Finding {
    Finding {
        kind: Kind::Unsupported,
        message: message(entry, reason),
        hint: None,
    }
}

/// The mistake behind a refusal, if there is one.
pub(crate) fn of_fault(journal: &Journal, entry: &Entry, fault: &Fault) -> Option<Finding> {
    Some(Finding {
        kind: kind(fault)?,
        message: message(entry, &answered(entry.api, fault)),
        hint: hint(journal.engine(), entry, fault),
    })
}

/// The mistake behind the failure of a job with records of an object, if there is one.
pub(crate) fn of_job(
    journal: &Journal,
    entry: &Entry,
    (object, failure): (&str, &JobFailure),
) -> Option<Finding> {
    let engine = journal.engine();
    let (kind, hint) = match failure {
        JobFailure::Query(fault) => (kind(fault)?, hint(engine, entry, fault)),
        JobFailure::ObjectUnknown { name } => {
            (Kind::UnknownObject, did_you_mean(name, &objects(engine)))
        }
        JobFailure::FieldUnknown { name } => (
            Kind::UnknownField,
            did_you_mean(name, &fields(engine, object)),
        ),
        JobFailure::LineEnding { .. }
        | JobFailure::Csv { .. }
        | JobFailure::FieldTwice { .. }
        | JobFailure::OnlyIds { .. } => (Kind::Malformed, None),
        JobFailure::ResultsTooLarge => return None,
    };
    Some(Finding {
        kind,
        message: message(entry, &landfall_wire::job_failure(failure)),
        hint,
    })
}

/// The mistake behind the status of a call of the Pub/Sub API, if there is one. Topics are refused with either of two
/// statuses.
pub(crate) fn of_call(journal: &Journal, entry: &Entry, status: u32) -> Option<Finding> {
    let answered = entry.outcome.grpc_message.as_deref().unwrap_or_default();
    let meant = || {
        let requests = journal.request_text(entry)?;
        let (_, after) = requests.split_once("\"topicName\":\"")?;
        let (topic, _) = after.split_once('"')?;
        let channels = channels(journal.engine());
        // A topic that is there was refused for something else.
        let is_known = channels.iter().any(|channel| channel == topic);
        (!is_known && !topic.is_empty()).then(|| did_you_mean(topic, &channels))
    };
    let (kind, hint) = match status {
        INVALID_ARGUMENT | NOT_FOUND => match meant() {
            Some(hint) => (Kind::UnknownChannel, hint),
            None if status == INVALID_ARGUMENT => (Kind::Malformed, None),
            None => return None,
        },
        UNIMPLEMENTED => (Kind::UnknownResource, None),
        _ => return None,
    };
    Some(Finding {
        kind,
        message: message(entry, answered),
        hint,
    })
}

/// What kind of mistake leads to a refusal.
fn kind(fault: &Fault) -> Option<Kind> {
    Some(match fault {
        Fault::Request(fault) => match fault {
            RequestFault::ResourceNotFound
            | RequestFault::ApexUrlUnmatched
            | RequestFault::MethodNotAllowed { .. }
            | RequestFault::VersionUnsupported => Kind::UnknownResource,
            RequestFault::MediaTypeUnsupported { .. }
            | RequestFault::PartsInvalid { .. }
            | RequestFault::BodyMissing
            | RequestFault::JsonInvalid { .. }
            | RequestFault::XmlInvalid { .. }
            | RequestFault::PayloadFormatInvalid { .. }
            | RequestFault::ConditionDateInvalid { .. } => Kind::Malformed,
            RequestFault::TooLarge | RequestFault::PreconditionFailed => return None,
        },
        Fault::Query(fault) => query(fault),
        Fault::Field(FieldFault::Unknown { .. }) => Kind::UnknownField,
        Fault::Field(
            FieldFault::IdInBody | FieldFault::IdInEvent | FieldFault::ExternalIdInBody { .. },
        )
        | Fault::Soap(
            SoapFault::ActionMissing
            | SoapFault::EnvelopeInvalid { .. }
            | SoapFault::VersionInvalid
            | SoapFault::TypeMissing
            | SoapFault::KeyInvalid { .. }
            | SoapFault::ReferenceInvalid { .. },
        )
        | Fault::Many(
            ManyFault::RecordsMissing
            | ManyFault::TypeMissing
            | ManyFault::IdMissing
            | ManyFault::IdInInsert
            | ManyFault::IdUnreadable { .. }
            | ManyFault::KeyMissing { .. }
            | ManyFault::ReferenceIdMissing
            | ManyFault::ReferenceIdInvalid { .. }
            | ManyFault::ReferenceIdRepeated,
        ) => Kind::Malformed,
        Fault::Many(ManyFault::TypeUnknown { .. })
        | Fault::Bulk(BulkFault::ObjectUnknown { .. }) => Kind::UnknownObject,
        Fault::Soap(SoapFault::OperationUnknown { .. }) => Kind::UnknownResource,
        Fault::Session(SessionFault::Missing | SessionFault::HeaderInvalid)
        | Fault::Login(
            LoginFault::ClientIdInvalid
            | LoginFault::GrantUnsupported
            | LoginFault::PostRequired
            | LoginFault::ParameterMissing { .. },
        ) => Kind::NotLoggedIn,
        Fault::Streaming(fault) => return streaming(fault),
        Fault::PubSub(PubSubFault::TopicNotFound { .. }) => Kind::UnknownChannel,
        _ => return None,
    })
}

const fn query(fault: &QueryFault) -> Kind {
    match fault {
        QueryFault::ObjectUnknown { .. }
        | QueryFault::Refused {
            refusal: QueryRefusal::ObjectUnknown { .. },
            ..
        } => Kind::UnknownObject,
        QueryFault::Refused {
            refusal: QueryRefusal::FieldUnknown { .. },
            ..
        } => Kind::UnknownField,
        QueryFault::Malformed { .. }
        | QueryFault::SearchMalformed { .. }
        | QueryFault::Refused { .. } => Kind::Malformed,
    }
}

const fn streaming(fault: &StreamingFault) -> Option<Kind> {
    Some(match fault {
        StreamingFault::ChannelNotFound { .. } | StreamingFault::ChannelCaseVaries => {
            Kind::UnknownChannel
        }
        StreamingFault::ChannelRestricted
        | StreamingFault::ChannelNameMissing
        | StreamingFault::ChannelSlashMissing
        | StreamingFault::TopicFilterUnknown { .. }
        | StreamingFault::ReplayChannelMissing { .. }
        | StreamingFault::ConnectionTypeInvalid { .. }
        | StreamingFault::PublishDenied => Kind::Malformed,
        StreamingFault::VersionMissing => Kind::UnknownResource,
        StreamingFault::HandshakeMissing => Kind::WrongOrder,
        _ => return None,
    })
}

/// The words that the client got.
fn answered(api: Api, fault: &Fault) -> String {
    match api {
        Api::Streaming => landfall_wire::bayeux(fault),
        Api::Oauth => landfall_wire::oauth(fault).description,
        Api::Soap => landfall_wire::soap(fault).fault().1,
        _ => landfall_wire::rest(fault).message,
    }
}

/// A request and what it was answered, in one line and without the number of the call.
fn message(entry: &Entry, answered: &str) -> String {
    let (answered, _) = answered.split_once(" rpcId: ").unwrap_or((answered, ""));
    let words: Vec<&str> = answered.split_whitespace().collect();
    let line = words.join(" ");
    format!("{} {}: {}", entry.method, entry.target, beginning(&line))
}

/// What was probably meant.
fn hint(engine: &Engine, entry: &Entry, fault: &Fault) -> Option<String> {
    match fault {
        Fault::Streaming(StreamingFault::ChannelNotFound { channel })
        | Fault::PubSub(PubSubFault::TopicNotFound { topic: channel, .. }) => {
            did_you_mean(channel, &channels(engine))
        }
        Fault::Query(
            QueryFault::ObjectUnknown { name }
            | QueryFault::Refused {
                refusal: QueryRefusal::ObjectUnknown { name },
                ..
            },
        )
        | Fault::Many(ManyFault::TypeUnknown { name })
        | Fault::Bulk(BulkFault::ObjectUnknown { name }) => did_you_mean(name, &objects(engine)),
        Fault::Field(FieldFault::Unknown { field, entity }) => {
            did_you_mean(field, &fields(engine, entity.as_str()))
        }
        Fault::Query(QueryFault::Refused {
            refusal: QueryRefusal::FieldUnknown { field, entity },
            ..
        }) => did_you_mean(field, &fields(engine, entity)),
        Fault::Request(RequestFault::ResourceNotFound) => {
            let (_, after) = entry.target.split_once("/sobjects/")?;
            let object = after.split(['/', '?']).next()?;
            let objects = objects(engine);
            let is_known = objects
                .iter()
                .any(|known| known.eq_ignore_ascii_case(object));
            (!is_known)
                .then(|| did_you_mean(object, &objects))
                .flatten()
        }
        Fault::Request(RequestFault::MethodNotAllowed { allowed, .. }) => {
            Some(format!("the resource takes {allowed}"))
        }
        _ => None,
    }
}

fn channels(engine: &Engine) -> Vec<String> {
    let all = engine.subscribable().into_iter();
    all.map(|one| one.channel).collect()
}

fn objects(engine: &Engine) -> Vec<String> {
    let definitions = engine.definitions();
    let entities = definitions.catalog().entities().iter();
    entities
        .map(|entity| entity.name.as_str().to_owned())
        .collect()
}

fn fields(engine: &Engine, object: &str) -> Vec<String> {
    let definitions = engine.definitions();
    let object = definitions.catalog().entity(object);
    let fields = object.into_iter().flat_map(|object| &object.fields);
    let names = fields.map(|field| field.name.as_str().to_owned());
    names.collect()
}

/// The name that is most like this one, if any is.
fn did_you_mean(given: &str, known: &[String]) -> Option<String> {
    let similar = known.iter().map(|known| (similarity(given, known), known));
    let most = similar.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (most.0 > SIMILARITY_SUGGESTED).then(|| format!("did you mean {}?", most.1))
}

/// How similar two names are, whatever their letter case is. The last part of a channel distinguishes it from others.
fn similarity(given: &str, known: &str) -> f64 {
    let last = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or_default();
        last.to_ascii_lowercase()
    };
    strsim::jaro_winkler(&last(given), &last(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_if_it_is_near() {
        let known = [
            "/data/InvoiceChangeEvent",
            "/data/Invoice__ChangeEvent",
            "/event/Order__e",
        ];
        let known = known.map(str::to_owned);
        for (given, meant) in [
            (
                "/data/Invoice__cChangeEvent",
                Some("/data/Invoice__ChangeEvent"),
            ),
            ("/data/invoicechangeevent", Some("/data/InvoiceChangeEvent")),
            ("/data/Order__e", Some("/event/Order__e")),
            ("/topic/Zzz", None),
        ] {
            let meant = meant.map(|meant| format!("did you mean {meant}?"));
            assert_eq!(did_you_mean(given, &known), meant, "{given}");
        }
    }

    #[test]
    fn what_every_client_has_to_live_with_is_no_mistake() {
        for fault in [
            Fault::Session(SessionFault::Invalid),
            Fault::Streaming(StreamingFault::ClientUnknown),
            Fault::Login(LoginFault::AuthenticationFailed),
            Fault::Record(landfall_model::RecordFault::NotFound),
            Fault::Limit(landfall_model::LimitFault::Requests),
        ] {
            assert_eq!(kind(&fault), None, "{fault:?}");
        }
    }
}
