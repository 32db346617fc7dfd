//! Customers as read models see them: each becomes known, orders several things at once, and is
//! renamed meanwhile, so that its rows are changed from several partitions at the same time.

use futures_util::future::join_all;
use rand::{Rng, RngExt};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    client::Command,
    load::{Shared, id},
};

/// Most orders of one customer.
const ORDERS: u64 = 9;

/// Most cents of one order: some customers get to the highest class, most do not.
const CENTS: u64 = 15_000;

/// An order, and whether it is confirmed.
struct Order {
    create: Command,
    confirm: Option<Command>,
}

/// One customer, from its first command to its last.
pub async fn shop(shared: &Shared, random: &mut impl Rng) {
    let customer = id(random);
    let mut data = named(customer, "before");
    if let Some(data) = data.as_object_mut() {
        data.insert("id".to_owned(), json!(customer));
    }
    let create = about(random, Method::POST, "/v1/customers", data);
    let path = format!("/v1/customers/{customer}");
    let rename = about(random, Method::PUT, &path, named(customer, "after"));
    let path = format!("{path}/email-permission");
    let permit = about(random, Method::PUT, &path, json!({ "source": "chaos" }));
    let mut orders: Vec<_> =
        (0..random.random_range(1..=ORDERS)).map(|_| order(random, customer)).collect();
    // Some order before anybody knows them.
    let early = orders.split_off(random.random_range(0..=orders.len()));
    if !buy_all(shared, &early).await || !accept(shared, create).await {
        return;
    }
    let change = async { accept(shared, rename).await && accept(shared, permit).await };
    // What is not answered is noted.
    tokio::join!(buy_all(shared, &orders), change);
}

fn named(customer: Uuid, name: &str) -> Value {
    let email = format!("{customer}@example.org");
    json!({ "name": format!("{name} {customer}"), "location": "Kiel", "email": email })
}

fn order(random: &mut impl Rng, customer: Uuid) -> Order {
    let order = id(random);
    let cents = random.random_range(1..=CENTS);
    let value = format!("{}.{:02}", cents / 100, cents % 100);
    let body =
        json!({ "id": order, "customerId": customer, "text": "some things", "value": value });
    let create = about(random, Method::POST, "/v1/orders", body);
    let path = format!("/v1/orders/{order}/confirmation");
    let confirm = about(random, Method::POST, &path, json!({}));
    let is_confirmed = random.random_range(0..4) > 0;
    Order { create, confirm: is_confirmed.then_some(confirm) }
}

fn about(random: &mut impl Rng, method: Method, path: &str, body: Value) -> Command {
    Command { id: id(random), method, path: path.to_owned(), body, expected_version: None }
}

/// Buys everything at once; false when anything was not answered.
async fn buy_all(shared: &Shared, orders: &[Order]) -> bool {
    let all = join_all(orders.iter().map(|order| buy(shared, order))).await;
    all.into_iter().all(|answered| answered)
}

async fn buy(shared: &Shared, order: &Order) -> bool {
    accept(shared, order.create.clone()).await
        && match &order.confirm {
            Some(confirm) => accept(shared, confirm.clone()).await,
            None => true,
        }
}

/// Sends a command that nothing can be wrong with; false when it was not answered.
async fn accept(shared: &Shared, command: Command) -> bool {
    let what = format!("command {}", command.id);
    let Some(answer) = shared.send(command, 0).await else { return false };
    shared.expect(&answer, &what, answer.is_accepted());
    true
}
