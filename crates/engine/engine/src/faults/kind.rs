//! The faults by name, and what each can be restricted to.

/// What a fault can be restricted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One topic.
    Topic,
    /// One client id of the Streaming API.
    Client,
    /// One user.
    User,
    /// One method: a Bayeux channel, a method of the Pub/Sub API, or an HTTP request.
    Method,
}

use Scope::{Client, Method, Topic, User};

/// Declares the kinds once: variant, name, scopes, and what happens.
macro_rules! kinds {
    ($($kind:ident $name:literal [$($scope:ident)*] $about:literal;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum FaultKind {
            $(#[doc = $about] $kind,)+
        }

        impl FaultKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Their names, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// What it can be restricted to.
            pub const fn scopes(self) -> &'static [Scope] {
                match self {
                    $(Self::$kind => &[$($scope,)*],)+
                }
            }
        }
    };
}

kinds! {
    ClientUnknown "client-unknown" [Client User Method]
        "Streaming API: the session is lost; the message is refused with `403::Unknown client`.";
    TokenInvalid "token-invalid" [User]
        "An access token is refused as if it had expired; afterwards it is valid again.";
    LoginRefused "login-refused" [User]
        "A login or a refresh of a token is refused.";
    SchemaUnavailable "schema-unavailable" [Topic User Method]
        "The schema of an event cannot be read.";
    ServerMoved "server-moved" [Topic Client User Method]
        "Streaming API: the session gets a new browser cookie with its next answer.";
    StreamSilent "stream-silent" [Topic Client User Method]
        "A poll is not answered, a stream sends nothing more; the connection stays open.";
    KeepaliveLate "keepalive-late" [Topic User Method]
        "Pub/Sub API: a keepalive comes later than it is due.";
    StreamEnded "stream-ended" [Topic User Method]
        "Pub/Sub API: a subscription ends with the status OK.";
    StreamReset "stream-reset" [Topic User Method]
        "Pub/Sub API: a subscription ends with `RST_STREAM` and without a status.";
    Unavailable "unavailable" [Topic Client User Method]
        "The service is unavailable: `SERVER_UNAVAILABLE`, `503::`, `service.unavailable`.";
    ReplayIdInvalid "replay-id-invalid" [Topic Client User Method]
        "A subscription that names a replay id is refused.";
    Trim "trim" [Topic Client User Method]
        "All events are forgotten when a subscription names a replay id.";
    RestartStream "restart-stream" [Topic Client User Method]
        "All events are forgotten and replay ids begin again when a subscription names a replay id.";
    Duplicate "duplicate" [Topic]
        "An event is delivered twice in one response.";
    Delay "delay" [Topic]
        "An event is delivered later than it is committed.";
    PauseInside "pause-inside" [Topic]
        "The events of a transaction are delivered with a pause after the first.";
    Gap "gap" [Topic]
        "A change is captured as a gap event.";
    Overflow "overflow" [Topic]
        "The changes of a transaction are captured as overflow events.";
    Conversion "conversion" [Topic]
        "A change is captured as the event of a field that became another type: of all records, without fields.";
    SchemaChange "schema-change" [Topic]
        "After a change or a publication, its object or platform event has another field.";
    SlowCommit "slow-commit" [Topic]
        "A transaction is committed later than its records are dated.";
    Stamp "stamp" [Topic]
        "After a change, the system modification time of its records moves on alone.";
    ReadLag "read-lag" [Topic]
        "After a transaction, records are read for a while as they were before it.";
    Hide "hide" [User]
        "Before a request of a user, an object or a field is hidden from them.";
    Show "show" [User]
        "Before a request of a user, they see again what was hidden from them.";
    Drop "drop" [Topic]
        "A change is committed without its change event.";
    EventsDailyLimit "events-daily-limit" [Topic Client User Method]
        "The daily allocation of delivered events is used up.";
    TooManyConnections "too-many-connections" [User Method]
        "No further streaming client is accepted.";
    LoseJob "lose-job" [User Method]
        "Bulk API: a job is unknown from then on.";
    RequestLimit "request-limit" []
        "The daily allocation of requests is used up.";
    PublishRejected "publish-rejected" [Topic]
        "The events of a request are not published: the hourly allocation is used up.";
    PublishPartial "publish-partial" [Topic User]
        "Pub/Sub API: the last of several events of a request is not published.";
    AckLost "ack-lost" [Method]
        "A request is carried out, and the connection is cut before the answer.";
    Latency "latency" [Method]
        "A request waits for the delay before it is carried out.";
    ResetPeer "reset-peer" [Method]
        "The connection is cut, and the request is not carried out.";
    Refuse "refuse" [Method]
        "The connection is cut, and for the delay the server refuses further ones.";
    HalfClose "half-close" [Topic User Method]
        "The server ends its side of the connection or of the stream, without an answer.";
    Http503Html "http-503-html" [Method]
        "A request is answered by a web page with the status 503, and is not carried out.";
    Truncate "truncate" [Method]
        "The connection is cut in the middle of an answer.";
    Bandwidth "bandwidth" [Method]
        "An answer comes at so many bytes a second.";
    Slice "slice" [Method]
        "An answer comes in pieces of so many bytes, with a pause between.";
}

impl FaultKind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|kind| kind.name() == name)
    }

    /// Whether it has a delay.
    pub const fn has_delay(self) -> bool {
        matches!(
            self,
            Self::Delay
                | Self::KeepaliveLate
                | Self::Latency
                | Self::PauseInside
                | Self::ReadLag
                | Self::Refuse
                | Self::Slice
                | Self::SlowCommit
        )
    }

    /// Whether it is about all orgs of the process.
    pub const fn is_of_process(self) -> bool {
        matches!(self, Self::Refuse)
    }

    /// Whether it is about an object or one of its fields.
    pub const fn has_subject(self) -> bool {
        matches!(self, Self::Hide | Self::Show)
    }

    /// Whether it has a number of bytes.
    pub const fn has_bytes(self) -> bool {
        matches!(self, Self::Bandwidth | Self::Slice)
    }
}
