//! Publishing: each event is checked for itself, what is good becomes durable together, and each gets its result.

use std::sync::Arc;

use bytes::Bytes;
use landfall_auth::Login;
use landfall_engine::faults::FaultKind;
use landfall_engine::usage::Client;
use landfall_engine::{NewEvent, Publication, draw};
use landfall_model::{
    EventId, EventUuid, Fault, LimitFault, PubSubFault, SchemaId, ServiceFault, SessionFault,
    limits,
};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::call::Call;
use crate::proto::{
    Error, ErrorCode, ProducerEvent, PublishRequest, PublishResponse, PublishResult,
};
use crate::{PubsubState, call, replay, reset, service, too_long};

/// Publishes the events of one request.
///
/// # Errors
/// What is wrong with the request as a whole; what is wrong with one event is in its result.
/// Source: "Publish RPC Method" (Pub/Sub API Developer Guide).
pub(crate) async fn publish(
    state: &PubsubState,
    login: &Login,
    call: &Call,
    topic: &str,
    events: Vec<ProducerEvent>,
) -> Result<PublishResponse, Fault> {
    if topic.trim().is_empty() {
        return Err(Fault::PubSub(PubSubFault::PublishTopicMissing));
    }
    let publication = publication(state, login, topic)?;
    if events.is_empty() {
        return Err(Fault::PubSub(PubSubFault::PublishEmpty));
    }
    if events.len() > limits::PUBSUB_PUBLISH_EVENTS_MAX {
        return Err(Fault::PubSub(PubSubFault::PublishTooMany {
            most: limits::PUBSUB_PUBLISH_EVENTS_MAX,
        }));
    }
    let mut good = Vec::with_capacity(events.len());
    let mut results: Vec<PublishResult> = events
        .into_iter()
        .map(|event| {
            let id = id_of(state, &event);
            let correlation_key = match &id {
                Ok(id) => id.to_string(),
                Err(_) => event.id.clone(),
            };
            let checked = id.and_then(|id| Ok((id, checked(state, &publication, &event)?)));
            let error = match checked {
                Ok((id, (schema, payload))) => {
                    good.push(NewEvent {
                        topic: publication.topic,
                        id,
                        schema,
                        payload,
                    });
                    None
                }
                Err(reason) => Some(unpublished(reason)),
            };
            PublishResult {
                replay_id: Bytes::new(),
                error,
                correlation_key,
            }
        })
        .collect();
    rehearse_partial(state, (login, call, topic), &mut good, &mut results);
    let published = state.engine.publish(&Client::PubSub, good).await;
    let published = published.map_err(landfall_engine::Error::fault);
    let succeeded = results.iter_mut().filter(|result| result.error.is_none());
    match published {
        Ok(published) => {
            for (result, replay_id) in succeeded.zip(published) {
                result.replay_id = replay::render(replay_id).into();
            }
        }
        Err(Fault::Limit(LimitFault::Publishes)) => {
            for result in succeeded {
                result.error = Some(unpublished(landfall_wire::EVENT_LIMIT_EXCEEDED));
            }
        }
        Err(fault) => return Err(fault),
    }
    Ok(PublishResponse {
        results,
        schema_id: publication.schema.id().to_string(),
        rpc_id: call.rpc_id.clone(),
    })
}

/// The error of an event that is not published.
fn unpublished(reason: impl Into<String>) -> Error {
    Error {
        code: ErrorCode::Publish.into(),
        msg: reason.into(),
    }
}

/// Leaves the last of several events unpublished, if a test has asked for that.
fn rehearse_partial(
    state: &PubsubState,
    (login, call, topic): (&Login, &Call, &str),
    good: &mut Vec<NewEvent>,
    results: &mut [PublishResult],
) {
    let topics = [topic];
    let occasion = || call.occasion(login).topics(&topics);
    let faults = state.engine.faults();
    if good.len() < 2 || faults.fires(FaultKind::PublishPartial, occasion).is_none() {
        return;
    }
    good.pop();
    let mut succeeded = results.iter_mut().filter(|result| result.error.is_none());
    if let Some(last) = succeeded.next_back() {
        last.error = Some(unpublished(landfall_wire::EVENT_LIMIT_EXCEEDED));
    }
}

/// The platform event behind a topic, which the user may create. Change events, and the events of the service, are published
/// by nobody but the org.
fn publication(state: &PubsubState, login: &Login, topic: &str) -> Result<Publication, Fault> {
    let definitions = state.engine.definitions();
    if let Some(publication) = topic
        .strip_prefix("/event/")
        .and_then(|name| definitions.publication(name))
        .filter(|publication| publication.event.topic().as_str() == topic)
        .filter(|publication| publication.event.standard.is_none())
        .filter(|publication| login.access().event(&publication.event).create)
    {
        return Ok(publication.clone());
    }
    match service::topics(state, login, topic) {
        Ok(_) | Err(Fault::PubSub(PubSubFault::TopicDenied)) => {
            Err(Fault::PubSub(PubSubFault::PublishRefused))
        }
        Err(fault) => Err(fault),
    }
}

/// The id that the publisher chose, or a new one. Source: none for the limit.
fn id_of(state: &PubsubState, event: &ProducerEvent) -> Result<EventId, String> {
    if event.id.is_empty() {
        return Ok(EventUuid::from_random(draw(state.engine.entropy())).into());
    }
    EventId::parse(&event.id).ok_or_else(|| {
        let most = limits::EVENT_ID_BYTES_MAX;
        format!("The event ID exceeds the maximum of {most} bytes.")
    })
}

/// The schema and the payload of an event that can be published, or why it cannot. An earlier schema of the same event
/// is as good as the present one.
fn checked(
    state: &PubsubState,
    publication: &Publication,
    event: &ProducerEvent,
) -> Result<(SchemaId, Bytes), String> {
    if event.payload.len() > limits::EVENT_BYTES_MAX {
        return Err("The event message size exceeds the maximum of 1 MB.".to_owned());
    }
    let schema = SchemaId::parse(&event.schema_id)
        .and_then(|id| state.engine.schema(id))
        .filter(|schema| schema.name() == publication.schema.name())
        .ok_or_else(|| {
            format!(
                "The schema ID {:?} doesn't belong to the topic.",
                call::shown(&event.schema_id)
            )
        })?;
    schema
        .decode(&event.payload)
        .map_err(|error| format!("The payload can't be decoded with its schema: {error}."))?;
    Ok((schema.id(), event.payload.clone()))
}

/// Starts a stream of requests: each gets one response, in order.
pub(crate) fn open(
    state: PubsubState,
    call: Call,
    login: Arc<Login>,
    requests: Streaming<PublishRequest>,
) -> impl Stream<Item = Result<PublishResponse, Status>> {
    let (answers, answered) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(Some(status)) = run(&state, &call, login, requests, &answers).await {
            // A client that is gone needs no reason.
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(answered)
}

/// # Errors
/// The status that the stream ends with; none if the client is gone.
async fn run(
    state: &PubsubState,
    call: &Call,
    mut login: Arc<Login>,
    mut requests: Streaming<PublishRequest>,
    answers: &mpsc::Sender<Result<PublishResponse, Status>>,
) -> Result<(), Option<Status>> {
    let mut topic = None;
    let mut stopped = std::pin::pin!(crate::stopped(state.stopping.clone()));
    let mut ended = std::pin::pin!(login.ended());
    let refused = |fault: Fault| Some(call.refused(&fault));
    loop {
        let silent = state
            .engine
            .clock()
            .now()
            .plus_millis(state.settings.publish_idle_ms);
        let request = tokio::select! {
            request = requests.message() => match request {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(()),
                Err(status) => return Err(Some(too_long::as_service(status))),
            },
            () = &mut stopped => return Err(refused(Fault::Service(ServiceFault::StoreUnavailable))),
            () = &mut ended => return Err(refused(Fault::Session(SessionFault::Invalid))),
            _ = state.engine.clock().wait_until(silent) => return Err(refused(Fault::PubSub(PubSubFault::PublishIdle))),
        };
        if let Some(other) = accepted(state, &login, &mut topic, &request).map_err(refused)? {
            login = other;
            ended.set(login.ended());
            if request.events.is_empty() {
                continue;
            }
        }
        state.auth.keep_alive(&login).map_err(refused)?;
        let topic = topic.as_deref().unwrap_or_default();
        let response = publish(state, &login, call, topic, request.events)
            .await
            .map_err(refused)?;
        let occasion = || call.occasion(&login);
        if state
            .engine
            .faults()
            .fires(FaultKind::AckLost, occasion)
            .is_some()
        {
            return Err(Some(reset::status()));
        }
        answers.send(Ok(response)).await.map_err(|_| None)?;
    }
}

/// Checks that a request goes on with its stream; gives the login that it brings, if it brings one.
fn accepted(
    state: &PubsubState,
    login: &Login,
    topic: &mut Option<String>,
    request: &PublishRequest,
) -> Result<Option<Arc<Login>>, Fault> {
    let refresh = (!request.auth_refresh.is_empty()).then_some(request.auth_refresh.as_str());
    match topic {
        None if refresh.is_some() => {
            return Err(Fault::PubSub(PubSubFault::PublishAuthRefreshEarly));
        }
        None => *topic = Some(request.topic_name.clone()),
        Some(topic) if !request.topic_name.is_empty() && request.topic_name != *topic => {
            return Err(Fault::PubSub(PubSubFault::PublishTopicChanged));
        }
        Some(_) => {}
    }
    refresh
        .map(|token| call::refreshed(state, login, token))
        .transpose()
}
