//! Traces, as a collector gets them: one from a client's request to the notification of what it
//! changed, by way of a policy; and a collector that is not there.

mod collector;

use collector::{Collector, Seen};
use serde_json::{Value, json};
use testkit::{Installation, eventually};
use uuid::Uuid;

use crate::{
    changes::stream::{Event, Stream},
    story::{customer, order_is},
};

const SERVICES: [&str; 6] = [
    "command-api",
    "command-processor",
    "orders",
    "order-confirmation",
    "order-valuation",
    "change-notifier",
];

/// From the last span to the first.
const CHAIN: [(&str, &str); 7] = [
    ("change-notifier", "notify"),
    ("orders", "apply order_confirmation_required"),
    ("command-processor", "decide require_confirmation"),
    ("order-confirmation", "send require_confirmation"),
    ("order-confirmation", "apply order_created"),
    ("command-processor", "decide create_order"),
    ("command-api", "POST /v1/orders"),
];

/// The same of the value in USD, for which the order has to wait: its trace is kept with it.
const VALUED: [(&str, &str); 4] = [
    ("command-processor", "decide add_usd_rate_and_value"),
    ("order-valuation", "send add_usd_rate_and_value"),
    ("command-processor", "decide create_order"),
    ("command-api", "POST /v1/orders"),
];

/// Places an order of a client that has a span of its own.
async fn order(installation: &Installation, value: &str, traceparent: &str) -> String {
    let body = json!({ "customerId": "anna", "text": "records", "value": value });
    let request = installation.http.post(installation.url("command-api", "/v1/orders"));
    let request = request.header("traceparent", traceparent).json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let answer: Value = answer.json().await.unwrap();
    answer["aggregateId"].as_str().unwrap().to_owned()
}

/// The spans from one to the first that is not known, by their parents.
fn chain<'a>(spans: &'a [Seen], last: &'a Seen) -> Vec<&'a Seen> {
    let mut chain = vec![last];
    while let Some(parent) = spans.iter().find(|span| span.id == chain[chain.len() - 1].parent) {
        chain.push(parent);
    }
    chain
}

/// The spans that are these, from the last to the first.
fn unbroken(spans: &[Seen], wanted: &[(&str, &str)]) -> Option<Vec<Seen>> {
    let mut chains = spans.iter().map(|last| chain(spans, last));
    let found = chains.find(|chain| names(chain) == wanted)?;
    Some(found.into_iter().cloned().collect())
}

fn names<'a>(chain: &[&'a Seen]) -> Vec<(&'a str, &'a str)> {
    chain.iter().map(|span| (span.service.as_str(), span.name.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_reaches_from_the_request_to_the_notification() {
    let collector = Collector::start("127.0.0.1:0").await;
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20sesame"),
    ];
    let installation = Installation::start(&SERVICES, &env).await;
    let mut stream = Stream::open(&installation.url("change-notifier", ""), "", None).await;
    assert_eq!(stream.next().await.name, "ready");

    // Not recorded, by the client's own wish; nor, later, anything that it causes.
    let (trace, client) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let unwanted = "1af7651916cd43dd8448eb211c80319c";
    let small = order(&installation, "5", &format!("00-{unwanted}-{client}-00")).await;
    order_is(&installation, &small, "confirmed").await;

    let large = order(&installation, "1500", &format!("00-{trace}-{client}-01")).await;
    let is_told = |event: &Event| {
        event.data["rowId"] == json!(large) && event.data["details"]["status"] == "unconfirmed"
    };
    stream.until(is_told).await;
    let look = async || {
        let spans = collector.of(trace);
        match (unbroken(&spans, &CHAIN), unbroken(&spans, &VALUED)) {
            (Some(chain), Some(valued)) => Ok((chain, valued)),
            _ => Err(spans),
        }
    };
    let (whole, valued) = eventually("unbroken traces", look, Result::is_ok).await.unwrap();
    for chain in [&whole, &valued] {
        assert_eq!(chain.last().unwrap().parent, client, "it joins the client's");
    }
    says_what_and_where(&whole);

    let all = collector.all();
    let mut ids: Vec<_> = all.iter().map(|span| &span.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all.len(), "each span is told once: {all:?}");
    assert_eq!(collector.of(unwanted), [], "what the client does not want");
    assert!(all.iter().all(|span| span.instance_is_right), "{all:?}");
    assert!(collector.authorizations().iter().all(|sent| sent == "Bearer sesame"));
    roots_have_the_id_of_their_correlation(&installation, &collector).await;
}

/// What the spans of the chain say.
fn says_what_and_where(chain: &[Seen]) {
    let [notify, apply, _, send, .., decide, request] = chain else { panic!("{chain:?}") };
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/orders"),
        ("http.response.status_code", "201"),
        ("oneway.command.type", "create_order"),
        ("oneway.aggregate.type", "order"),
    ] {
        assert_eq!(request.attributes[name], value, "{request:?}");
    }
    assert_eq!(request.kind, "SPAN_KIND_SERVER");
    assert_eq!(decide.attributes["oneway.outcome"], "accepted");
    assert_eq!(decide.attributes["messaging.destination.name"], "order.commands");
    assert_eq!(decide.attributes["oneway.command.id"], request.attributes["oneway.command.id"]);
    assert_eq!(
        (send.kind.as_str(), apply.kind.as_str()),
        ("SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER")
    );
    for (name, value) in [
        ("messaging.system", "kafka"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", "order.events"),
        ("messaging.consumer.group.name", "orders"),
    ] {
        assert_eq!(apply.attributes[name], value, "{apply:?}");
    }
    assert!(apply.attributes["messaging.kafka.offset"].parse::<i64>().is_ok(), "{apply:?}");
    assert_eq!(notify.attributes["oneway.clients"], "1", "{notify:?}");
    assert!(chain.iter().all(|span| span.started < span.ended && span.failure.is_empty()));
}

/// Without a client's span a trace begins, and is found by the correlation id.
async fn roots_have_the_id_of_their_correlation(
    installation: &Installation,
    collector: &Collector,
) {
    let correlation = Uuid::now_v7();
    let body = json!({ "name": "" });
    for (path, body) in [("/v1/customers", json!({ "name": "Anna" })), ("/v1/customers", body)] {
        let request = installation.http.post(installation.url("command-api", path)).json(&body);
        request.header("x-correlation-id", correlation.to_string()).send().await.unwrap();
    }
    let look = async || collector.of(&correlation.simple().to_string());
    let is_whole = |spans: &Vec<Seen>| spans.len() >= 3;
    let spans = eventually("two requests and a decision", look, is_whole).await;
    let mut roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
    roots.sort_by_key(|span| span.started);
    let statuses: Vec<_> =
        roots.iter().map(|r| &r.attributes["http.response.status_code"]).collect();
    assert_eq!(statuses, ["201", "422"], "{spans:?}");
    assert!(spans.iter().any(|span| span.name == "decide create_customer"), "{spans:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_changes_nothing() {
    let address = Collector::free_address();
    let url = format!("http://{address}");
    let env = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
    let installation = Installation::start(&["command-api", "command-processor"], &env).await;
    let metrics = async || {
        let url = installation.admin_url("command-api", "/metrics");
        installation.http.get(url).send().await.unwrap().text().await.unwrap()
    };
    let shows = |what: &str| format!("oneway_trace_spans_{what}");
    for n in 1..=2 {
        customer(&installation, "Anna").await;
        let lost = shows(&format!("dropped_total{{reason=\"undelivered\"}} {n}\n"));
        eventually("the span to be lost", metrics, |shown| shown.contains(&lost)).await;
    }
    // Once it is there it gets what comes from then on.
    let collector = Collector::start(&address).await;
    customer(&installation, "Anna").await;
    let sent = shows("sent_total 1\n");
    eventually("the span to be sent", metrics, |shown| shown.contains(&sent)).await;
    let log = installation.log("command-api");
    assert_eq!(log.matches("does not take traces").count(), 1, "{log}");
    assert_eq!(log.matches("takes traces again").count(), 1, "{log}");
    assert!(collector.all().iter().any(|span| span.name == "POST /v1/customers"));
}
