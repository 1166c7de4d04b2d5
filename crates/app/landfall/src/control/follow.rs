//! Following the events of a developer org: server-sent events, a line for each.

use landfall_client::Error;
use serde_json::Value;

use super::{Call, ControlOptions, FILTER_DEFAULT, opened, refusal};
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, say, say_data};

/// What ends an event.
const END: &[u8] = b"\n\n";

/// The longest event that is read: its data and payload are at most a few megabytes. Unit: bytes.
const FRAME_BYTES_MAX: usize = 32 << 20;

/// Prints what comes, as JSON or by `line`, until the server ends it.
pub(super) async fn run(
    options: &ControlOptions,
    log: &LogOptions,
    call: Call<'_>,
    line: impl Fn(&Value) -> String,
) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let followed = follow(options, &call, &line).await;
    followed.map_err(|Coded { failure, .. }| failure)
}

async fn follow(
    options: &ControlOptions,
    call: &Call<'_>,
    line: &impl Fn(&Value) -> String,
) -> Result<Exit, Coded> {
    let refused = |error: Error| refusal(&error);
    let control = opened(options).map_err(refused)?;
    let mut answer = control.follow(&call.path).await.map_err(refused)?;
    let mut rest = Vec::new();
    while let Some(piece) = answer.next().await.map_err(refused)? {
        rest.extend_from_slice(&piece);
        while let Some(end) = rest.windows(END.len()).position(|bytes| bytes == END) {
            let frame: Vec<u8> = rest.drain(..end + END.len()).collect();
            print(
                options,
                &Frame::parse(&String::from_utf8_lossy(&frame)),
                line,
            )?;
        }
        if rest.len() > FRAME_BYTES_MAX {
            return Err(Failure::new("an event is too long to be read").into());
        }
    }
    let ended = Failure::new("the server has ended the stream").exit(Exit::Unreachable);
    Err(ended.into())
}

/// A server-sent event.
#[derive(Debug, Default, PartialEq)]
struct Frame<'f> {
    name: &'f str,
    data: String,
}

impl<'f> Frame<'f> {
    fn parse(text: &'f str) -> Self {
        let mut frame = Self::default();
        for line in text.lines() {
            match line.split_once(": ") {
                Some(("event", name)) => frame.name = name,
                Some(("data", data)) => frame.data.push_str(data),
                _ => {}
            }
        }
        frame
    }
}

fn print(
    options: &ControlOptions,
    frame: &Frame<'_>,
    line: &impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    match frame.name {
        "event" if options.json => say_data(&frame.data),
        "event" => say_data(&line(
            &serde_json::from_str(&frame.data).unwrap_or_default(),
        )),
        "skipped" => {
            say(&format!("events were skipped: {}", frame.data));
            Ok(())
        }
        "reset" => {
            say("the log has begun again");
            Ok(())
        }
        "bye" => Err(Failure::new("the server has ended the stream").because(&frame.data)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_a_name_and_data() {
        let frame = Frame::parse("id: 7\nevent: event\ndata: {\"a\":1}\n\n");
        let data = "{\"a\":1}".to_owned();
        assert_eq!(
            frame,
            Frame {
                name: "event",
                data
            }
        );
        assert_eq!(Frame::parse("retry: 1000\n\n"), Frame::default());
    }
}
