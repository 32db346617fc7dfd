//! Spans as OTLP has them.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value},
    resource::v1::Resource,
    trace::v1::{self as wire, ResourceSpans, ScopeSpans, Status, span::SpanKind, status},
};

use super::span::{Kind, Span, Value};

/// Bits of a span's flags: it is recorded, and it is known whether its parent is elsewhere.
const SAMPLED: u32 = 1;
const KNOWS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// Who has done it: the service, and which of its instances, if that has a name.
pub fn resource(service: &'static str, instance: Option<String>) -> Resource {
    let mut attributes = vec![
        attribute("service.name", service.into()),
        attribute("service.version", env!("CARGO_PKG_VERSION").into()),
    ];
    attributes.extend(instance.map(|name| attribute("service.instance.id", name.into())));
    Resource { attributes, ..Resource::default() }
}

/// What is sent.
pub fn request(resource: &Resource, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope = InstrumentationScope { name: "oneway".to_owned(), ..Default::default() };
    let spans = spans.into_iter().map(span).collect();
    let spans = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource.clone()),
            scope_spans: vec![spans],
            ..ResourceSpans::default()
        }],
    }
}

fn span(span: Span) -> wire::Span {
    let Span { place, kind, name, started, ended, attributes, failure } = span;
    // Every parent is another process's: a span has no parts.
    let remote = if place.parent.is_some() { IS_REMOTE } else { 0 };
    wire::Span {
        trace_id: place.context.trace.to_be_bytes().into(),
        span_id: place.context.span.to_be_bytes().into(),
        parent_span_id: place.parent.map(|id| id.to_be_bytes().into()).unwrap_or_default(),
        flags: SAMPLED | KNOWS_REMOTE | remote,
        name,
        kind: kind_of(kind).into(),
        start_time_unix_nano: nanos(started),
        end_time_unix_nano: nanos(ended),
        attributes: attributes.into_iter().map(|(key, value)| attribute(key, value)).collect(),
        status: failure.map(|message| Status {
            message: message.into_owned(),
            code: status::StatusCode::Error.into(),
        }),
        ..wire::Span::default()
    }
}

const fn kind_of(kind: Kind) -> SpanKind {
    match kind {
        Kind::Server => SpanKind::Server,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = match value {
        Value::Text(text) => any_value::Value::StringValue(text.into_owned()),
        Value::Number(number) => any_value::Value::IntValue(number),
    };
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
}

fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
