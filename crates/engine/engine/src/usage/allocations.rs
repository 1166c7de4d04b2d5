//! What an org may use.

use super::Meter;

/// The allocations of an org; none: as much as one likes.
///
/// Source: "Platform Event Allocations" (Platform Events Developer Guide), "Change Data Capture
/// Allocations" (Change Data Capture Developer Guide), "Streaming API Allocations" (Streaming API Developer Guide),
/// "API Request Limits and Allocations" (Salesforce Developer Limits and Allocations Quick Reference).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocations {
    /// Platform events published in an hour: `LimitFault::Publishes` beyond.
    pub published_hourly: Option<u64>,
    /// Change events and platform events delivered in 24 hours: `LimitFault::Deliveries` beyond.
    pub delivered_daily: Option<u64>,
    /// `PushTopic` events delivered in 24 hours: `LimitFault::Deliveries` beyond.
    pub push_topics_daily: Option<u64>,
    /// Generic events delivered in 24 hours: `LimitFault::Deliveries` beyond.
    pub generic_daily: Option<u64>,
    /// Requests to the API in 24 hours: `LimitFault::Requests` beyond.
    pub requests_daily: Option<u64>,
    /// Streaming API clients at once: `StreamingFault::ClientLimitExceeded` beyond.
    pub concurrent_clients: Option<u64>,
    /// Platform events that an org may define: a problem of the deployment beyond.
    pub event_definitions: Option<u64>,
    /// Objects that may be selected for change events on all channels together: a problem of the deployment beyond.
    pub selected_objects: Option<u64>,
    /// Platform events that may be selected on all channels together: a problem of the deployment beyond.
    pub selected_events: Option<u64>,
    /// Subscriptions to one `PushTopic` or generic channel at once: `StreamingFault::SubscriptionLimitExceeded` beyond.
    /// No edition publishes a number any more.
    pub topic_subscribers: Option<u64>,
}

impl Allocations {
    /// None.
    pub const UNLIMITED: Self = Self {
        published_hourly: None,
        delivered_daily: None,
        push_topics_daily: None,
        generic_daily: None,
        requests_daily: None,
        concurrent_clients: None,
        event_definitions: None,
        selected_objects: None,
        selected_events: None,
        topic_subscribers: None,
    };

    /// A Developer Edition org. Also what an org without allocations shows as its own.
    pub const DEVELOPER: Self = Self {
        published_hourly: Some(50_000),
        delivered_daily: Some(10_000),
        push_topics_daily: Some(10_000),
        generic_daily: Some(10_000),
        requests_daily: Some(15_000),
        concurrent_clients: Some(20),
        event_definitions: Some(5),
        selected_objects: Some(5),
        selected_events: Some(5),
        topic_subscribers: None,
    };

    /// An Enterprise Edition org, without what its licences add.
    pub const ENTERPRISE: Self = Self {
        published_hourly: Some(250_000),
        delivered_daily: Some(25_000),
        push_topics_daily: Some(200_000),
        generic_daily: Some(200_000),
        requests_daily: Some(100_000),
        concurrent_clients: Some(1_000),
        event_definitions: Some(50),
        selected_objects: Some(5),
        selected_events: Some(50),
        topic_subscribers: None,
    };

    /// A Performance or Unlimited Edition org, without what its licences add.
    pub const PERFORMANCE: Self = Self {
        published_hourly: Some(250_000),
        delivered_daily: Some(50_000),
        push_topics_daily: Some(1_000_000),
        generic_daily: Some(1_000_000),
        requests_daily: Some(100_000),
        concurrent_clients: Some(2_000),
        event_definitions: Some(100),
        selected_objects: Some(5),
        selected_events: Some(50),
        topic_subscribers: None,
    };

    /// The allocation that a meter counts against.
    pub const fn of(&self, meter: Meter) -> Option<u64> {
        match meter {
            Meter::Published => self.published_hourly,
            Meter::Delivered => self.delivered_daily,
            Meter::PushTopics => self.push_topics_daily,
            Meter::Generic => self.generic_daily,
            Meter::Requests => self.requests_daily,
        }
    }
}
