//! Publishing platform events: each record of a job is one, and a transaction of them is kept as that of records is.
//!
//! Source: "Publish Event Messages with Salesforce APIs" (Platform Events Developer Guide); how results tell it is ours.

use landfall_engine::usage::Client;
use landfall_engine::{Change, Engine, NewEvent, Outcome, Publication, Rights, Saved};
use landfall_model::{Fault, RequestFault};
use landfall_store::Document;

use crate::error::Error;

/// Publishes the events that these changes are the creation of, and keeps with them what `note` makes of the results of
/// each. If there may not be as many now, each is refused.
///
/// # Errors
/// [`Error::Engine`]: nothing was kept.
pub(crate) async fn publish(
    engine: &Engine,
    publication: &Publication,
    rights: &Rights,
    changes: Vec<Change>,
    note: impl Fn(&[Outcome]) -> Vec<Document>,
) -> Result<Vec<Outcome>, Error> {
    let mut events = Vec::with_capacity(changes.len());
    let mut outcomes = Vec::with_capacity(changes.len());
    for change in changes {
        outcomes.push(
            prepared(engine, publication, rights, change)?.map(|(saved, event)| {
                events.push(event);
                saved
            }),
        );
    }
    let documents = note(&outcomes);
    let published = engine.publish_noting(&Client::Bulk, events, documents);
    match published.await {
        Ok(_) => {}
        Err(landfall_engine::Error::Refused(fault)) => {
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                *outcome = Err(fault.clone());
            }
            engine.put(note(&outcomes)).await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(outcomes)
}

/// An event with the values of a record, or why it is none.
fn prepared(
    engine: &Engine,
    publication: &Publication,
    rights: &Rights,
    change: Change,
) -> Result<Result<(Saved, NewEvent), Fault>, Error> {
    let values = match change {
        Change::Create { values, .. } => values,
        Change::Refused(fault) => return Ok(Err(fault)),
        // Jobs of events insert.
        _ => return Ok(Err(Fault::Request(RequestFault::ResourceNotFound))),
    };
    match engine.prepare(publication, rights, values) {
        Ok((published, event)) => {
            let saved = Saved {
                id: published.id,
                created: true,
            };
            Ok(Ok((saved, event)))
        }
        Err(landfall_engine::Error::Refused(fault)) => Ok(Err(fault)),
        Err(error) => Err(error.into()),
    }
}
