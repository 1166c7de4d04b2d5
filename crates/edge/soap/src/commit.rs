//! What all calls that change records do: who may, how many, in which transaction, and what the answer says.

use landfall_auth::Act;
use landfall_engine::{Change, Outcome, Transaction};
use landfall_http::refused;
use landfall_model::limits::REST_COLLECTION_RECORDS_MAX;
use landfall_model::{EntityDefinition, Fault, ManyFault, RecordFault, RecordId, SoapFault};
use landfall_xml::Writer;

use crate::call::Call;
use crate::truncation;

/// # Errors
/// [`ManyFault::RecordsTooMany`].
pub(crate) fn check_count(count: usize) -> Result<(), Fault> {
    let most = REST_COLLECTION_RECORDS_MAX;
    if count > most {
        return Err(Fault::Many(ManyFault::RecordsTooMany { most }));
    }
    Ok(())
}

/// # Errors
/// [`RecordFault::AccessDenied`].
pub(crate) fn check_access(call: &Call<'_>, entity: &EntityDefinition) -> Result<(), Fault> {
    if call.login.access().may(Act::Edit, entity) {
        Ok(())
    } else {
        Err(Fault::Record(RecordFault::AccessDenied))
    }
}

/// Reads an id.
///
/// # Errors
/// [`ManyFault::IdUnreadable`].
pub(crate) fn id_of(text: &str) -> Result<RecordId, Fault> {
    RecordId::parse(text).map_err(|_| {
        Fault::Many(ManyFault::IdUnreadable {
            value: text.to_owned(),
        })
    })
}

/// Separates the faults of one record from those of the whole call.
pub(crate) fn of_one<T>(made: Result<T, Fault>) -> Result<Result<T, Fault>, Fault> {
    match made {
        Err(fault @ Fault::Soap(SoapFault::ValueInvalid { .. } | SoapFault::TypeMissing)) => {
            Err(fault)
        }
        made => Ok(made),
    }
}

/// Makes the changes of a call in one transaction.
pub(crate) async fn commit(
    call: &Call<'_>,
    mut changes: Vec<Change>,
) -> Result<Vec<Outcome>, Fault> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    if call.cuts_texts() {
        changes.iter_mut().for_each(truncation::cut);
    }
    let transaction = Transaction {
        changes,
        all_or_none: call.is_all_or_none(),
        user: call.login.user_id,
        origin: call.origin(),
    };
    call.state.engine.commit(transaction).await.map_err(refused)
}

/// Writes the result of a change: errors, id, success.
pub(crate) fn write_outcome(
    call: &Call<'_>,
    w: &mut Writer,
    outcome: &Outcome,
    kept: Option<&str>,
) {
    match outcome {
        Ok(saved) => {
            w.text("id", saved.id.as_str());
            w.boolean("success", true);
        }
        Err(fault) => {
            write_error(call, w, fault);
            w.text_or_nil("id", kept);
            w.boolean("success", false);
        }
    }
}

/// Writes why something is refused, as one of `errors`, and reports it.
pub(crate) fn write_error(call: &Call<'_>, w: &mut Writer, fault: &Fault) {
    call.report(fault);
    for part in landfall_wire::parts(fault) {
        let error = landfall_wire::soap(&part);
        w.element("errors", |w| {
            for field in &error.fields {
                w.text("fields", field);
            }
            w.text("message", &error.message);
            w.text("statusCode", error.code);
        });
    }
}
