//! Which function answers which call. To add a call, add its declaration to [`OPERATIONS`].

use std::future::ready;
use std::pin::Pin;

use landfall_model::{Fault, SoapFault};
use landfall_xml::Writer;

use crate::call::Call;
use crate::{convert, describe, merge, query, recycle, replicate, retrieve, save, search, session};

type Pending<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A call: its name, and the function that answers it.
struct Operation(
    &'static str,
    for<'a> fn(&'a Call<'a>, &'a mut Writer) -> Pending<'a>,
);

/// Every call of a client that is logged in, sorted by name.
const OPERATIONS: &[Operation] = &[
    Operation("convertLead", |call, w| Box::pin(convert::convert(call, w))),
    Operation("create", |call, w| Box::pin(save::create(call, w))),
    Operation("delete", |call, w| Box::pin(recycle::delete(call, w))),
    Operation("describeGlobal", |call, w| {
        describe::global(call, w);
        Box::pin(ready(Ok(())))
    }),
    Operation("describeSObject", |call, w| {
        Box::pin(ready(describe::object(call, w)))
    }),
    Operation("describeSObjects", |call, w| {
        Box::pin(ready(describe::objects(call, w)))
    }),
    Operation("emptyRecycleBin", |call, w| {
        Box::pin(recycle::purge(call, w))
    }),
    Operation("getDeleted", |call, w| {
        Box::pin(replicate::deleted(call, w))
    }),
    Operation("getServerTimestamp", |call, w| {
        session::server_timestamp(call, w);
        Box::pin(ready(Ok(())))
    }),
    Operation("getUpdated", |call, w| {
        Box::pin(replicate::updated(call, w))
    }),
    Operation("getUserInfo", |call, w| {
        Box::pin(session::user_info(call, w))
    }),
    Operation("invalidateSessions", |call, w| {
        Box::pin(session::invalidate(call, w))
    }),
    Operation("logout", |call, _| Box::pin(session::logout(call))),
    Operation("merge", |call, w| Box::pin(merge::merge(call, w))),
    Operation("query", |call, w| Box::pin(query::query(call, w, false))),
    Operation("queryAll", |call, w| Box::pin(query::query(call, w, true))),
    Operation("queryMore", |call, w| Box::pin(query::more(call, w))),
    Operation("retrieve", |call, w| Box::pin(retrieve::retrieve(call, w))),
    Operation("search", |call, w| Box::pin(search::search(call, w))),
    Operation("setPassword", |call, w| {
        Box::pin(session::set_password(call, w))
    }),
    Operation("undelete", |call, w| Box::pin(recycle::undelete(call, w))),
    Operation("update", |call, w| Box::pin(save::update(call, w))),
    Operation("upsert", |call, w| Box::pin(save::upsert(call, w))),
];

/// The names of the calls, that of a login among them.
pub fn operations() -> impl Iterator<Item = &'static str> {
    let calls = OPERATIONS.iter().map(|Operation(name, _)| *name);
    calls.chain([session::LOGIN])
}

/// Answers a call with its results: the elements within `…Response`.
///
/// # Errors
/// The fault of the whole call; [`SoapFault::OperationUnknown`] for what is not served.
pub(crate) async fn perform(call: &Call<'_>) -> Result<String, Fault> {
    let name = call.envelope.operation.name.as_str();
    let mut operations = OPERATIONS.iter();
    let Some(Operation(_, answer)) = operations.find(|Operation(own, _)| *own == name) else {
        return Err(unknown(call, name));
    };
    let mut w = Writer::new();
    answer(call, &mut w).await?;
    Ok(w.finish())
}

fn unknown(call: &Call<'_>, name: &str) -> Fault {
    Fault::Soap(SoapFault::OperationUnknown {
        namespace: call.endpoint.dialect.namespace(),
        name: name.to_owned(),
    })
}
