//! Platform events, `PushTopics` and generic channels.

use std::sync::Arc;

use landfall_model::{Fault, LimitFault, RecordId, ReplayId, Value};
use landfall_store::{Document, LogBounds, NewEvent, TopicId};

use crate::access::Rights;
use crate::command::Assignment;
use crate::definitions::Publication;
use crate::error::Error;
use crate::faults::{FaultKind, Occasion};
use crate::generic_channels::{self, GenericChannels, Push};
use crate::presence::Presence;
use crate::publish::{self, Published};
use crate::topics::{PushTopicDraft, PushTopicOutline, PushTopics};
use crate::usage::Client;
use crate::{Engine, SubscribableKind, rehearsal, streams};

impl Engine {
    /// Makes events durable that belong to no record, in their order; says which positions they got.
    ///
    /// # Errors
    /// [`Error::Refused`] if that many may not be published now; [`Error::Store`] or [`Error::Stopped`]. None was kept.
    pub async fn publish(
        &self,
        client: &Client,
        events: Vec<NewEvent>,
    ) -> Result<Vec<ReplayId>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.publish_noting(client, events, Vec::new()).await
    }

    /// The same, with documents about it: both are kept, or neither.
    ///
    /// # Errors
    /// Those of [`Self::publish`].
    pub async fn publish_noting(
        &self,
        client: &Client,
        events: Vec<NewEvent>,
        documents: Vec<Document>,
    ) -> Result<Vec<ReplayId>, Error> {
        if self.faults().is_armed() && *client != Client::System {
            self.check_publishing(&events)?;
        }
        let usage = self.usage();
        let topics: Vec<TopicId> = events.iter().map(|event| event.topic).collect();
        let reservation = usage.reserve(topics.iter().copied())?;
        let positions = self.0.writer.publish(events, documents).await?;
        reservation.keep();
        if self.faults().is_armed() {
            rehearsal::published(self, &topics).await;
        }
        usage.published(client, topics.into_iter());
        Ok(positions)
    }

    /// # Errors
    /// [`LimitFault::Publishes`] if a test rehearses it for one of the topics.
    fn check_publishing(&self, events: &[NewEvent]) -> Result<(), Error> {
        for event in events {
            let schema = self.schema(event.schema);
            let topic = schema.map(|schema| format!("/event/{}", schema.name()));
            let topics = [topic.as_deref().unwrap_or_default()];
            let occasion = || Occasion::default().topics(&topics);
            if self
                .faults()
                .fires(FaultKind::PublishRejected, occasion)
                .is_some()
            {
                return Err(Fault::Limit(LimitFault::Publishes).into());
            }
        }
        Ok(())
    }

    /// Publishes a platform event with the values of a request, as the user whose rights these are.
    ///
    /// # Errors
    /// Those of [`Self::prepare`] and [`Self::publish`].
    pub async fn publish_record(
        &self,
        client: &Client,
        publication: &Publication,
        rights: &Rights,
        values: Vec<Assignment>,
    ) -> Result<Published, Error> {
        let (published, event) = self.prepare(publication, rights, values)?;
        self.publish(client, vec![event]).await?;
        Ok(published)
    }

    /// A platform event with the values of a request, placed by [`Publication::object`]: for [`Self::publish`], and for
    /// validation alone.
    ///
    /// # Errors
    /// [`Error::Refused`] for values that the definition does not allow, and without the right to publish; [`Error::Schema`].
    pub fn prepare(
        &self,
        publication: &Publication,
        rights: &Rights,
        values: Vec<Assignment>,
    ) -> Result<(Published, NewEvent), Error> {
        publish::prepare(self, publication, rights, values)
    }

    /// An event that the service itself publishes, with values by field name: for [`Self::publish`]. None if the org does
    /// not have it.
    ///
    /// # Errors
    /// [`Error::Schema`] for a value of another type than its field.
    pub fn event_of_service(
        &self,
        event: &str,
        user: RecordId,
        values: Vec<(&str, Value)>,
    ) -> Result<Option<NewEvent>, Error> {
        publish::of_service(self, event, user, values)
    }

    /// The `PushTopics` in force. Take them once for each request.
    pub fn push_topics(&self) -> Arc<PushTopics> {
        self.0.state.topics()
    }

    /// What a `PushTopic` would watch. Nothing is kept.
    ///
    /// # Errors
    /// The refusal that saving such a record gets for its query.
    pub fn outline_push_topic(
        &self,
        draft: &PushTopicDraft<'_>,
    ) -> Result<PushTopicOutline, Fault> {
        PushTopicOutline::of(draft, &self.catalog(), self.clock().now())
    }

    /// The generic channels.
    pub fn generic_channels(&self) -> &GenericChannels {
        self.0.state.channels()
    }

    /// Who listens to which channel.
    pub fn presence(&self) -> &Presence {
        &self.0.presence
    }

    /// Makes texts durable as events of a generic channel, in their order.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: none was kept. [`Error::Schema`].
    pub async fn push(&self, channel: TopicId, pushes: Vec<Push>) -> Result<(), Error> {
        generic_channels::push(self, channel, pushes).await
    }

    /// Makes the generic channel that a subscriber asks for.
    ///
    /// # Errors
    /// [`Error::Refused`] if there cannot be one of this name, or no further one; [`Error::Store`], [`Error::Stopped`].
    pub async fn make_channel(&self, name: &str, user: RecordId) -> Result<(), Error> {
        generic_channels::make(self, name, user).await
    }

    /// For how long events of a kind of channel are retained. Unit: hours.
    pub fn retention_hours(&self, kind: SubscribableKind) -> u64 {
        match kind {
            SubscribableKind::PushTopic | SubscribableKind::Generic => {
                self.0.state.options().streams.retention_hours
            }
            SubscribableKind::ChangeEvents
            | SubscribableKind::PlatformEvent
            | SubscribableKind::Channel => self.0.retention_hours,
        }
    }

    /// What the log holds of `PushTopics` and generic channels: their events are not retained as long as others.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn stream_bounds(&self) -> Result<LogBounds, Error> {
        streams::bounds(self).await
    }
}
