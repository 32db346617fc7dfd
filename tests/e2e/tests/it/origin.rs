//! The page's origin: every service under it, the operator's view of the event store, and what
//! pages of other origins are told.

use event_log::OutRecord;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::{
    dead_letters::records::{Events, append},
    story::{self, SERVICES},
};

/// What is below the page's origin.
async fn below(installation: &Installation, path: &str) -> (u16, Value) {
    installation.get("web-ui", &format!("/s/{path}")).await
}

fn texts(records: &Value, field: &str) -> Vec<String> {
    let records = records.as_array().into_iter().flatten();
    records.map(|record| record[field].as_str().unwrap_or_default().to_owned()).collect()
}

async fn start() -> Installation {
    let services = [&SERVICES[..], &["operator", "web-ui"]].concat();
    Installation::start(&services, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_happened_and_why() {
    let installation = start().await;
    let anna = story::customer(&installation, "Anna").await;
    let body = json!({ "customerId": anna, "text": "records", "value": "1500" });
    let (status, answer) = installation.post("web-ui", "/s/command-api/v1/orders", &body).await;
    assert_eq!(status, 201, "{answer}");
    let (order, correlation) =
        (answer["aggregateId"].as_str().unwrap(), answer["correlationId"].as_str().unwrap());
    story::order_is(&installation, order, "unconfirmed").await;

    // The newest first; by key, type and topic; page by page.
    let path = format!("operator/v1/events?topic=order.events&key={order}");
    let look = async || below(&installation, &path).await.1;
    let is_valued = |page: &Value| texts(&page["records"], "type").len() == 3;
    let page = eventually("the order's events", look, is_valued).await;
    assert_eq!(texts(&page["records"], "type").last().unwrap(), "order_created");
    let first = page["records"].as_array().unwrap().last().unwrap();
    assert_eq!((&first["sequence"], &first["fields"]["value"]), (&json!(1), &json!("1500.00")));
    assert!(first["schemaId"].is_u64() && first["offset"].is_u64(), "{first}");
    let mut paged = Vec::new();
    let mut next = Some(String::new());
    while let Some(cursor) = next {
        let (status, page) = below(&installation, &format!("{path}&limit=1{cursor}")).await;
        assert_eq!(status, 200, "{page}");
        paged.extend(texts(&page["records"], "type"));
        next = page["next"].as_str().map(|next| format!("&cursor={next}"));
    }
    assert_eq!(paged, texts(&page["records"], "type"));
    let created = "operator/v1/events?type=order_created";
    let (_, created) = below(&installation, created).await;
    assert_eq!(texts(&created["records"], "key"), [order]);
    let past = "operator/v1/events?until=2000-01-01T00:00:00Z";
    assert_eq!(below(&installation, past).await.1, json!({ "records": [], "next": null }));

    // The life of the order, and its state after each event.
    let (_, life) = below(&installation, &format!("operator/v1/aggregates/order/{order}")).await;
    let steps = life["steps"].as_array().unwrap();
    let states: Vec<_> = steps.iter().map(|step| &step["state"]["status"]).collect();
    assert_eq!(steps.len(), 3, "{life}");
    assert_eq!((states[0], states[2]), (&json!("NEW"), &json!("UNCONFIRMED")));

    // Why: the same records as the command line has.
    let (_, tree) = below(&installation, &format!("operator/v1/causation/{correlation}")).await;
    let (code, said, _) = installation.run(&["trace", "--json", correlation]).await;
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &tree), (0, &said));
    let types = texts(&tree["records"], "type");
    for hop in ["create_order", "order_created", "require_confirmation", "add_usd_rate_and_value"] {
        assert!(types.contains(&hop.to_owned()), "{hop} in {types:?}");
    }

    all_stand_well(&installation).await;
    refused(&installation).await;
}

async fn all_stand_well(installation: &Installation) {
    let look = async || below(installation, "operator/v1/consumers").await.1;
    let is_done = |said: &Value| {
        let consumers = said["consumers"].as_array().into_iter().flatten();
        let run = consumers.filter(|consumer| consumer["hasRun"] == true);
        let run: Vec<_> = run.collect();
        run.len() == 5 && run.iter().all(|consumer| consumer["records"] == 0)
    };
    let said = eventually("all to be applied", look, is_done).await;
    let orders = said["consumers"].as_array().unwrap().iter().find(|one| one["name"] == "orders");
    let partitions = orders.unwrap()["partitions"].as_array().unwrap();
    assert!(partitions.iter().all(|one| one["owner"] == "orders-1"), "{partitions:?}");
    let (_, health) = below(installation, "operator/v1/health").await;
    assert!(texts(&health["parts"], "wrong").iter().all(String::is_empty), "{health}");
    let names = texts(&health["parts"], "name");
    assert_eq!(names[..4], ["Kafka", "schema registry", "Postgres", "command-api"]);
    let (_, topics) = below(installation, "operator/v1/topics").await;
    assert_eq!(topics["topics"][5], json!({ "name": "customer.commands", "end": 1 }), "{topics}");
}

async fn refused(installation: &Installation) {
    for (path, status, said) in [
        ("operator/v1/events?topic=order.state", 400, "topic must be one or more of"),
        ("operator/v1/events?cursor=x", 400, "cursor"),
        ("operator/v1/events?limit=0", 400, "limit"),
        ("operator/v1/aggregates/invoice/1", 400, "types of aggregates are"),
        ("operator/v1/aggregates/order/gone", 404, "no event of order gone"),
        ("operator/v1/causation/gone", 404, "no record has this correlation id"),
        ("operator/v1/consumers/gone/dead-letters", 404, "the consumers are orders"),
        ("gone/v1/orders", 404, "there is no service gone"),
    ] {
        let (code, answer) = below(installation, path).await;
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(code == status && detail.contains(said), "{path}: {code} {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_dealt_with_from_the_page() {
    let installation = Installation::start(&["orders", "operator", "web-ui"], &[]).await;
    let events = Events::new(&installation).await;
    let mut broken: OutRecord = events.created("bad", 1);
    if let Some(payload) = &mut broken.payload {
        payload.truncate(3);
    }
    append(&installation, vec![broken, events.confirmed("bad", 2)]).await;
    let path = "operator/v1/consumers/orders/dead-letters";
    let look = async || below(&installation, path).await.1["deadLetters"].clone();
    let is_there = |letters: &Value| letters[0]["waiting"] == 1;
    let letters = eventually("the dead letter", look, is_there).await;
    assert_eq!(letters[0]["class"], "truncated");
    let ask = async |wish: Value| installation.post("web-ui", &format!("/s/{path}"), &wish).await;
    let (status, answer) = ask(json!({ "action": "retry" })).await;
    assert_eq!(status, 400, "{answer}");
    let dry = json!({ "action": "skip", "key": "bad", "reason": "made by hand", "dryRun": true });
    let (status, answer) = ask(dry).await;
    assert_eq!((status, answer["deadLetters"].as_array().unwrap().len()), (200, 1));
    assert_eq!(look().await[0]["request"], Value::Null, "only told");
    let (status, _) =
        ask(json!({ "action": "skip", "key": "bad", "reason": "made by hand" })).await;
    assert_eq!(status, 200);
    // What waited behind it cannot be applied without it, and says so.
    let is_next = |letters: &Value| letters[0]["class"].is_string() && letters[0]["waiting"] == 0;
    eventually("the next one", look, is_next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_get_one_origin_and_no_other_has_a_say() {
    let services = ["command-api", "command-processor", "customers", "change-notifier", "web-ui"];
    let installation =
        Installation::start(&services, &[("ONEWAY_CORS_ORIGINS", "https://a.example")]).await;
    let url = |path: &str| installation.url("web-ui", path);
    let page = installation.http.get(url("/customers/17")).send().await.unwrap();
    let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
    assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!(header("content-type"), "text/html; charset=utf-8");

    // A stream comes through as it is made.
    let changes = url("/s/change-notifier/v1/changes");
    let mut stream = installation.http.get(changes).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let create = async |origin: Option<&str>, name: &str| {
        let request = installation.http.post(url("/s/command-api/v1/customers"));
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        request.json(&json!({ "name": name })).send().await.unwrap()
    };
    let own = url("").trim_end_matches('/').to_owned();
    assert_eq!(create(Some(&own), "Anna").await.status(), 201);
    let mut told = String::new();
    while !told.contains("event: change") {
        told.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
    }

    // Pages of other origins may not write, nor read what they get.
    let foreign = create(Some("https://evil.example"), "Eve").await;
    assert_eq!(foreign.status(), 403);
    let read = installation.http.get(url("/s/customers/v1/customers"));
    let read = read.header("origin", "https://evil.example").send().await.unwrap();
    assert!(!read.headers().contains_key("access-control-allow-origin"));
    assert_eq!(read.json::<Value>().await.unwrap()["items"].as_array().unwrap().len(), 1);

    // A service that is away is told as such, and is back by itself.
    installation.signal("customers", Signal::SIGSTOP).await;
    installation.kill("customers").await;
    let look = async || below(&installation, "customers/v1/customers").await.0;
    eventually("customers to be back", look, |status| *status == 200).await;
}
