//! The Bulk API before 2.0: a job has batches, and each batch is processed as a job of 2.0 is.
//!
//! A batch is a [`crate::job::Job`] with a job above it: it waits, is processed, survives a crash and is read by the same
//! code. What is here is the job above it, and how both are spelled. Records that come as JSON or XML are turned into CSV
//! before they are kept. Start reading at [`serve`], then `job`.
//! Source: "Bulk API" (Bulk API 2.0 and Bulk API Developer Guide).

mod info;
pub(crate) mod job;
mod read;
mod records;
mod refusal;
mod request;
mod resources;
mod results;
pub(crate) mod serve;

pub use records::{from_json, from_xml};

/// Wire: the namespace of every element.
const NAMESPACE: &str = "http://www.force.com/2009/06/asyncapi/dataload";

/// Begins every document.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
