//! Documents made of the schemas and of who writes and reads which topic: an AsyncAPI document for
//! tools, pages for people, and the data of the web page's catalogue.
//!
//! In reading order:
//! - [`input`]: what the documents are made of
//! - [`schema`]: how types of schemas are told to people
//! - [`fields`]: a schema as a list of fields, and how two of its revisions differ
//! - [`mod@catalogue`]: everything that is known of each message
//! - [`mod@asyncapi`], with [`headers`] and [`example`]: the document for tools
//! - [`mod@markdown`]: the pages
//! - [`mod@documents`]: all of them as files, and how they differ from those that are there
//!
//! Invariant: the same input makes the same bytes, whatever the day or the machine.

pub mod asyncapi;
pub mod catalogue;
pub mod documents;
pub mod example;
pub mod fields;
pub mod headers;
pub mod input;
pub mod markdown;
pub mod schema;

pub use asyncapi::asyncapi;
pub use catalogue::catalogue;
pub use documents::{Drift, documents, drift, write};
pub use input::{Example, Input, Schema, Service, Topic};
pub use markdown::markdown;
