//! A request and its answer, as far as they are kept.

use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use landfall_http::body;
use landfall_model::limits::{JOURNAL_BODY_BYTES_MAX, JOURNAL_TEXT_BYTES_MAX};
use landfall_model::{Requester, Timestamp};

use crate::secrets;

/// Bytes before each message of gRPC: whether it is compressed, and its length. Source: "gRPC over HTTP2",
/// Length-Prefixed-Message.
const MESSAGE_HEAD_BYTES: usize = 5;

/// What a request and its answer take besides their texts and bodies.
const ENTRY_BYTES: usize = size_of::<Entry>();

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Counted from 1 in each org.
    pub number: u64,
    /// When its head had come, by the clock of the org.
    pub at: Timestamp,
    /// The API that it is for.
    pub api: Api,
    /// Its method.
    pub method: Method,
    /// Path and query, without secrets.
    pub target: Arc<str>,
    /// What the client says that it is: its `User-Agent`.
    pub client: Option<Arc<str>>,
    /// Who makes it.
    pub requester: Requester,
    /// Its body.
    pub request: Content,
    /// Its answer so far.
    pub outcome: Outcome,
    /// The body of its answer.
    pub answer: Content,
    /// Why the resource that it is for does not exist, if it is one of the service's.
    pub unsupported: Option<&'static str>,
}

/// How far an answer has come.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The HTTP status, once it is known.
    pub status: Option<u16>,
    /// The status of a call of gRPC, once it is known.
    pub grpc_status: Option<u32>,
    /// What a call of gRPC failed with.
    pub grpc_message: Option<String>,
    /// How long it took to the end of its answer; none while that is not over. Unit: milliseconds of real time.
    pub millis: Option<u64>,
    /// Whether the connection ended before the answer did.
    pub is_cut: bool,
}

/// An API, by the path of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Bulk API, both versions.
    Bulk,
    /// Metadata API.
    Metadata,
    /// Logins and their tokens.
    Oauth,
    /// Pub/Sub API.
    PubSub,
    /// REST API.
    Rest,
    /// SOAP API.
    Soap,
    /// Streaming API.
    Streaming,
    /// Tooling API.
    Tooling,
    /// None of them.
    Other,
}

impl Api {
    const ALL: [Self; 9] = [
        Self::Bulk,
        Self::Metadata,
        Self::Oauth,
        Self::PubSub,
        Self::Rest,
        Self::Soap,
        Self::Streaming,
        Self::Tooling,
        Self::Other,
    ];

    /// The names of all.
    pub const NAMES: &[&str] = &[
        Self::Bulk.name(),
        Self::Metadata.name(),
        Self::Oauth.name(),
        Self::PubSub.name(),
        Self::Rest.name(),
        Self::Soap.name(),
        Self::Streaming.name(),
        Self::Tooling.name(),
        Self::Other.name(),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::Metadata => "metadata",
            Self::Oauth => "oauth",
            Self::PubSub => "pubsub",
            Self::Rest => "rest",
            Self::Soap => "soap",
            Self::Streaming => "streaming",
            Self::Tooling => "tooling",
            Self::Other => "other",
        }
    }

    /// The API with a name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|api| api.name() == name)
    }

    /// The API of a path.
    pub fn of(path: &str) -> Self {
        let is = |start: &str| path.starts_with(start);
        if is("/services/data/") {
            let mut rest = path.split('/').skip(4);
            return match (rest.next(), rest.next()) {
                (Some("jobs"), _) => Self::Bulk,
                (Some("metadata"), _) => Self::Metadata,
                (Some("tooling"), _) => Self::Tooling,
                _ => Self::Rest,
            };
        }
        match () {
            () if is("/cometd") => Self::Streaming,
            () if is("/eventbus.v1.PubSub/") => Self::PubSub,
            () if is("/services/async/") => Self::Bulk,
            () if is("/services/oauth2/") => Self::Oauth,
            () if is("/services/Soap/m/") => Self::Metadata,
            () if is("/services/Soap/") => Self::Soap,
            () => Self::Other,
        }
    }
}

/// A body, as far as it is kept.
#[derive(Clone, Debug, Default)]
pub struct Content {
    /// How long it is, or was when the connection ended.
    pub length: u64,
    media_type: Option<HeaderValue>,
    encoding: Option<HeaderValue>,
    beginning: Vec<u8>,
}

impl Content {
    /// That of a request. The values share nothing with the buffer of its connection.
    fn of_request(headers: &HeaderMap) -> Self {
        let own = |name| HeaderValue::from_str(text(headers.get(name))?).ok();
        Self {
            media_type: own(CONTENT_TYPE),
            encoding: own(CONTENT_ENCODING),
            ..Self::default()
        }
    }

    /// That of an answer.
    pub(crate) fn of_answer(headers: &HeaderMap) -> Self {
        Self {
            media_type: headers.get(CONTENT_TYPE).cloned(),
            encoding: headers.get(CONTENT_ENCODING).cloned(),
            ..Self::default()
        }
    }

    /// One of a media type.
    pub(crate) fn of_type(media_type: HeaderValue) -> Self {
        Self {
            media_type: Some(media_type),
            ..Self::default()
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> Option<&str> {
        text(self.media_type.as_ref())
    }

    /// Whether everything of it is kept.
    pub fn is_whole(&self) -> bool {
        u64::try_from(self.beginning.len()).is_ok_and(|kept| kept == self.length)
    }

    pub(crate) fn extend(&mut self, data: &[u8]) {
        self.length += u64::try_from(data.len()).unwrap_or_default();
        let free = JOURNAL_BODY_BYTES_MAX.saturating_sub(self.beginning.len());
        let taken = data.get(..free).unwrap_or(data);
        self.beginning.extend_from_slice(taken);
    }

    /// Unpacked, without secrets; none if it is no text.
    pub(crate) fn text(&self) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(encoding) = &self.encoding {
            headers.insert(CONTENT_ENCODING, encoding.clone());
        }
        let content = body::beginning(&headers, &self.beginning, JOURNAL_BODY_BYTES_MAX).ok()?;
        let text = match std::str::from_utf8(&content) {
            Ok(text) => text,
            // Cut within a character.
            Err(error) if error.error_len().is_none() => {
                let whole = content.get(..error.valid_up_to())?;
                std::str::from_utf8(whole).ok()?
            }
            Err(_) => return None,
        };
        Some(secrets::masked(text, self.media_type()))
    }

    /// The whole messages of gRPC in it, each as a line.
    pub(crate) fn messages(&self, describe: impl Fn(&[u8]) -> Option<String>) -> String {
        let mut lines = String::new();
        let mut rest = self.beginning.as_slice();
        while let Some((head, after)) = rest.split_first_chunk::<MESSAGE_HEAD_BYTES>() {
            let [packed, length @ ..] = *head;
            let length = u32::from_be_bytes(length);
            let Ok(length) = usize::try_from(length) else {
                break;
            };
            let Some((message, after)) = after.split_at_checked(length) else {
                break;
            };
            if let Some(line) = (packed == 0).then(|| describe(message)).flatten() {
                lines.push_str(&line);
                lines.push('\n');
            }
            rest = after;
        }
        lines
    }

    fn bytes(&self) -> usize {
        let texts = [&self.media_type, &self.encoding];
        let texts = texts.into_iter().flatten().map(HeaderValue::len);
        self.beginning.len() + texts.sum::<usize>()
    }
}

impl Entry {
    /// A request of which only the head is known. It gets its number and its time when the journal takes it.
    pub fn of_head<B>(request: &Request<B>, requester: Requester) -> Self {
        let (uri, headers) = (request.uri(), request.headers());
        let mut target = uri.path().to_owned();
        if let Some(query) = uri.query() {
            target.push('?');
            target.push_str(&secrets::masked_form(query));
        }
        Self {
            number: 0,
            at: Timestamp::from_millis(0),
            api: Api::of(uri.path()),
            method: request.method().clone(),
            target: beginning(&target).into(),
            client: text(headers.get(USER_AGENT)).map(Arc::from),
            requester,
            request: Content::of_request(headers),
            outcome: Outcome::default(),
            answer: Content::default(),
            unsupported: None,
        }
    }

    /// Its path, without a query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Memory that it takes. What several requests share counts for each, except the user's name, which is their login's.
    pub(crate) fn bytes(&self) -> usize {
        let client = self.client.as_ref().map_or(0, |client| client.len());
        let message = self.outcome.grpc_message.as_ref().map_or(0, String::len);
        let texts = client + message + self.method.as_str().len() + self.target.len();
        ENTRY_BYTES + texts + self.request.bytes() + self.answer.bytes()
    }
}

/// The beginning of a header's text.
fn text(value: Option<&HeaderValue>) -> Option<&str> {
    value?.to_str().ok().map(beginning)
}

/// The beginning of a text, as far as it is kept.
pub(crate) fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(JOURNAL_TEXT_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_api() {
        for (path, api) in [
            ("/services/data/v59.0/sobjects/Account", Api::Rest),
            ("/services/data", Api::Other),
            ("/services/data/v59.0/jobs/ingest", Api::Bulk),
            ("/services/async/59.0/job", Api::Bulk),
            ("/services/data/v59.0/tooling/query", Api::Tooling),
            ("/services/data/v59.0/metadata/deployRequest", Api::Metadata),
            ("/services/Soap/m/59.0", Api::Metadata),
            ("/services/Soap/u/59.0", Api::Soap),
            ("/services/oauth2/token", Api::Oauth),
            ("/cometd/59.0/connect", Api::Streaming),
            ("/eventbus.v1.PubSub/Subscribe", Api::PubSub),
            ("/healthz", Api::Other),
        ] {
            assert_eq!(Api::of(path), api, "{path}");
        }
    }

    fn content(data: &[u8]) -> Content {
        let mut content = Content::default();
        content.extend(data);
        content
    }

    #[test]
    fn the_beginning_of_a_body_is_kept() {
        let mut body = content(b"ab");
        body.extend(b"c");
        assert!(body.is_whole());
        assert_eq!(body.text().as_deref(), Some("abc"));
        body.extend(&vec![b'x'; JOURNAL_BODY_BYTES_MAX]);
        assert!(!body.is_whole());
        assert_eq!(body.length, 3 + 4096);
        assert_eq!(
            body.text().map(|text| text.len()),
            Some(JOURNAL_BODY_BYTES_MAX)
        );
    }

    #[test]
    fn a_body_that_is_cut_within_a_character_is_text_and_binary_is_not() {
        assert_eq!(content(b"a\xc3").text().as_deref(), Some("a"));
        assert_eq!(content(b"a\xff\xfe").text(), None);
    }

    #[test]
    fn messages_end_where_the_body_is_cut() {
        let framed = [
            b"\0\0\0\0\x02hi".as_slice(),
            b"\x01\0\0\0\x01z",
            b"\0\0\0\0\x03you",
            b"\0\0\0\0\x09cut",
        ];
        let lines =
            content(&framed.concat()).messages(|message| String::from_utf8(message.to_vec()).ok());
        assert_eq!(lines, "hi\nyou\n");
    }
}
