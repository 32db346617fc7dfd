use std::{collections::HashMap, sync::Arc, time::SystemTime};

use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1,
};
use tokio::{net::TcpListener, sync::Mutex};

use super::*;
use crate::{Env, trace::Kind};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

type Taken = Arc<Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>>;

/// A collector, and what it takes.
async fn collector() -> (String, Taken) {
    let taken = Taken::default();
    let takes = Arc::clone(&taken);
    let take = async move |headers: HeaderMap, body: Bytes| {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        takes.lock().await.push((headers, request));
    };
    let router = Router::new().route("/v1/traces", post(take));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, taken)
}

fn settings(url: &str) -> Option<Settings> {
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t"),
        ("ONEWAY_INSTANCE", "orders-1"),
    ];
    let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Settings::from_env(&Env::new("orders", HashMap::from(owned)))
}

fn span(tracer: &Tracer) -> Span {
    let place = tracer.after(Some(PARENT)).unwrap();
    let span = place.span(Kind::Consumer, "apply order_created", SystemTime::now());
    span.with("messaging.kafka.offset", 7).failed("no")
}

/// Text of an attribute.
fn text(attributes: &[opentelemetry_proto::tonic::common::v1::KeyValue], key: &str) -> String {
    let attribute = attributes.iter().find(|attribute| attribute.key == key).unwrap();
    match attribute.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => text,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn what_waits_is_sent_before_the_end() {
    let (url, taken) = collector().await;
    let (tracer, exporter) = Exporter::start("orders", settings(&url)).unwrap();
    let sent = span(&tracer);
    tracer.send(sent.clone());
    exporter.unwrap().finish().await;
    let taken = taken.lock().await;
    let (headers, request) = taken.first().unwrap();
    assert_eq!(headers["authorization"], "Bearer t");
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let of = request.resource_spans.first().unwrap();
    let resource = &of.resource.as_ref().unwrap().attributes;
    assert_eq!(text(resource, "service.name"), "orders");
    assert_eq!(text(resource, "service.instance.id"), "orders-1");
    let span = of.scope_spans.first().unwrap().spans.first().unwrap();
    let ids = [&span.trace_id, &span.parent_span_id, &span.span_id]
        .map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    assert_eq!(ids[..2], ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"]);
    assert_eq!(sent.place.context().to_string(), format!("00-{}-{}-01", ids[0], ids[2]));
    assert_eq!(
        (span.name.as_str(), span.kind()),
        ("apply order_created", v1::span::SpanKind::Consumer)
    );
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    assert_eq!(text(&span.attributes, "messaging.kafka.offset"), "IntValue(7)");
    assert_eq!(span.status.as_ref().unwrap().message, "no");
}

#[test]
fn a_collector_that_is_away_costs_its_spans_alone() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let url = format!("http://{free}");
            let (tracer, exporter) = Exporter::start("orders", settings(&url)).unwrap();
            let shown = metrics.render();
            assert!(shown.contains("spans_dropped_total{reason=\"undelivered\"} 0"), "{shown}");
            for _ in 0..QUEUE + 3 {
                tracer.send(span(&tracer));
            }
            exporter.unwrap().finish().await;
        });
    });
    let shown = metrics.render();
    assert!(shown.contains("spans_dropped_total{reason=\"queue_full\"} 3"), "{shown}");
    let undelivered = format!("spans_dropped_total{{reason=\"undelivered\"}} {QUEUE}");
    assert!(shown.contains(&undelivered), "{shown}");
    assert!(shown.contains("spans_sent_total 0"), "{shown}");
}

#[tokio::test]
async fn without_a_collector_nothing_is_recorded() {
    let (tracer, exporter) = Exporter::start("orders", settings("")).unwrap();
    assert!(exporter.is_none() && !tracer.is_on());
}
