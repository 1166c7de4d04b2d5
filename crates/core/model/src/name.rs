//! Names of objects, fields and topics.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the name as declared: letter case matters.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as declared.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
    };
}

name! {
    /// API name of an object, such as `Account` or `Employee__c`.
    EntityName
}
name! {
    /// API name of a field, such as `BillingStreet` or `SLA__c`.
    FieldName
}
name! {
    /// What one subscribes to on either API, such as `/data/AccountChangeEvent`.
    ///
    /// Wire: case-sensitive. Source: "Subscription Channels" (Change Data Capture Developer Guide).
    Topic
}

impl Topic {
    /// The topic that carries the events of every selected object.
    pub const CHANGE_EVENTS: &'static str = "/data/ChangeEvents";

    /// What the names of custom channels end with.
    pub const CHANNEL_SUFFIX: &'static str = "__chn";

    /// Whether it is the name of a channel that groups the events of several topics, be it there or not.
    pub fn is_channel(name: &str) -> bool {
        name == Self::CHANGE_EVENTS || name.ends_with(Self::CHANNEL_SUFFIX)
    }

    /// The topic of one change event object: `/data/AccountChangeEvent`.
    pub fn of_change_event(event_name: &str) -> Self {
        Self::new(format!("/data/{event_name}"))
    }

    /// The topic of one platform event: `/event/Low_Ink__e`.
    pub fn of_platform_event(event_name: &str) -> Self {
        Self::new(format!("/event/{event_name}"))
    }
}
