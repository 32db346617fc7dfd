//! `tracing` to stdout, as text for people or JSON for machines (`LOG_FORMAT`), filtered by
//! `RUST_LOG`.

use std::str::FromStr;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

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

/// Starts logging; called once, first.
pub fn init(format: Format, filter: Option<&str>) {
    let filter = EnvFilter::new(filter.unwrap_or("info"));
    let registry = tracing_subscriber::registry().with(filter);
    // Fails only when a logger is set already, as in tests: then that one stays.
    let _ = match format {
        Format::Text => registry.with(tracing_subscriber::fmt::layer().with_ansi(false)).try_init(),
        Format::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_ansi(false))
            .try_init(),
    };
}
