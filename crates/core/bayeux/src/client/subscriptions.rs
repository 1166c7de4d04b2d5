//! What a client wants to receive, where it is on each channel, and the commands that tell the server.

use std::collections::BTreeMap;

use super::incoming::Event;
use super::{Error, Output, request};
use crate::message::{CONNECT, SUBSCRIBE, UNSUBSCRIBE};
use crate::reply::Refusal;

/// Channels one client may subscribe to, as many as a [session](crate::Session) takes.
pub const SUBSCRIPTIONS_MAX: usize = 1_000;

/// Bytes of one command after which the rest waits for the next one.
///
/// Limit: the service refuses bodies over 32,768 bytes; one more channel must fit on top.
const COMMAND_BYTES_MAX: usize = 16 * 1024;

/// The replay id of the tip: nothing but what comes.
const REPLAY_TIP: i64 = -1;

/// All subscriptions of a client; they outlive its sessions.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_channel: BTreeMap<Box<str>, Subscription>,
}

#[derive(Debug)]
struct Subscription {
    /// Where the caller wants to start.
    start: Option<i64>,
    /// The last event delivered.
    seen: Option<i64>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// To be subscribed to.
    Wanted,
    /// To be unsubscribed from and subscribed to again, which is the sure way to move it.
    Moving,
    /// In the command under way.
    Requested,
    /// The server has it.
    Active,
    /// To be unsubscribed from and forgotten.
    Leaving,
}

/// One message of a command.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// Ends a poll that the server may still hold; not held itself.
    Connect,
    Subscribe(Box<str>),
    Unsubscribe(Box<str>),
}

impl Part {
    /// The channel of the message and of its reply.
    pub(super) const fn meta_channel(&self) -> &'static str {
        match self {
            Self::Connect => CONNECT,
            Self::Subscribe(_) => SUBSCRIBE,
            Self::Unsubscribe(_) => UNSUBSCRIBE,
        }
    }

    /// The channel that it is about.
    pub(super) fn subscription(&self) -> Option<&str> {
        match self {
            Self::Connect => None,
            Self::Subscribe(channel) | Self::Unsubscribe(channel) => Some(channel),
        }
    }
}

/// Messages that go out in one request, and their ids.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) body: Vec<u8>,
    pub(super) parts: Vec<(u64, Part)>,
}

impl Messages {
    fn add(&mut self, last_id: &mut u64, part: Part) -> u64 {
        self.body
            .push(if self.parts.is_empty() { b'[' } else { b',' });
        *last_id += 1;
        self.parts.push((*last_id, part));
        *last_id
    }
}

impl Subscription {
    /// Where to go on.
    fn position(&self) -> Option<i64> {
        self.seen.or(self.start)
    }

    /// Whether going on from the position repeats what was lost, rather than skipping it.
    fn is_repeatable(&self) -> bool {
        self.position().is_some_and(|at| at != REPLAY_TIP)
    }
}

impl Subscriptions {
    pub(super) fn positions(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        self.by_channel
            .iter()
            .map(|(channel, subscription)| (&**channel, subscription.position()))
    }

    /// Subscribes, or starts anew from `start`.
    pub(super) fn want(&mut self, channel: Box<str>, start: Option<i64>) -> Result<(), Error> {
        let full = self.by_channel.len() >= SUBSCRIPTIONS_MAX;
        let stage = match self.by_channel.get(&channel).map(|known| known.stage) {
            None if full => return Err(Error::SubscriptionsExceeded),
            None | Some(Stage::Wanted) => Stage::Wanted,
            Some(Stage::Moving | Stage::Requested | Stage::Active | Stage::Leaving) => {
                Stage::Moving
            }
        };
        let subscription = Subscription {
            start,
            seen: None,
            stage,
        };
        self.by_channel.insert(channel, subscription);
        Ok(())
    }

    /// Unsubscribes; says so if the server need not be asked.
    pub(super) fn leave(&mut self, channel: &str) -> Option<Output> {
        let subscription = self.by_channel.get_mut(channel)?;
        match subscription.stage {
            Stage::Wanted => {
                let (channel, _) = self.by_channel.remove_entry(channel)?;
                Some(Output::Unsubscribed(channel))
            }
            Stage::Moving | Stage::Requested | Stage::Active | Stage::Leaving => {
                subscription.stage = Stage::Leaving;
                None
            }
        }
    }

    /// Whether the event is for the caller and new; it counts as seen then.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let Some(subscription) = self.by_channel.get_mut(&event.channel) else {
            return false;
        };
        match subscription.stage {
            Stage::Leaving => return false,
            Stage::Wanted | Stage::Moving | Stage::Requested | Stage::Active => (),
        }
        let new = event.replay_id.is_none() || event.replay_id > subscription.seen;
        if new {
            subscription.seen = event.replay_id.or(subscription.seen);
        }
        new
    }

    /// The response to a lost poll may have moved the server's cursors: ask again for what it may have carried.
    pub(super) fn set_back(&mut self) {
        for subscription in self.by_channel.values_mut() {
            match subscription.stage {
                Stage::Requested | Stage::Active if subscription.is_repeatable() => {
                    subscription.stage = Stage::Moving;
                }
                Stage::Wanted
                | Stage::Moving
                | Stage::Requested
                | Stage::Active
                | Stage::Leaving => (),
            }
        }
    }

    /// The server has forgotten all subscriptions; gives those that were to be forgotten anyway.
    pub(super) fn session_lost(&mut self) -> impl Iterator<Item = Output> + use<> {
        let (left, kept) = std::mem::take(&mut self.by_channel)
            .into_iter()
            .partition(|(_, subscription)| subscription.stage == Stage::Leaving);
        self.by_channel = kept;
        for subscription in self.by_channel.values_mut() {
            subscription.stage = Stage::Wanted;
        }
        let left: BTreeMap<Box<str>, Subscription> = left;
        left.into_keys().map(Output::Unsubscribed)
    }

    /// Whether there is something to tell the server.
    pub(super) fn is_pending(&self) -> bool {
        self.by_channel
            .values()
            .any(|subscription| match subscription.stage {
                Stage::Wanted | Stage::Moving | Stage::Leaving => true,
                Stage::Requested | Stage::Active => false,
            })
    }

    /// As many of the pending commands as fit into one request.
    ///
    /// `with_connect` puts a connect in front: a poll that the server still holds for a connection that is gone would
    /// swallow the events that a subscription is set back for.
    pub(super) fn command(
        &mut self,
        client_id: &str,
        last_id: &mut u64,
        with_connect: bool,
    ) -> Messages {
        let mut messages = Messages::default();
        if with_connect {
            let id = messages.add(last_id, Part::Connect);
            request::connect(&mut messages.body, id, client_id, false);
        }
        for (channel, subscription) in &mut self.by_channel {
            if messages.body.len() >= COMMAND_BYTES_MAX {
                break;
            }
            let (leave, join) = match subscription.stage {
                Stage::Wanted => (false, true),
                Stage::Moving => (true, true),
                Stage::Leaving => (true, false),
                Stage::Requested | Stage::Active => (false, false),
            };
            if leave {
                let id = messages.add(last_id, Part::Unsubscribe(channel.clone()));
                request::unsubscribe(&mut messages.body, id, client_id, channel);
            }
            if join {
                let id = messages.add(last_id, Part::Subscribe(channel.clone()));
                let position = subscription.position();
                request::subscribe(&mut messages.body, id, client_id, channel, position);
                subscription.stage = Stage::Requested;
            }
        }
        messages.body.push(b']');
        messages
    }

    /// The server answered this part. Where the caller has changed its mind meanwhile, the next command sees to it.
    pub(super) fn answered(&mut self, part: &Part, refusal: Option<&Refusal>) -> Option<Output> {
        let channel = part.subscription()?;
        let subscription = self.by_channel.get_mut(channel)?;
        match (part, subscription.stage, refusal) {
            (Part::Subscribe(_), Stage::Requested, None) => {
                subscription.stage = Stage::Active;
                Some(Output::Subscribed(channel.into()))
            }
            (Part::Subscribe(_), Stage::Requested, Some(refusal)) => {
                let (channel, _) = self.by_channel.remove_entry(channel)?;
                Some(Output::SubscribeRefused(channel, refusal.clone()))
            }
            (Part::Unsubscribe(_), Stage::Leaving, _) => {
                let (channel, _) = self.by_channel.remove_entry(channel)?;
                Some(Output::Unsubscribed(channel))
            }
            (Part::Connect, _, _)
            | (
                Part::Subscribe(_),
                Stage::Wanted | Stage::Moving | Stage::Active | Stage::Leaving,
                _,
            )
            | (
                Part::Unsubscribe(_),
                Stage::Wanted | Stage::Moving | Stage::Requested | Stage::Active,
                _,
            ) => None,
        }
    }

    /// The server may or may not have seen this part: what was requested is moved, which is right either way.
    pub(super) fn unanswered(&mut self, part: &Part) {
        let channel = part.subscription();
        let subscription = channel.and_then(|channel| self.by_channel.get_mut(channel));
        if let Some(subscription) = subscription {
            match subscription.stage {
                Stage::Requested => subscription.stage = Stage::Moving,
                Stage::Wanted | Stage::Moving | Stage::Active | Stage::Leaving => (),
            }
        }
    }
}
