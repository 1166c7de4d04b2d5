//! Calls of the Pub/Sub API: any bytes are messages or an error, compressed or not, however the connection cuts them, and a
//! message that is written again is the same.

#![no_main]

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame};
use landfall_model::limits::PUBSUB_REQUEST_BYTES_MAX;
use landfall_pubsub::MessageCodec;
use landfall_pubsub::proto::{
    FetchRequest, ManagedFetchRequest, PublishRequest, SchemaRequest, TopicRequest,
};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use tonic::codec::{Codec, CompressionEncoding};
use tonic::{Code, Streaming};

/// What comes before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;

/// A body that arrives in these pieces.
struct Pieces(VecDeque<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

/// The messages of a body, and the error that ends them.
fn read<M>(pieces: [&[u8]; 2], encoding: Option<CompressionEncoding>) -> (Vec<M>, Option<Code>)
where
    M: Message + Default + 'static,
{
    let pieces = pieces.map(Bytes::copy_from_slice);
    let decoder = MessageCodec::<M, M>::default().decoder();
    let body = Pieces(VecDeque::from(pieces));
    let mut stream =
        Streaming::new_request(decoder, body, encoding, Some(PUBSUB_REQUEST_BYTES_MAX));
    let mut messages = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        let next = pin!(stream.message()).poll(&mut cx);
        match next {
            Poll::Ready(Ok(Some(message))) => messages.push(message),
            Poll::Ready(Ok(None)) => return (messages, None),
            Poll::Ready(Err(status)) => return (messages, Some(status.code())),
            Poll::Pending => panic!("everything has arrived"),
        }
    }
}

fn check<M>(data: &[u8])
where
    M: Message + Default + PartialEq + std::fmt::Debug + 'static,
{
    let middle = usize::from(data.last().copied().unwrap_or_default()).min(data.len());
    let (begin, rest) = data.split_at(middle);
    for encoding in [None, Some(CompressionEncoding::Gzip)] {
        let (messages, error) = read::<M>([data, &[]], encoding);
        assert!(messages.len() * PREFIX_BYTES <= data.len());
        for message in &messages {
            let bytes = message.encode_to_vec();
            assert!(bytes.len() <= 2 * PUBSUB_REQUEST_BYTES_MAX);
            assert_eq!(M::decode(&*bytes).as_ref(), Ok(message));
        }
        assert_eq!(read::<M>([begin, rest], encoding), (messages, error));
    }
}

fuzz_target!(|data: &[u8]| {
    check::<TopicRequest>(data);
    check::<SchemaRequest>(data);
    check::<PublishRequest>(data);
    check::<FetchRequest>(data);
    check::<ManagedFetchRequest>(data);
});
