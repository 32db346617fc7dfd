//! The stage of these tests and what happens on it.

use consumer_runtime::testing::{Happened, Stage};
use customers::{migrations, projection::Customers};
use schemas::{
    Topic,
    customer::{CustomerCreated, CustomerEvent},
};

pub async fn stage() -> Stage<Customers> {
    Stage::open("customers", migrations::runner, Customers).await.unwrap()
}

pub fn happened(
    id: &str,
    sequence: i64,
    event: impl Into<CustomerEvent>,
) -> Happened<CustomerEvent> {
    Happened::new(Topic::CUSTOMER_EVENTS, id, sequence, event.into())
}

pub fn created(name: &str) -> CustomerCreated {
    CustomerCreated { name: name.into(), location: Some("Bern".into()), email: None }
}
