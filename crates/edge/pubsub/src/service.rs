//! The calls of the service.

use std::pin::Pin;

use landfall_auth::Login;
use landfall_engine::faults::{FaultKind, topic_of};
use landfall_engine::{Subject, TopicId};
use landfall_model::{Fault, PubSubFault, SchemaId, StreamingFault, Topic};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use crate::call::Call;
use crate::fetch_response::{FetchResponse, ManagedFetchResponse};
use crate::proto::pub_sub_server::PubSub;
use crate::proto::{
    FetchRequest, ManagedFetchRequest, PublishRequest, PublishResponse, SchemaInfo, SchemaRequest,
    TopicInfo, TopicRequest,
};
use crate::{PubsubState, call, managed, publish, subscribe};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// The service of one org.
pub(crate) struct Service(pub(crate) PubsubState);

#[tonic::async_trait]
impl PubSub for Service {
    type SubscribeStream = Answers<FetchResponse>;
    type PublishStreamStream = Answers<PublishResponse>;
    type ManagedSubscribeStream = Answers<ManagedFetchResponse>;

    async fn subscribe(
        &self,
        request: Request<Streaming<FetchRequest>>,
    ) -> Result<Response<Self::SubscribeStream>, Status> {
        let call = Call::new(&self.0, "Subscribe");
        let login = call.login(&self.0, &request)?;
        // Clients: those built on tonic wait for the headers before they send the first request.
        let answers = subscribe::open(self.0.clone(), call, login, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_schema(
        &self,
        request: Request<SchemaRequest>,
    ) -> Result<Response<SchemaInfo>, Status> {
        let call = Call::new(&self.0, "GetSchema");
        let login = call.login(&self.0, &request)?;
        let wanted = request.into_inner().schema_id;
        let schema =
            schema(&self.0, &call, &login, &wanted).map_err(|fault| call.refused(&fault))?;
        Ok(Response::new(SchemaInfo {
            schema_json: schema,
            schema_id: wanted,
            rpc_id: call.rpc_id,
        }))
    }

    async fn get_topic(
        &self,
        request: Request<TopicRequest>,
    ) -> Result<Response<TopicInfo>, Status> {
        let call = Call::new(&self.0, "GetTopic");
        let login = call.login(&self.0, &request)?;
        let name = request.into_inner().topic_name;
        let topics = topics(&self.0, &login, &name).map_err(|fault| match fault {
            Fault::PubSub(PubSubFault::TopicDenied) => {
                call.refused(&Fault::PubSub(PubSubFault::TopicInfoDenied))
            }
            fault => call.refused(&fault),
        })?;
        let definitions = self.0.engine.definitions();
        let schema_id = match topics.as_slice() {
            [topic] if !Topic::is_channel(&name) => definitions.schema_on(*topic),
            _ => None,
        };
        let can_publish = topics
            .first()
            .filter(|_| !Topic::is_channel(&name))
            .and_then(|topic| definitions.subject(*topic))
            .is_some_and(|subject| match subject {
                Subject::PlatformEvent(event) => {
                    event.standard.is_none() && login.access().event(event).create
                }
                Subject::Changes(_) => false,
            });
        Ok(Response::new(TopicInfo {
            topic_name: name,
            tenant_guid: format!("CORE/prod/{}", self.0.engine.org().id),
            can_publish,
            can_subscribe: true,
            schema_id: schema_id.map_or_else(String::new, |schema| schema.id().to_string()),
            rpc_id: call.rpc_id,
        }))
    }

    async fn publish(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishResponse>, Status> {
        let call = Call::new(&self.0, "Publish");
        let login = call.login(&self.0, &request)?;
        let request = request.into_inner();
        publish::publish(&self.0, &login, &call, &request.topic_name, request.events)
            .await
            .map(Response::new)
            .map_err(|fault| call.refused(&fault))
    }

    async fn publish_stream(
        &self,
        request: Request<Streaming<PublishRequest>>,
    ) -> Result<Response<Self::PublishStreamStream>, Status> {
        let call = Call::new(&self.0, "PublishStream");
        let login = call.login(&self.0, &request)?;
        let answers = publish::open(self.0.clone(), call, login, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn managed_subscribe(
        &self,
        request: Request<Streaming<ManagedFetchRequest>>,
    ) -> Result<Response<Self::ManagedSubscribeStream>, Status> {
        let call = Call::new(&self.0, "ManagedSubscribe");
        let login = call.login(&self.0, &request)?;
        let answers = managed::open(self.0.clone(), call, login, request.into_inner());
        Ok(Response::new(Box::pin(answers)))
    }
}

fn schema(state: &PubsubState, call: &Call, login: &Login, id: &str) -> Result<String, Fault> {
    if id.trim().is_empty() {
        return Err(Fault::PubSub(PubSubFault::SchemaMissing));
    }
    let schema = SchemaId::parse(id)
        .and_then(|id| state.engine.schema(id))
        .ok_or(Fault::PubSub(PubSubFault::SchemaNotFound))?;
    let faults = state.engine.faults();
    if faults.is_armed() {
        let topic = topic_of(&schema);
        let topics = [topic.as_str()];
        let occasion = || call.occasion(login).topics(&topics);
        if faults
            .fires(FaultKind::SchemaUnavailable, occasion)
            .is_some()
        {
            return Err(Fault::PubSub(PubSubFault::SchemaUnavailable));
        }
    }
    Ok(schema.avro_json().to_owned())
}

/// The numbers of the topics behind a topic's name, for this login.
///
/// # Errors
/// [`PubSubFault::TopicMissing`], [`PubSubFault::TopicNotFound`] also for an object that is not selected,
/// [`PubSubFault::TopicDenied`].
pub(crate) fn topics(
    state: &PubsubState,
    login: &Login,
    name: &str,
) -> Result<Vec<TopicId>, Fault> {
    if name.trim().is_empty() {
        return Err(Fault::PubSub(PubSubFault::TopicMissing));
    }
    landfall_auth::topics(&state.engine, login, name).map_err(|refusal| match refusal {
        StreamingFault::ChangeEventsDenied if is_selected(state, name) => {
            Fault::PubSub(PubSubFault::TopicDenied)
        }
        StreamingFault::ChannelRestricted => Fault::PubSub(PubSubFault::TopicDenied),
        _ => call::topic_not_found(login, name),
    })
}

/// Whether a user with the right to it can read a topic: an object that is not selected has no topic.
/// Source: a log in an issue of a Java client.
fn is_selected(state: &PubsubState, name: &str) -> bool {
    let definitions = state.engine.definitions();
    let topic = definitions.topic(&Topic::new(name));
    match topic.and_then(|topic| definitions.subject(topic)) {
        Some(Subject::Changes(entity)) => definitions.captures(entity),
        Some(Subject::PlatformEvent(_)) => true,
        None => false,
    }
}
