//! What one request set off, and what became of one order, as a tree.

use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::story::{self, SERVICES};

/// What is shown of a record, by its depth.
fn shape(record: &Value) -> (u64, String) {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let what = match record["kind"].as_str().unwrap() {
        "change" => record["told"]["what"].as_str().unwrap().to_owned(),
        "outcome" => "outcome".to_owned(),
        _ => text("type"),
    };
    (record["depth"].as_u64().unwrap(), what)
}

async fn trace(installation: &Installation, arguments: &[&str]) -> Vec<(u64, String)> {
    let arguments = [&["trace", "--json"], arguments].concat();
    let (_, said, _) = installation.run(&arguments).await;
    let tree = serde_json::from_str::<Value>(&said).unwrap_or_default();
    tree["records"].as_array().into_iter().flatten().map(shape).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_traced_from_its_wish_to_the_last_row() {
    let installation = Installation::start(&SERVICES, &[]).await;
    let anna = story::customer(&installation, "Anna").await;
    let order = story::order(&installation, &anna, "1500").await;
    story::order_is(&installation, &order, "unconfirmed").await;
    let confirm = format!("/v1/orders/{order}/confirmation");
    let (status, answer) = installation.post("command-api", &confirm, &json!({})).await;
    assert_eq!(status, 200, "{answer}");
    story::order_is(&installation, &order, "confirmed").await;

    let wanted = [
        (0, "create_order".to_owned()),
        (1, "outcome".to_owned()),
        (1, "order_created".to_owned()),
        (2, "require_confirmation".to_owned()),
        (3, "outcome".to_owned()),
        (3, "order_confirmation_required".to_owned()),
        // The first order of its day is the one for which the rate is fetched.
        (2, "fetch-reference-rate".to_owned()),
        (2, "add_usd_rate_and_value".to_owned()),
        (0, "confirm_order".to_owned()),
        (1, "outcome".to_owned()),
        (1, "order_confirmed".to_owned()),
        (2, format!("orders/overview: row changed {order}")),
    ];
    let aggregate = format!("order/{order}");
    let look = async || trace(&installation, &["--aggregate", &aggregate]).await;
    // Told of the last event of its batch. Other consumers may tell of further changes.
    let new_row = format!("orders/overview: new row {order}");
    let has_all = |seen: &Vec<(u64, String)>| {
        wanted.iter().all(|record| seen.contains(record))
            && seen.iter().any(|(_, what)| *what == new_row)
    };
    let seen = eventually("all of it to be traced", look, has_all).await;
    let place = |what: &str| seen.iter().position(|(_, seen)| seen == what).unwrap();
    assert!(place("create_order") < place("require_confirmation"), "{seen:?}");
    assert!(place("require_confirmation") < place("confirm_order"), "{seen:?}");

    // By the correlation id of the person's request there is that alone.
    let id = answer["correlationId"].as_str().unwrap();
    let confirmed = trace(&installation, &[id]).await;
    assert_eq!(confirmed.first().map(|(_, what)| what.as_str()), Some("confirm_order"));
    assert!(confirmed.iter().all(|(_, what)| what != "create_order"), "{confirmed:?}");
    let (code, text, _) = installation.run(&["trace", id]).await;
    assert_eq!(code, 0);
    assert!(text.contains("confirm_order") && text.contains("order.events"), "{text}");
    let (code, text, _) = installation.run(&["trace", "--aggregate", &aggregate]).await;
    assert_eq!(code, 0);
    let fetch = text.lines().find(|line| line.contains("fetch-reference-rate")).unwrap();
    assert!(fetch.contains("completed in ") && fetch.contains("eurofxref"), "{fetch}");
    assert!(fetch.trim_start().starts_with('+'), "when it began: {fetch}");
    let (code, _, told) = installation.run(&["trace", "nobody"]).await;
    assert_eq!(code, 1, "{told}");
}
