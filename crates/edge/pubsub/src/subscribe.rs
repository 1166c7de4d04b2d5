//! One `Subscribe` stream: the client says where it starts.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_model::{Fault, PubSubFault};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::call::Call;
use crate::fetch_response::FetchResponse;
use crate::proto::FetchRequest;
use crate::stream::{End, EventStream, Wake};
use crate::{PubsubState, replay, service};

/// Starts the stream; its answers come as they are asked for.
pub(crate) fn open(
    state: PubsubState,
    call: Call,
    login: Arc<Login>,
    requests: Streaming<FetchRequest>,
) -> impl Stream<Item = Result<FetchResponse, Status>> {
    // One response waits at most: a client that does not read holds up nothing but its own stream.
    let (answers, answered) = mpsc::channel(1);
    let run = Run {
        topic: None,
        stream: EventStream::new(state, call, login, answers),
    };
    tokio::spawn(run.serve(requests));
    ReceiverStream::new(answered)
}

struct Run {
    /// None before the first request.
    topic: Option<String>,
    stream: EventStream<FetchResponse>,
}

impl Run {
    async fn serve(mut self, mut requests: Streaming<FetchRequest>) {
        let end = loop {
            if let Err(end) = self.step(&mut requests).await {
                break end;
            }
        };
        self.stream.finish(end).await;
    }

    async fn step(&mut self, requests: &mut Streaming<FetchRequest>) -> Result<(), End> {
        self.stream.deliver().await?;
        match self.stream.next(requests, None).await? {
            Wake::Request(request) => self.request(&request).await?,
            Wake::Moved => {}
            Wake::Due(_work) => self.stream.keep_alive()?,
        }
        Ok(())
    }

    async fn request(&mut self, request: &FetchRequest) -> Result<(), End> {
        let mut refreshed = false;
        match &self.topic {
            None => {
                self.subscribe(request).await?;
                self.stream.rehearse()?;
            }
            Some(topic) => {
                if !request.topic_name.is_empty() && request.topic_name != *topic {
                    return Err(Fault::PubSub(PubSubFault::TopicChanged).into());
                }
                if !request.auth_refresh.is_empty() {
                    self.stream.renew_login(&request.auth_refresh)?;
                    refreshed = true;
                }
            }
        }
        if !refreshed || request.num_requested != 0 {
            self.stream.request(request.num_requested)?;
        }
        Ok(())
    }

    async fn subscribe(&mut self, request: &FetchRequest) -> Result<(), Fault> {
        let stream = &mut self.stream;
        let topics = service::topics(&stream.state, &stream.login, &request.topic_name)?;
        let preset = replay::preset(request.replay_preset, &request.replay_id)?;
        stream.start(&request.topic_name, topics, preset).await?;
        self.topic = Some(request.topic_name.clone());
        Ok(())
    }
}
