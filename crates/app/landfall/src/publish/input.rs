//! Where the events to publish come from.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::outcome::{Exit, Failure};

/// Events read ahead.
const AHEAD_MAX: usize = 400;

type Item = Result<Map<String, Value>, Failure>;

/// JSON objects, read by a thread as they come.
pub(crate) struct Input {
    items: mpsc::Receiver<Item>,
}

impl Input {
    /// The one event given, or those in a file, or those on stdin.
    ///
    /// # Errors
    /// The event is no JSON object; the file cannot be opened.
    pub(crate) fn open(event: Option<&str>, file: Option<&Path>) -> Result<Self, Failure> {
        let (out, items) = mpsc::channel(AHEAD_MAX);
        match (event, file) {
            (None | Some("-"), None) => read_all("stdin".to_owned(), io::stdin(), out),
            (Some(text), _) => {
                let event = serde_json::from_str(text).map_err(|error| {
                    Failure::new("the event is not a JSON object")
                        .caused_by(&error)
                        .exit(Exit::Usage)
                })?;
                // There is room: nothing was sent yet.
                let _ = out.try_send(Ok(event));
            }
            (None, Some(path)) => {
                let name = path.display().to_string();
                let file = File::open(path).map_err(|error| {
                    Failure::new(format!("cannot read {name}")).caused_by(&error)
                })?;
                read_all(name, file, out);
            }
        }
        Ok(Self { items })
    }

    /// Takes what is there, at least one event and at most `max`, and says whether more may come.
    ///
    /// # Errors
    /// What follows the events taken is not JSON objects.
    pub(crate) async fn take(
        &mut self,
        batch: &mut Vec<Map<String, Value>>,
        max: usize,
    ) -> Result<bool, Failure> {
        let mut items = Vec::new();
        let taken = self.items.recv_many(&mut items, max).await;
        for item in items {
            batch.push(item?);
        }
        Ok(taken > 0)
    }
}

/// Reads in a thread of its own: a terminal may be silent for ever, and must not keep the command from ending.
fn read_all(name: String, source: impl Read + Send + 'static, out: mpsc::Sender<Item>) {
    std::thread::spawn(move || {
        let events = serde_json::Deserializer::from_reader(BufReader::new(source))
            .into_iter::<Map<String, Value>>();
        for event in events {
            let event = event.map_err(|error| {
                Failure::new(format!("{name} is not JSON objects one after another"))
                    .caused_by(&error)
            });
            let is_last = event.is_err();
            if out.blocking_send(event).is_err() || is_last {
                return;
            }
        }
    });
}
