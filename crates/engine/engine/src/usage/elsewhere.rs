//! What is delivered by other processes than the one that writes, the nodes of a cluster that follow, and who listens there.
//!
//! A node that follows reports what it has delivered, in small batches, to the node that writes, which counts and keeps it; the
//! reply has what the org has used in all, and who listens at the other nodes. So an allocation is one for all nodes, exact to
//! the time between two reports.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use landfall_model::RecordId;
use landfall_model::limits::ATTENDANCE_KEPT_MAX;
use landfall_store::TopicId;
use serde::{Deserialize, Serialize};

use super::{Batch, Client, Counts, Meter, Usage};
use crate::Engine;

/// What a node that follows has delivered since its last report, and who listens there now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Deliveries by meter.
    meters: Counts,
    /// Deliveries by client and topic.
    delivered: Vec<(String, u32, u64)>,
    attendance: Attendance,
}

/// What the node that writes replies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What the org has used in all, by meter.
    used: Counts,
    /// Who listens at all other nodes.
    attendance: Attendance,
}

/// Who listens at some nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attendance {
    /// Clients of the Streaming API.
    pub(crate) clients: u64,
    /// Subscriptions to channels that others may ask for their listeners, by topic and user.
    pub(crate) listeners: Vec<(u32, String, u64)>,
}

impl Attendance {
    /// The listeners as [`crate::Presence`] has them. Those that a newer version has spelled in another way are left out.
    pub(crate) fn listeners(&self) -> impl Iterator<Item = (TopicId, RecordId, usize)> {
        self.listeners.iter().filter_map(|(topic, user, count)| {
            let user = RecordId::parse(user).ok()?;
            Some((TopicId(*topic), user, usize::try_from(*count).ok()?))
        })
    }
}

impl Usage {
    /// Takes what was delivered here since the last time, to report it.
    fn take_deliveries(&self) -> (Counts, Vec<(String, u32, u64)>) {
        let mut sums: BTreeMap<(String, TopicId), u64> = BTreeMap::new();
        self.counters().take_tallies(|client, topic, count| {
            *sums.entry((client.to_string(), topic)).or_default() += count;
        });
        let delivered = sums.into_iter();
        let delivered = delivered.map(|((client, topic), count)| (client, topic.0, count));
        let gauges = self.gauges.each_ref();
        let meters = gauges.map(|gauge| gauge.present.swap(0, Ordering::Relaxed));
        (meters, delivered.collect())
    }

    /// Counts what another node has delivered, and gives what the org has used in all.
    fn delivered_elsewhere(&self, report: &Report) -> Counts {
        self.turn();
        for (meter, count) in Meter::ALL.into_iter().zip(report.meters) {
            self.gauge(meter).add(count);
        }
        for (client, topic, count) in &report.delivered {
            let mut batch = Batch::default();
            batch.add(TopicId(*topic), *count);
            self.subscriber(Client::of_subscriber(client)).add(&batch);
        }
        Meter::ALL.map(|meter| self.used(meter))
    }

    /// Takes note of what the org has used in all, without what was not reported yet.
    fn set_used(&self, used: Counts) {
        for (meter, used) in Meter::ALL.into_iter().zip(used) {
            self.gauge(meter).earlier.store(used, Ordering::Relaxed);
        }
    }

    /// How many Streaming API clients there are at other nodes.
    pub fn clients_elsewhere(&self) -> u64 {
        self.presence.clients_elsewhere(None)
    }
}

impl Client {
    /// A subscriber by what it is shown as.
    fn of_subscriber(shown: &str) -> Self {
        if shown == Self::PubSub.to_string() {
            Self::PubSub
        } else {
            Self::CometD(shown.into())
        }
    }
}

impl Engine {
    /// Of a node that follows: what it has to report. It is counted here no more.
    pub fn report(&self) -> Report {
        let (meters, delivered) = self.usage().take_deliveries();
        Report {
            meters,
            delivered,
            attendance: Attendance {
                clients: self.usage().own_clients(),
                listeners: self.presence().own(),
            },
        }
    }

    /// Of the node that writes: counts what another node has reported, and replies what that node has to know.
    pub fn reported(&self, node: &str, report: &Report) -> Reply {
        let used = self.usage().delivered_elsewhere(report);
        let presence = self.presence();
        presence.set_elsewhere(node, &report.attendance, ATTENDANCE_KEPT_MAX);
        let of_others = presence.clients_elsewhere(Some(node));
        Reply {
            used,
            attendance: Attendance {
                clients: self.usage().own_clients() + of_others,
                listeners: presence.without(node),
            },
        }
    }

    /// Of a node that follows: takes note of the reply to a report.
    pub fn replied(&self, reply: &Reply) {
        self.usage().set_used(reply.used);
        let presence = self.presence();
        presence.set_elsewhere(ALL_OTHERS, &reply.attendance, ATTENDANCE_KEPT_MAX);
    }
}

/// In the place of a node: the others together, as the one that writes knows them.
const ALL_OTHERS: &str = "";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscribers_are_what_they_are_shown_as() {
        for client in [Client::PubSub, Client::CometD("abc".into())] {
            assert_eq!(Client::of_subscriber(&client.to_string()), client);
        }
    }
}
