//! `merge`: up to 200 requests, each a transaction of its own.
//!
//! Source: `merge()`, `MergeResult` (SOAP API Developer Guide).

use landfall_engine::{Merge, Merged};
use landfall_http::refused;
use landfall_model::{Fault, ManyFault, RecordId};
use landfall_xml::{Element, Writer};

use crate::call::Call;
use crate::commit::{check_access, check_count, id_of, of_one, write_error};
use crate::input;
use crate::lookup;

/// What requests are called. Clients: the WSDL has the first name, jsforce the second.
const REQUESTS: [&str; 2] = ["request", "mergeRequests"];

/// Answers with the result of each request.
pub(crate) async fn merge(call: &Call<'_>, w: &mut Writer) -> Result<(), Fault> {
    let requests: Vec<&Element> = REQUESTS
        .into_iter()
        .flat_map(|name| call.arguments(name))
        .collect();
    check_count(requests.len())?;
    let mut merges = Vec::with_capacity(requests.len());
    for request in requests {
        merges.push(of_one(merge_of(call, request).await)?);
    }
    for merge in merges {
        let outcome = match merge {
            Ok(merge) => {
                let ids = (merge.master, merge.victims.clone());
                attempt(call, merge).await?.map(|merged| (ids, merged))
            }
            Err(fault) => Err(fault),
        };
        w.element("result", |w| write_outcome(call, w, outcome));
    }
    Ok(())
}

/// What a request asks for.
async fn merge_of(call: &Call<'_>, request: &Element) -> Result<Merge, Fault> {
    let empty = Element::default();
    let record = request.child("masterRecord").unwrap_or(&empty);
    let entity = input::entity_of(call, record)?;
    check_access(call, entity)?;
    let record = &*lookup::resolved(call, entity, record).await?;
    let master = input::id(entity, record)?;
    let victims = request.children_named("recordToMergeIds");
    Ok(Merge {
        master: master.ok_or(Fault::Many(ManyFault::IdMissing))?,
        values: input::values(entity, record, None)?,
        victims: victims
            .map(|id| id_of(id.text.trim()))
            .collect::<Result<_, _>>()?,
        entity: entity.clone(),
    })
}

async fn attempt(call: &Call<'_>, merge: Merge) -> Result<Result<Merged, Fault>, Fault> {
    let engine = &call.state.engine;
    let transaction = engine.open(call.login.user_id, call.origin()).await;
    let transaction = transaction.map_err(refused)?;
    let merged = transaction.merge(merge).await.map_err(refused)?;
    if merged.is_ok() {
        transaction.commit().await.map_err(refused)?;
    }
    Ok(merged)
}

/// `errors`, `id`, `mergedRecordIds`, `success`, `updatedRelatedIds`: the order of the WSDL.
fn write_outcome(
    call: &Call<'_>,
    w: &mut Writer,
    outcome: Result<((RecordId, Vec<RecordId>), Merged), Fault>,
) {
    match outcome {
        Ok(((master, victims), merged)) => {
            w.text("id", master.as_str());
            for victim in &victims {
                w.text("mergedRecordIds", victim.as_str());
            }
            w.boolean("success", true);
            for related in &merged.related {
                w.text("updatedRelatedIds", related.as_str());
            }
        }
        Err(fault) => {
            write_error(call, w, &fault);
            w.nil("id");
            w.boolean("success", false);
        }
    }
}
