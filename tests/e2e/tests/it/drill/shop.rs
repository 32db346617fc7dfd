//! What goes on before, while and after something is lost.

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::{Installation, eventually};

use crate::story;

/// How many there are, all of class B.
pub const CUSTOMERS: usize = 4;

/// An order as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its id, and the id of the command.
    pub id: String,
    customer: String,
    /// What the answer said.
    pub token: String,
}

/// The customers, each with one order that makes it a B.
pub async fn open(installation: &Installation) -> Vec<String> {
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        let id = story::customer(installation, &format!("Customer {n}")).await;
        story::order(installation, &id, "150").await;
        customers.push(id);
    }
    let database = installation.database().await;
    let look = async || {
        let sql = "select count(*) from customer_classifier.customer where class = 'B'";
        database.query_one(sql, &[]).await.map_or(0, |row| row.get::<_, i64>(0))
    };
    eventually("customers of class B", look, |b| usize::try_from(*b) == Ok(CUSTOMERS)).await;
    customers
}

/// So small that nobody becomes an A by them.
pub fn orders_of(customers: &[String], name: &str, count: usize) -> Vec<Order> {
    let order = |(n, customer): (usize, &String)| Order {
        id: format!("{name}-{n}"),
        customer: customer.clone(),
        token: String::new(),
    };
    customers.iter().cycle().take(count).enumerate().map(order).collect()
}

/// Places them, or asks again: every one has to be accepted.
pub async fn place(installation: &Installation, orders: Vec<Order>) -> Vec<Order> {
    let placing = orders.into_iter().map(|order| one(installation, order));
    stream::iter(placing).buffered(4).collect().await
}

async fn one(installation: &Installation, order: Order) -> Order {
    let body = json!({
        "id": order.id, "customerId": order.customer, "text": "records", "value": "0.50",
    });
    let request = installation.http.post(installation.url("command-api", "/v1/orders"));
    let request = request.header("idempotency-key", format!("order-{}", order.id));
    let request = request.header("content-type", "application/json");
    let answer = request.body(body.to_string()).send().await.unwrap();
    let status = answer.status();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{}: {answer}", order.id);
    Order { token: answer["token"].as_str().unwrap().to_owned(), ..order }
}

/// Everything in some read models but when it came there, which is later in one that is made anew.
const TABLES: [(&str, &str); 4] = [
    (
        "orders",
        "select order_id, customer_id, text, value, status, ordered_at, version \
         from orders.customer_order",
    ),
    (
        "customers",
        "select customer_id, name, location, email, email_permission, version \
         from customers.customer",
    ),
    (
        "customer-classifier",
        "select customer_id, class, revenue, orders, rule, sequence, version \
         from customer_classifier.customer",
    ),
    (
        "email-campaign",
        "select mailing_id, campaign_id, customer_id, status, requested_by, version \
         from email_campaign.mailing",
    ),
];

/// Number of rows and checksum of a table of each of these.
pub async fn checksums(installation: &Installation, of: &[&str]) -> Vec<(i64, String)> {
    let database = installation.database().await;
    let mut sums = Vec::new();
    for (_, table) in TABLES.iter().filter(|(consumer, _)| of.contains(consumer)) {
        let sql = format!(
            "select count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '') \
             from ({table}) t"
        );
        // Tables that are not there yet are empty.
        let row = database.query_one(&sql, &[]).await;
        sums.push(row.map_or((0, String::new()), |row| (row.get(0), row.get(1))));
    }
    sums
}
