//! Traces, sent to a collector by OTLP: what became of one request, from service to service. Off
//! unless a collector is named; then nothing is made, and nothing is added to a record.
//!
//! In reading order:
//! - [`context`]: a place in a trace, as it travels: W3C's `traceparent`
//! - [`span`]: what one service did for a trace
//! - [`tracer`]: which traces are recorded, and who belongs to them
//! - [`settings`]: what is configured
//! - `export`, `otlp`: the way to the collector
//!
//! Invariants: whoever records waits for nobody; what waits for the collector is bounded, and what
//! does not get there is counted; no span carries data of a record, only its names and its place.

pub mod context;
mod export;
mod otlp;
pub mod settings;
pub mod span;
pub mod tracer;

pub use context::Context;
pub use export::Exporter;
pub use settings::Settings;
pub use span::{Kind, Place, Span};
pub use tracer::Tracer;
