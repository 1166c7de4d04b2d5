//! Who answers which call.

use landfall_model::{Fault, SoapFault};
use landfall_xml::Writer;

use crate::call::Call;
use crate::{convert, describe, merge, query, recycle, replicate, retrieve, save, search, session};

/// Answers a call with its results: the elements within `…Response`.
///
/// # Errors
/// The fault of the whole call; [`SoapFault::OperationUnknown`] for what is not served.
pub(crate) async fn perform(call: &Call<'_>) -> Result<String, Fault> {
    let mut w = Writer::new();
    match call.envelope.operation.name.as_str() {
        "convertLead" => convert::convert(call, &mut w).await?,
        "create" => save::create(call, &mut w).await?,
        "delete" => recycle::delete(call, &mut w).await?,
        "describeGlobal" => describe::global(call, &mut w),
        "describeSObject" => describe::object(call, &mut w)?,
        "describeSObjects" => describe::objects(call, &mut w)?,
        "emptyRecycleBin" => recycle::purge(call, &mut w).await?,
        "getDeleted" => replicate::deleted(call, &mut w).await?,
        "getServerTimestamp" => session::server_timestamp(call, &mut w),
        "getUpdated" => replicate::updated(call, &mut w).await?,
        "getUserInfo" => session::user_info(call, &mut w).await?,
        "invalidateSessions" => session::invalidate(call, &mut w).await?,
        "logout" => session::logout(call).await?,
        "merge" => merge::merge(call, &mut w).await?,
        "query" => query::query(call, &mut w, false).await?,
        "queryAll" => query::query(call, &mut w, true).await?,
        "queryMore" => query::more(call, &mut w).await?,
        "retrieve" => retrieve::retrieve(call, &mut w).await?,
        "search" => search::search(call, &mut w).await?,
        "setPassword" => session::set_password(call, &mut w).await?,
        "undelete" => recycle::undelete(call, &mut w).await?,
        "update" => save::update(call, &mut w).await?,
        "upsert" => save::upsert(call, &mut w).await?,
        name => return Err(unknown(call, name)),
    }
    Ok(w.finish())
}

fn unknown(call: &Call<'_>, name: &str) -> Fault {
    Fault::Soap(SoapFault::OperationUnknown {
        namespace: call.endpoint.dialect.namespace(),
        name: name.to_owned(),
    })
}
