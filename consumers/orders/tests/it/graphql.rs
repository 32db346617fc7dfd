//! The graph.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use consumer_runtime::{
    Database,
    metrics::QUERY_STATEMENTS,
    testing::{Stage, noon},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use orders::projection::Orders;
use schemas::order::{OrderConfirmationRequired, OrderConfirmed};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    asking::{graph, post, router},
    stage::{customer, named, order, placed, stage, valued},
};

/// Three orders: one complete, one pending, one of a customer that nobody knows.
async fn orders() -> Stage<Orders> {
    let mut stage = stage().await;
    let happened = vec![
        customer("c1", 1, named("Anna")),
        customer("c2", 1, named("Berta")),
        order("o1", 1, placed("c1", 1_399, "2026-11-20T10:00:00Z")),
        order("o1", 2, valued()),
        order("o1", 3, OrderConfirmed::default()),
        order("o2", 1, placed("c1", 150_000, "2026-11-20T11:00:00Z")),
        order("o2", 2, OrderConfirmationRequired {}),
        order("o3", 1, placed("c9", 100_000, "2026-11-20T12:00:00Z")),
    ];
    stage.apply(noon(), happened).await.unwrap();
    stage
}

async fn data(database: &Database, query: &str) -> Value {
    let answer = graph(database, query).await;
    assert_eq!(answer["errors"], Value::Null, "{query}: {answer}");
    answer["data"].clone()
}

/// Why a query is refused; nothing is answered then.
async fn refusal(database: &Database, query: &str) -> String {
    let answer = graph(database, query).await;
    let is_nothing =
        |data: &Value| data.as_object().is_none_or(|data| data.values().all(Value::is_null));
    assert!(is_nothing(&answer["data"]), "{query}: {answer}");
    answer["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_queries_of_existing_clients_are_answered() {
    let stage = orders().await;
    let database = &stage.applier.database;
    let first = json!({
        "id": "o1", "text": "a book", "value": 13.99, "usdValue": 15.17915, "usdRate": "1.0850",
    });
    let pending = |id: &str, value: f64| json!({ "id": id, "text": "a book", "value": value, "usdValue": null, "usdRate": null });
    let fields = "id text value usdValue usdRate";
    let all = data(database, &format!("{{ orders {{ {fields} }} }}")).await;
    let shown = json!([pending("o3", 1000.0), pending("o2", 1500.0), first]);
    assert_eq!(all["orders"], shown);
    let one = data(database, &format!("{{ order(id: \"o1\") {{ {fields} }} }}")).await;
    assert_eq!(one["order"], first);
    let all = data(database, "{ customers { id name orders { id } } }").await;
    assert_eq!(
        all["customers"],
        json!([
            { "id": "c1", "name": "Anna", "orders": [{ "id": "o2" }, { "id": "o1" }] },
            { "id": "c2", "name": "Berta", "orders": [] },
        ])
    );
    let one =
        data(database, "{ customer(id: \"c1\") { name } none: customer(id: \"c9\") { name } }");
    assert_eq!(one.await, json!({ "customer": { "name": "Anna" }, "none": null }));
}

#[tokio::test]
async fn an_order_of_an_unknown_customer_takes_no_other_with_it() {
    let stage = orders().await;
    let query = "{ orders { id customerId status amount usdAmount usdRateDate orderedAt version \
                            customer { name } } }";
    let all = data(&stage.applier.database, query).await;
    let stray = &all["orders"][0];
    assert_eq!((&stray["customerId"], &stray["customer"]), (&json!("c9"), &Value::Null));
    assert_eq!(
        all["orders"][2],
        json!({
            "id": "o1", "customerId": "c1", "status": "CONFIRMED", "amount": "13.99",
            "usdAmount": "15.18", "usdRateDate": "2026-11-20",
            "orderedAt": "2026-11-20T10:00:00.000000Z", "version": 3, "customer": { "name": "Anna" },
        })
    );
}

#[tokio::test]
async fn lists_are_paged_and_narrowed() {
    let stage = orders().await;
    let database = &stage.applier.database;
    let ids = async |arguments: &str| {
        let all = data(database, &format!("{{ orders({arguments}) {{ id cursor }} }}")).await;
        let all = all["orders"].as_array().unwrap().clone();
        let ids: Vec<_> = all.iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect();
        (ids, all.last().map(|o| o["cursor"].as_str().unwrap().to_owned()))
    };
    let (first, cursor) = ids("first: 2").await;
    assert_eq!(first, ["o3", "o2"]);
    let cursor = cursor.unwrap();
    assert_eq!(ids(&format!("first: 2, after: \"{cursor}\"")).await.0, ["o1"]);
    let rest = format!("after: \"{cursor}\", filter: {{ status: NEW }}");
    assert!(ids(&rest).await.0.is_empty());
    assert_eq!(ids("filter: { status: UNCONFIRMED }").await.0, ["o2"]);
    assert_eq!(ids("filter: { customerId: \"c1\", status: CONFIRMED }").await.0, ["o1"]);
    assert_eq!(ids("filter: { minValue: \"1000.00\", maxValue: 1499.99 }").await.0, ["o3"]);

    let customers = data(database, "{ customers(first: 1) { id cursor } }").await;
    let cursor = customers["customers"][0]["cursor"].as_str().unwrap();
    let rest = data(database, &format!("{{ customers(after: \"{cursor}\") {{ id }} }}")).await;
    assert_eq!(rest["customers"], json!([{ "id": "c2" }]));
}

#[tokio::test]
async fn a_level_of_a_query_is_one_statement() {
    let mut stage = stage().await;
    let mut happened = Vec::new();
    for n in 0..60 {
        let (c, o) = (format!("c{n}"), format!("o{n}"));
        happened.push(customer(&c, 1, named("Anna")));
        happened.push(order(&o, 1, placed(&c, 100, "2026-11-20T10:00:00Z")));
    }
    stage.apply(noon(), happened).await.unwrap();
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    // Holds for this thread, which is the only one of this test.
    let _recorder = metrics::set_default_local_recorder(&recorder);
    let statements = || {
        let text = metrics.render();
        let line = text.lines().find_map(|line| line.strip_prefix(QUERY_STATEMENTS));
        line.map_or(0, |count| count.trim().parse::<u64>().unwrap())
    };
    let database = &stage.applier.database;
    for (query, expected) in [
        ("{ orders { id } }", 1),
        ("{ customers { id orders { id customer { name } } } }", 3),
        ("{ orders { customer { id orders(first: 1) { id } } } }", 3),
        (
            "{ a: order(id: \"o1\") { id } b: order(id: \"o2\") { id } c: order(id: \"o3\") { id } }",
            1,
        ),
    ] {
        let before = statements();
        data(database, query).await;
        // The loader waits a millisecond for others: on a busy machine a level may come in two
        // parts. A statement for each row would be sixty.
        let made = statements() - before;
        assert!((expected..=2 * expected).contains(&made), "{made}: {query}");
    }
}

#[tokio::test]
async fn what_costs_too_much_is_refused() {
    let stage = stage().await;
    let database = &stage.applier.database;
    let everything = "id customerId text value amount status orderedAt usdValue usdRate usdAmount \
                      usdRateDate updatedAt version cursor";
    data(database, &format!("{{ customers {{ id name orders {{ {everything} }} }} }}")).await;
    data(database, &format!("{{ orders(first: 500) {{ {everything} customer {{ name }} }} }}"))
        .await;

    let wide = "{ customers(first: 500) { orders(first: 500) { id } } }";
    assert_eq!(refusal(database, wide).await, "Query is too complex.");
    let huge = "{ customers(first: 2147483647) { orders(first: 2147483647) { id } } }";
    assert_eq!(refusal(database, huge).await, "Query is too complex.");
    let variable = "query($n: Int = 500) { customers(first: $n) { orders(first: $n) { id } } }";
    assert_eq!(refusal(database, variable).await, "Query is too complex.");
    let many: String = (0..500).map(|n| format!("a{n}: orders(first: 1) {{ id }} ")).collect();
    assert_eq!(refusal(database, &format!("{{ {many} }}")).await, "Query is too complex.");
    let mut deep = "id".to_owned();
    for _ in 0..8 {
        deep = format!("customer {{ orders(first: 1) {{ {deep} }} }}");
    }
    let deep = format!("{{ order(id: \"o1\") {{ {deep} }} }}");
    assert_eq!(refusal(database, &deep).await, "Query is nested too deep.");
}

#[tokio::test]
async fn what_is_wrong_is_told_without_internals() {
    let stage = orders().await;
    let database = &stage.applier.database;
    for (query, said) in [
        ("{ orders(first: 0) { id } }", "first must be from 1 to 500"),
        ("{ orders(first: 501) { id } }", "first must be from 1 to 500"),
        ("{ orders(after: \"x\") { id } }", "after must be the cursor of an order"),
        ("{ orders(filter: { minValue: \"1.999\" }) { id } }", "more than 2 decimals"),
        ("{ order(id: \"\\u0000\") { id } }", "an argument has a NUL character"),
        ("{ nothing }", "Unknown field \"nothing\""),
        ("{", "expected"),
    ] {
        let refusal = refusal(database, query).await;
        assert!(refusal.contains(said), "{query}: {refusal}");
    }
    // Whoever may not see the schema learns nothing of it.
    let schema = graph(database, "{ __schema { types { name } } }").await;
    assert_eq!(schema["data"]["__schema"], Value::Null, "{schema}");
    for body in ["", "{}", "[]", "{\"query\": 7}"] {
        let (status, _, problem) = post(database, "/graphql", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
    }

    // A part that cannot be read is null, and the rest is there.
    let client = stage.client().await.unwrap();
    client.batch_execute("alter table customer rename to gone").await.unwrap();
    let answer = graph(database, "{ orders { id customer { name } } customers { id } }").await;
    assert_eq!(answer["data"]["orders"][0], json!({ "id": "o3", "customer": null }));
    assert_eq!(answer["data"]["customers"], Value::Null);
    assert_eq!(answer["errors"].as_array().unwrap().len(), 4, "{answer}");
    let error = &answer["errors"][0];
    assert_eq!(error["message"], "this is a bug of the service", "{answer}");
    assert_eq!(error["extensions"], json!({ "code": "internal" }), "{answer}");
}

#[tokio::test]
async fn the_schema_and_a_page_are_there_by_setting() {
    let stage = stage().await;
    let open = router(&stage.applier.database, true);
    let of_types = (0..9).fold("name".to_owned(), |inner, _| format!("ofType {{ {inner} }}"));
    let query =
        format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {of_types} }} }} }} }} }} }}");
    let body = Body::from(json!({ "query": query }).to_string());
    let answer = open.clone().oneshot(Request::post("/graphql").body(body).unwrap()).await.unwrap();
    let answer = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert!(answer["data"]["__schema"]["types"].is_array(), "{answer}");

    let page = Request::get("/graphql").header("accept", "text/html").body(Body::empty()).unwrap();
    let answer = open.oneshot(page).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    for elsewhere in ["http:", "https:", "//", " src=", "@import"] {
        assert!(!page.contains(elsewhere), "it takes something from elsewhere: {elsewhere}");
    }
    let closed = router(&stage.applier.database, false);
    let page = Request::get("/graphql").header("accept", "text/html").body(Body::empty()).unwrap();
    assert_eq!(closed.oneshot(page).await.unwrap().status(), StatusCode::BAD_REQUEST);
}
