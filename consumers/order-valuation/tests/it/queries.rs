//! What can be asked.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use order_valuation::queries::router;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::stage::{World, placed, placed_at};

async fn ask(world: &World, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router(world.stage.applier.database.clone()).oneshot(request).await.unwrap();
    let status = answer.status();
    let body = to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn orders_are_listed_by_state() {
    let mut world = World::new().await;
    world.place(vec![placed("a", "13.99", 0)]).await;
    world.work().await;
    let old = placed_at("b", "1", "1998-01-01T00:00:00Z".parse().unwrap());
    world.place(vec![old, placed("c", "1", 1), placed("d", "1", 1)]).await;

    let (status, page) = ask(&world, "/v1/valuations?state=valued").await;
    let row = &page["items"][0];
    assert_eq!((status, page["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    assert_eq!((&row["orderId"], &row["rate"]), (&json!("a"), &json!("1.2000")));
    assert_eq!((&row["usdValue"], &row["source"]), (&json!("16.79"), &json!("ecb")));
    let (_, page) = ask(&world, "/v1/valuations?state=impossible").await;
    let said = "there is no reference rate before 1999-01-04";
    assert_eq!(page["items"][0]["reason"], json!(said));
    let (_, page) = ask(&world, "/v1/valuations?state=pending&limit=1").await;
    assert_eq!(page["items"][0]["orderId"], json!("c"));
    let next = page["next"].as_str().unwrap();
    let (_, page) = ask(&world, &format!("/v1/valuations?state=pending&cursor={next}")).await;
    assert_eq!((&page["items"][0]["orderId"], &page["next"]), (&json!("d"), &Value::Null));
    assert_eq!(ask(&world, "/v1/valuations?state=lost").await.0, StatusCode::BAD_REQUEST);
}
