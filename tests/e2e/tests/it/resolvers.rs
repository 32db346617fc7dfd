//! What existing front ends do, over HTTP: commands by the generic route, queries by resolvers and
//! the graph; and what they are told of changes meanwhile.

use schemas::notification::{ChangeKind, ReadModelChanged};
use serde_json::{Value, json};
use testkit::{Installation, eventually, log};
use uuid::Uuid;

/// Without those that value orders: here a client does so, with a rate that is known.
const SERVICES: [&str; 5] =
    ["command-api", "command-processor", "customers", "orders", "order-confirmation"];

struct FrontEnd {
    installation: Installation,
}

impl FrontEnd {
    async fn command(&self, aggregate: &str, id: &str, command: &str, payload: &Value) {
        let url = self.installation.url("command-api", "/api/command");
        let body = json!({
            "aggregateName": aggregate, "aggregateId": id, "command": command, "payload": payload,
            "correlationId": format!("SVLT-{id}"),
        });
        let request = self.installation.http.post(url).body(body.to_string());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!((status.as_u16(), text.as_str()), (200, "OK"), "{body}");
    }

    async fn order(&self, customer: &str, value: &str) -> String {
        let id = Uuid::new_v4().to_string();
        let payload = json!({ "customerId": customer, "text": "CD", "value": value });
        self.command("order", &id, "CREATE", &payload).await;
        id
    }

    async fn resolve(&self, service: &str, resolver: &str, arguments: &Value) -> Value {
        let path = format!("/query/{resolver}");
        let (status, rows) = self.installation.post(service, &path, arguments).await;
        assert_eq!(status, 200, "{rows}");
        rows
    }

    /// The row of an order in a list, once it is as wanted.
    async fn row(&self, list: &str, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let look = async || {
            let rows = self.resolve("orders", list, &json!({})).await;
            let row = rows.as_array().unwrap().iter().find(|row| row["id"] == id).cloned();
            row.unwrap_or_default()
        };
        eventually(&format!("row {id} of {list}"), look, wanted).await
    }

    /// What was told of a row of orders, in order.
    async fn told(&self, read_model: &str, id: &str) -> Vec<ReadModelChanged> {
        let settings = self.installation.settings();
        let read = tokio::task::spawn_blocking(move || log::notifications(&settings));
        let mut told = read.await.unwrap();
        told.retain(|n| n.endpoint == "orders" && n.read_model == read_model);
        told.retain(|n| n.row_id.as_deref() == Some(id));
        told
    }
}

fn details(notification: &ReadModelChanged) -> Value {
    serde_json::from_str(notification.details.as_deref().unwrap_or("null")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn front_ends_see_small_and_large_orders_new_names_and_unknown_customers() {
    let page = &FrontEnd { installation: Installation::start(&SERVICES, &[]).await };
    let anna = &Uuid::new_v4().to_string();
    page.command("customer", anna, "CREATE", &json!({ "name": "Anna", "location": "Bern" })).await;
    // Else its arrival may be told of an order, as a change, before the order itself is.
    let id = json!({ "id": anna });
    let known = async || page.resolve("orders", "overview/customerById", &id).await;
    eventually("orders to know Anna", known, |rows| rows[0]["name"] == "Anna").await;
    let small = &a_small_order_is_confirmed_and_valued(page, anna).await;
    let large = &a_large_order_waits_for_a_person(page, anna).await;
    let stray = &page.order("nobody", "1").await;
    page.row("overview/all", stray, |row| {
        row["customerName"] == "" && row["status"] == "confirmed"
    })
    .await;
    a_new_name_shows_everywhere(page, anna, small).await;
    let query = json!({ "query": format!(
        "{{ small: order(id: \"{small}\") {{ value usdValue usdRate customer {{ name }} }} \
            stray: order(id: \"{stray}\") {{ value usdValue customer {{ name }} }} }}"
    ) });
    let (_, answer) = page.installation.post("orders", "/graphql", &query).await;
    let expected = json!({ "data": {
        "small": {
            "value": 13.99, "usdValue": 15.17915, "usdRate": "1.0850",
            "customer": { "name": "Anna B." },
        },
        "stray": { "value": 1.0, "usdValue": null, "customer": null },
    } });
    assert_eq!(answer, expected);

    for order in [small, large] {
        let row = page.row("overview/all", order, |row| row["customerName"] == "Anna B.").await;
        clients_were_told(page, order, &row).await;
    }
    let of_request = page.told("confirmationRequests", large).await;
    let kinds: Vec<_> = of_request.iter().map(|told| told.kind).collect();
    assert_eq!(kinds, [ChangeKind::AddRow, ChangeKind::DeleteRow]);
    assert_eq!(of_request.last().unwrap().details, None);
}

async fn a_small_order_is_confirmed_and_valued(page: &FrontEnd, customer: &str) -> String {
    let small = page.order(customer, "13.99").await;
    let valued = json!({ "time": "2026-11-20", "usdRate": "1.0850", "usdValue": 15.17915 });
    page.command("order", &small, "ADD_USD_RATE_AND_VALUE", &valued).await;
    let is_done = |row: &Value| row["status"] == "confirmed" && row["usdInfo"].is_object();
    page.row("overview/all", &small, |row| is_done(row) && row["customerName"] == "Anna").await;
    small
}

async fn a_large_order_waits_for_a_person(page: &FrontEnd, customer: &str) -> String {
    let large = page.order(customer, "1500").await;
    page.row("overview/all", &large, |row| row["status"] == "unconfirmed").await;
    let request = page.row("confirmationRequests/all", &large, |row| !row.is_null()).await;
    let expected = json!({
        "id": large, "text": "CD", "value": "1500", "customerId": customer, "customerName": "Anna",
        "status": "unconfirmed",
    });
    assert_eq!(request, expected);
    page.command("order", &large, "CONFIRM", &json!({})).await;
    let row = page.row("overview/all", &large, |row| row["status"] == "confirmed").await;
    assert!(row.get("usdInfo").is_none(), "pending: {row}");
    page.row("confirmationRequests/all", &large, Value::is_null).await;
    let path = "/v1/confirmation-requests?state=confirmed";
    let (_, past) = page.installation.get("orders", path).await;
    assert_eq!(past["items"][0]["orderId"], large, "{past}");
    large
}

async fn a_new_name_shows_everywhere(page: &FrontEnd, customer: &str, order: &str) {
    let renamed = json!({ "id": customer, "name": "Anna B.", "location": "Bern" });
    page.command("customer", customer, "UPDATE", &renamed).await;
    let row = page.row("overview/all", order, |row| row["customerName"] == "Anna B.").await;
    let usd =
        json!({ "exchangeRateDate": "2026-11-20", "exchangeRate": "1.0850", "value": 15.17915 });
    let expected = json!({
        "id": order, "customerId": customer, "text": "CD", "value": "13.99",
        "customerName": "Anna B.", "status": "confirmed", "usdInfo": usd,
    });
    assert_eq!(row, expected);
    let (named, id) = (json!([{ "id": customer, "name": "Anna B." }]), json!({ "id": customer }));
    assert_eq!(page.resolve("orders", "overview/customerById", &id).await, named);
    let look = async || page.resolve("customers", "overview/all", &json!({})).await;
    eventually("customers to have the new name", look, |rows| *rows == named).await;
    assert_eq!(page.resolve("customers", "editing/byId", &id).await, json!([renamed]));
    let unknown = page.resolve("customers", "editing/byId", &json!({ "id": "not-yet" })).await;
    assert_eq!(unknown, json!([]));
}

/// The row came and changed, and what was told of it last is the row as it is.
async fn clients_were_told(page: &FrontEnd, id: &str, row: &Value) {
    let look = async || page.told("overview", id).await;
    let is_told =
        |told: &Vec<ReadModelChanged>| told.last().is_some_and(|last| details(last) == *row);
    let told = eventually(&format!("clients to be told of {id}"), look, is_told).await;
    let kinds: Vec<_> = told.iter().map(|told| told.kind).collect();
    assert_eq!(kinds.first(), Some(&ChangeKind::AddRow), "{told:?}");
    assert!(kinds.iter().skip(1).all(|kind| *kind == ChangeKind::UpdateRow), "{told:?}");
    assert!(told.iter().all(|told| details(told)["id"] == *id), "{told:?}");
}
