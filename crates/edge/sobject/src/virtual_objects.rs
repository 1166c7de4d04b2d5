//! Objects whose records are computed when they are read, as the REST API reaches them.

use axum::body::Body;
use landfall_engine::Staging;
use landfall_http::xml::Root;
use landfall_http::{Answer, Call, Pending};
use landfall_model::Fault;

use crate::object_describe::ObjectDescribe;

/// Objects whose records are computed when they are read, and the API that shows all of them.
///
/// Some are also below the paths of the REST API and in its queries.
pub trait VirtualObjects: Send + Sync {
    /// The entries in the list of all objects of the REST API.
    fn entries(&self, call: &Call) -> Vec<ObjectDescribe<'static>>;

    /// Whether some version of the REST API has an object of this name.
    fn has(&self, name: &str) -> bool;

    /// The basic information about an object.
    ///
    /// # Errors
    /// [`landfall_model::RequestFault::ResourceNotFound`] if the version of the call does not have it.
    fn information(&self, call: &Call, name: &str) -> Result<Answer, Fault>;

    /// The full describe of an object.
    ///
    /// # Errors
    /// [`landfall_model::RequestFault::ResourceNotFound`] if the version of the call does not have it.
    fn describe(&self, call: &Call, name: &str) -> Result<Answer, Fault>;

    /// Whether a statement queries one of them.
    fn is_queried(&self, call: &Call, statement: &str) -> bool;

    /// Answers a query of one of them.
    fn query<'a>(&'a self, call: &'a Call) -> Pending<'a>;

    /// What a path below that of the API has: the methods as `Allow` lists them, and the root of an answer in XML.
    ///
    /// # Errors
    /// [`landfall_model::RequestFault::ResourceNotFound`].
    fn resource(&self, path: &[&str]) -> Result<(&'static str, Root), Fault>;

    /// Answers for a path below that of the API. What it changes is staged, if the request is part of one whose parts take
    /// effect together.
    fn answer<'a>(
        &'a self,
        call: &'a Call,
        path: &'a [&'a str],
        body: Body,
        staging: Option<&'a Staging>,
    ) -> Pending<'a>;
}
