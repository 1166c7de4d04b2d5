//! `delete`, `undelete`, `emptyRecycleBin`: up to 200 records, one transaction, a result for each.
//!
//! Source: the calls of these names (SOAP API Developer Guide).

use std::sync::Arc;

use landfall_engine::Change;
use landfall_model::{EntityDefinition, Fault, RecordFault, RecordId};
use landfall_xml::Writer;

use crate::call::Call;
use crate::commit::{check_access, check_count, commit, id_of, write_outcome};

/// Puts records into the recycle bin.
pub(crate) async fn delete(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let ids = ids(call)?;
    let change = |entity, id| Change::Delete { entity, id };
    let changes = changes(call, &ids, &Fault::Record(RecordFault::Unknown), change);
    for outcome in commit(call, changes).await? {
        w.element("result", |w| write_outcome(call, w, &outcome, None));
    }
    Ok(())
}

/// Restores records from the recycle bin, with those that their deletion cascaded to. A record that stays there keeps its
/// id in the answer.
pub(crate) async fn undelete(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let ids = ids(call)?;
    let change = |entity, id| Change::Undelete { entity, id };
    let changes = changes(call, &ids, &Fault::Record(RecordFault::NotDeleted), change);
    let outcomes = commit(call, changes).await?;
    for (outcome, id) in outcomes.into_iter().zip(ids) {
        // What never was a record is not in the bin either.
        let outcome = outcome.map_err(|fault| match fault {
            Fault::Record(RecordFault::Unknown | RecordFault::NotFound) => {
                Fault::Record(RecordFault::NotDeleted)
            }
            fault => fault,
        });
        w.element("result", |w| write_outcome(call, w, &outcome, Some(id)));
    }
    Ok(())
}

/// Purges records in the recycle bin, with those that their deletion cascaded to.
pub(crate) async fn purge(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let ids = ids(call)?;
    let change = |entity, id| Change::Purge { entity, id };
    let changes = changes(
        call,
        &ids,
        &Fault::Record(RecordFault::BinEntryMissing),
        change,
    );
    let outcomes = commit(call, changes).await?;
    for (outcome, id) in outcomes.into_iter().zip(ids) {
        w.element("result", |w| write_outcome(call, w, &outcome, Some(id)));
    }
    Ok(())
}

/// The ids of a call, as they are written.
fn ids<'r>(call: &Call<'r>) -> Result<Vec<&'r str>, Fault> {
    let ids = call.arguments("ids");
    check_count(ids.len())?;
    Ok(ids.into_iter().map(|id| id.text.trim()).collect())
}

/// What each id comes to; `unknown` for one of no object.
fn changes(
    call: &Call<'_>,
    ids: &[&str],
    unknown: &Fault,
    change: impl Fn(Arc<EntityDefinition>, RecordId) -> Change,
) -> Vec<Change> {
    let change = |text: &&str| {
        let id = id_of(text)?;
        let entity = call.catalog().entity_of(id.prefix());
        let entity = entity.ok_or_else(|| unknown.clone())?;
        check_access(call, entity)?;
        Ok(change(Arc::clone(entity), id))
    };
    let changes = ids.iter().map(change);
    changes
        .map(|change| change.unwrap_or_else(Change::Refused))
        .collect()
}
