//! `tracing` to stdout, as text for people or JSON for machines (`LOG_FORMAT`), filtered by
//! `RUST_LOG`. A thread writes the lines: a disk that is busy, or a reader that does not read, must
//! not hold back who logs. Lines that find no room are lost.

use std::str::FromStr;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt::layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::badge;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line of text.
    Text,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("use text or json"),
        }
    }
}

/// Lines that wait to be written at most.
const QUEUE: usize = 10_000;

/// Starts logging; called once, first. What waits to be written is written when the guard is
/// dropped.
pub fn init(format: Format, filter: Option<&str>) -> WorkerGuard {
    let (writer, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(QUEUE).finish(std::io::stdout());
    let filter = filter_of(filter);
    let registry = tracing_subscriber::registry().with(filter);
    // Fails only when a logger is set already, as in tests: then that one stays.
    let _ = match format {
        Format::Text => registry.with(layer().with_ansi(false).with_writer(writer)).try_init(),
        Format::Json => registry
            .with(layer().json().flatten_event(true).with_ansi(false).with_writer(writer))
            .try_init(),
    };
    guard
}

/// What is logged. Whose a line is must show however little of it is.
fn filter_of(wish: Option<&str>) -> EnvFilter {
    let filter = EnvFilter::new(wish.unwrap_or("info"));
    match format!("{}=error", badge::SPANS).parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}
