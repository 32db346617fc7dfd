//! A collector of traces: takes what OTLP over HTTP brings, read by OpenTelemetry's own messages.

use std::{
    collections::BTreeMap,
    net::TcpListener as Bound,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use tokio::{net::TcpListener, task::JoinHandle};

/// A span that was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub service: String,
    /// Only what has a name of its own tells it.
    pub instance_is_right: bool,
    pub name: String,
    pub kind: String,
    pub trace: String,
    pub id: String,
    /// Empty: none.
    pub parent: String,
    pub started: u64,
    pub ended: u64,
    pub failure: String,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Default)]
struct Taken {
    spans: Vec<Seen>,
    authorizations: Vec<String>,
}

/// Runs until it is dropped.
pub struct Collector {
    pub url: String,
    taken: Arc<Mutex<Taken>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub async fn start(address: &str) -> Self {
        let taken = Arc::new(Mutex::new(Taken::default()));
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&taken));
        let listener = TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, taken, task }
    }

    /// Where nobody listens.
    pub fn free_address() -> String {
        Bound::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
    }

    pub fn all(&self) -> Vec<Seen> {
        self.taken.lock().unwrap().spans.clone()
    }

    /// The spans of a trace.
    pub fn of(&self, trace: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|span| span.trace == trace).collect()
    }

    pub fn authorizations(&self) -> Vec<String> {
        self.taken.lock().unwrap().authorizations.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(taken): State<Arc<Mutex<Taken>>>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let mut taken = taken.lock().unwrap();
    let sent = headers.get("authorization").map(|value| value.to_str().unwrap());
    taken.authorizations.push(sent.unwrap_or_default().to_owned());
    for of in request.resource_spans {
        let resource = texts(&of.resource.unwrap().attributes);
        let spans = of.scope_spans.into_iter().flat_map(|scope| scope.spans);
        taken.spans.extend(spans.map(|span| seen(&resource, span)));
    }
}

fn seen(resource: &BTreeMap<String, String>, span: Span) -> Seen {
    let service = resource["service.name"].clone();
    let instance = resource.get("service.instance.id");
    Seen {
        instance_is_right: instance.is_none_or(|name| name.starts_with(&service)),
        service,
        kind: span.kind().as_str_name().to_owned(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        started: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        failure: span.status.map(|status| status.message).unwrap_or_default(),
        attributes: texts(&span.attributes),
        name: span.name,
    }
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone().unwrap().value.unwrap() {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    };
    attributes.iter().map(|one| (one.key.clone(), text(one))).collect()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
