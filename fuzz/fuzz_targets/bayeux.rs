//! Streaming API requests: any body is messages or no messages.

#![no_main]

use landfall_bayeux::{MESSAGES_MAX, Request, Response, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(messages) = parse(data, MESSAGES_MAX) else {
        return;
    };
    let mut response = Response::new();
    for message in &messages {
        if let Request::Subscribe(channels) | Request::Unsubscribe(channels) = &message.request {
            let _ = channels.channels();
        }
        response.accepted(&message.echo(), "client", None);
    }
    let body = response.finish();
    std::str::from_utf8(&body).expect("JSON is text");
});
