//! The bytes of a request: bounded, each body and all of them together, and unpacked.
//!
//! A SOAP envelope has its login inside: of that one the [`beginning`](open_envelope) is read first, and the rest once the
//! client is known.

use axum::body::{Body, HttpBody as _};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use landfall_model::limits::ANONYMOUS_BODY_BYTES_MAX;
use landfall_model::{Fault, RequestFault, ServiceFault, SoapFault};

use crate::budget::Share;
use crate::encoding;

pub use crate::encoding::{Unreadable, beginning};

/// The length that a request announces.
pub fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body of a client that is known, of at most `bytes_max` bytes, and unpacks it to at most as many.
///
/// # Errors
/// [`Unreadable`].
pub async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Unreadable> {
    let mut reading = Reading::of(body, Share::known()?);
    reading.up_to(headers, bytes_max).await?;
    encoding::unpacked(headers, reading.finish(), bytes_max)
}

/// Reads a body of a client that is known, of at most `bytes_max` bytes, which is unpacked on its way here.
///
/// # Errors
/// [`Unreadable`].
pub async fn read_unpacked(body: Body, bytes_max: usize) -> Result<Bytes, Unreadable> {
    let length_min = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if length_min > bytes_max {
        return Err(Unreadable::TooLarge);
    }
    let mut reading = Reading::of(body, Share::known()?);
    reading.all(bytes_max).await?;
    Ok(reading.finish())
}

/// The same with the refusals of an API that reads XML.
///
/// # Errors
/// Those of [`Opened::read`].
pub async fn read_body(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Fault> {
    let read = read(headers, body, bytes_max).await;
    read.map_err(of_envelope)
}

/// A SOAP envelope of which the beginning has been read.
#[derive(Debug)]
pub struct Opened {
    reading: Reading,
    beginning: Vec<u8>,
    is_whole: bool,
}

/// Reads an envelope, or its beginning if it has more than [`ANONYMOUS_BODY_BYTES_MAX`] bytes, which is all that a client
/// gets before it is known.
///
/// # Errors
/// Those of [`Opened::read`].
pub async fn open_envelope(headers: &HeaderMap, body: Body) -> Result<Opened, Fault> {
    opened(headers, body).await.map_err(of_envelope)
}

async fn opened(headers: &HeaderMap, body: Body) -> Result<Opened, Unreadable> {
    let mut reading = Reading::of(body, Share::anonymous()?);
    let is_read = reading.begin(ANONYMOUS_BODY_BYTES_MAX).await?;
    let most = ANONYMOUS_BODY_BYTES_MAX + 1;
    let beginning = beginning(headers, &reading.content, most)?;
    Ok(Opened {
        is_whole: is_read && beginning.len() < most,
        reading,
        beginning,
    })
}

impl Opened {
    /// The beginning, unpacked.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// Whether there is no more than the beginning.
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The envelope, of which the client is known now unless it is whole already.
    ///
    /// # Errors
    /// [`RequestFault::TooLarge`], [`RequestFault::MediaTypeUnsupported`] for an unknown encoding,
    /// [`SoapFault::EnvelopeInvalid`] for a body that is incomplete or damaged, [`ServiceFault::Busy`].
    /// Clients: those of the Java connector compress their requests by default.
    pub async fn read(self, headers: &HeaderMap, bytes_max: usize) -> Result<Bytes, Fault> {
        self.rest(headers, bytes_max).await.map_err(of_envelope)
    }

    async fn rest(self, headers: &HeaderMap, bytes_max: usize) -> Result<Bytes, Unreadable> {
        let mut reading = self.reading;
        if !self.is_whole {
            drop(self.beginning);
            reading.share = Share::known()?;
            reading.up_to(headers, bytes_max).await?;
        }
        encoding::unpacked(headers, reading.finish(), bytes_max)
    }
}

fn of_envelope(unreadable: Unreadable) -> Fault {
    match unreadable {
        Unreadable::TooLarge => Fault::Request(RequestFault::TooLarge),
        Unreadable::Overloaded => Fault::Service(ServiceFault::Busy),
        Unreadable::Incomplete | Unreadable::Damaged(_) => {
            Fault::Soap(SoapFault::EnvelopeInvalid {
                reason: "Premature end of file.".to_owned(),
            })
        }
        Unreadable::EncodingUnknown(media_type) => {
            Fault::Request(RequestFault::MediaTypeUnsupported { media_type })
        }
    }
}

/// A body that is being read.
#[derive(Debug)]
struct Reading {
    body: Body,
    content: Vec<u8>,
    share: Share,
}

impl Reading {
    const fn of(body: Body, share: Share) -> Self {
        Self {
            body,
            content: Vec::new(),
            share,
        }
    }

    /// Reads until there are more than so many bytes; returns whether the body has ended before.
    async fn begin(&mut self, bytes: usize) -> Result<bool, Unreadable> {
        while self.content.len() <= bytes {
            if !self.more().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads to the end.
    async fn up_to(&mut self, headers: &HeaderMap, bytes_max: usize) -> Result<(), Unreadable> {
        if announced(headers).is_some_and(|length| length > bytes_max) {
            return Err(Unreadable::TooLarge);
        }
        self.share.cover(self.content.len())?;
        self.all(bytes_max).await
    }

    async fn all(&mut self, bytes_max: usize) -> Result<(), Unreadable> {
        let has_ended = self.begin(bytes_max).await?;
        if has_ended && self.content.len() <= bytes_max {
            return Ok(());
        }
        Err(Unreadable::TooLarge)
    }

    async fn more(&mut self) -> Result<bool, Unreadable> {
        let Some(frame) = self.body.frame().await else {
            return Ok(false);
        };
        let frame = frame.map_err(|_| Unreadable::Incomplete)?;
        if let Ok(data) = frame.into_data() {
            self.share.cover(self.content.len() + data.len())?;
            self.content.extend_from_slice(&data);
        }
        Ok(true)
    }

    fn finish(self) -> Bytes {
        self.share.hold(self.content)
    }
}
