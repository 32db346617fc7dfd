//! The stage of these tests and what happens on it.

use consumer_runtime::testing::{Happened, Stage};
use orders::{
    migrations,
    projection::{Event, Orders},
};
use schemas::{
    AggregateId, Money, Topic,
    customer::{CustomerCreated, CustomerEvent, CustomerUpdated},
    order::{OrderCreated, OrderEvent, OrderUsdRateAndValueAdded},
};

pub async fn stage() -> Stage<Orders> {
    Stage::open("orders", migrations::runner, Orders).await.unwrap()
}

pub fn order(id: &str, sequence: i64, event: impl Into<OrderEvent>) -> Happened<Event> {
    Happened::new(Topic::ORDER_EVENTS, id, sequence, Event::Order(event.into()))
}

pub fn customer(id: &str, sequence: i64, event: impl Into<CustomerEvent>) -> Happened<Event> {
    Happened::new(Topic::CUSTOMER_EVENTS, id, sequence, Event::Customer(event.into()))
}

pub fn placed(customer: &str, cents: i64, ordered_at: &str) -> OrderCreated {
    OrderCreated {
        customer_id: AggregateId::new(customer).unwrap(),
        text: "a book".into(),
        value: Money::from_minor(cents),
        ordered_at: ordered_at.parse().unwrap(),
    }
}

/// The value of an order of 13.99 in USD.
pub fn valued() -> OrderUsdRateAndValueAdded {
    OrderUsdRateAndValueAdded {
        time: "2026-11-20T00:00:00Z".parse().unwrap(),
        usd_rate: "1.0850".parse().unwrap(),
        usd_value: "15.18".parse().unwrap(),
    }
}

pub fn renamed(name: &str) -> CustomerUpdated {
    CustomerUpdated { name: name.into(), location: None, email: None }
}

pub fn named(name: &str) -> CustomerCreated {
    CustomerCreated { name: name.into(), location: None, email: None }
}
