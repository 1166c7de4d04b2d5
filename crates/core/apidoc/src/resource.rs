//! What an API declares of its resources for the `OpenAPI` document.
//!
//! Most resources are the same in every org: [`Described::Fixed`]. Those of objects are described once for each object of
//! the org.

/// A resource as its API declares it.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// Below `/services/data/vNN.0/`, without a slash at the beginning; parameters in braces.
    pub path: &'static str,
    /// Its operations.
    pub described: Described,
}

/// The operations of a resource.
#[derive(Clone, Copy, Debug)]
pub enum Described {
    /// The same in every org. Empty: the resource is not in the document.
    Fixed(&'static [Operation]),
    /// Of each object, platform event and change event: its basic information; new records and events.
    Object,
    /// Of each object, platform event and change event: its full describe.
    Describe,
    /// Of each platform event and change event: its schema.
    EventSchema,
    /// Of each object with records: a record by its id.
    Row,
}

/// An operation that is the same in every org.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// In lower case: `get`.
    pub method: &'static str,
    /// Different for every operation of a document.
    pub id: &'static str,
    /// The group that it is shown in.
    pub tag: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Of the path and of the query string.
    pub parameters: &'static [Parameter],
    /// The list that a body has to have, by the name of the member.
    pub reads: Option<&'static str>,
    /// The body of the answer.
    pub answers: Shape,
}

/// A parameter that is a text.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// As in the path or the query string.
    pub name: &'static str,
    /// Where it is: `path` or `query`.
    pub location: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Whether a request without it is refused.
    pub required: bool,
    /// The values that it can have; empty: any.
    pub values: &'static [&'static str],
}

impl Parameter {
    /// One of the query string that may be left out and has any value.
    pub const fn in_query(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            location: "query",
            description,
            required: false,
            values: &[],
        }
    }

    /// One of the path.
    pub const fn in_path(name: &'static str, description: &'static str) -> Self {
        Self {
            location: "path",
            required: true,
            ..Self::in_query(name, description)
        }
    }
}

/// The body of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An object.
    Object,
    /// A list of objects.
    List,
    /// A page of the records of a query.
    QueryResult,
}

/// The form of the payload in a schema of events.
pub const PAYLOAD_FORMAT: Parameter = Parameter {
    values: &["EXPANDED", "COMPACT"],
    ..Parameter::in_query("payloadFormat", "The form of the schema")
};
