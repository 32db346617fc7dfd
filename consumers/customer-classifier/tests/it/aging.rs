//! Orders leave the window, and rules change, as time goes by.

use consumer_runtime::{
    chore::turn,
    testing::{Stage, noon},
};
use customer_classifier::{
    aging::Aging,
    projection::Classifier,
    rule::{Rule, Window},
};
use schemas::{Money, Timestamp};
use std::time::Duration;

use crate::stage::{at, classes, confirmed, known, placed, rule, stage};

/// Does everything that is due.
async fn age(stage: &Stage<Classifier>, aging: &Aging, now: Timestamp) -> usize {
    let mut emitted = 0;
    loop {
        let turn = turn(&stage.applier, aging, now).await.unwrap();
        emitted += turn.emitted;
        if !turn.more {
            return emitted;
        }
    }
}

fn aging() -> Aging {
    Aging::new(rule(), Duration::from_secs(1))
}

#[tokio::test]
async fn a_customer_falls_when_orders_leave_the_window() {
    let mut stage = stage().await;
    let happened = vec![
        known("c1"),
        placed("o1", "c1", 9_000, "2026-11-01T00:00:00Z"),
        confirmed("o1"),
        placed("o2", "c1", 1_000, "2026-11-10T00:00:00Z"),
        confirmed("o2"),
    ];
    stage.apply(noon(), happened).await.unwrap();
    let aging = aging();
    assert_eq!(age(&stage, &aging, at("2026-11-30T23:59:59.999999Z")).await, 0);
    assert_eq!(age(&stage, &aging, at("2026-12-01T00:00:00Z")).await, 1);
    assert_eq!(age(&stage, &aging, at("2026-12-01T00:00:01Z")).await, 0);
    // Both at once: one change, not two.
    assert_eq!(age(&stage, &aging, at("2027-01-01T00:00:00Z")).await, 1);
    assert_eq!(
        classes(&stage).await[2..],
        ["3: B>A 100.00 of 2", "4: A>B 10.00 of 1", "5: B>C 0.00 of 0"]
    );
}

#[tokio::test]
async fn an_order_that_comes_while_a_sum_is_due_is_counted_once() {
    let mut stage = stage().await;
    let happened =
        vec![known("c1"), placed("o1", "c1", 1_000, "2026-11-01T00:00:00Z"), confirmed("o1")];
    stage.apply(noon(), happened).await.unwrap();
    // The first order has left the window, which nobody has noticed yet.
    let later = at("2026-12-02T00:00:00Z");
    let happened = vec![placed("o2", "c1", 1_100, "2026-12-01T00:00:00Z"), confirmed("o2")];
    let applied = stage.apply(later, happened).await.unwrap();
    assert_eq!(applied.emitted, 0);
    // It stays a B: nothing to be told.
    assert_eq!(age(&stage, &aging(), later).await, 0);
    let client = stage.client().await.unwrap();
    let row = client.query_one("select revenue::text, orders, class from customer", &[]);
    let row = row.await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1)), ("11.00", 1));
    assert_eq!(row.get::<_, &str>(2), "B");
}

#[tokio::test]
async fn another_rule_counts_everybody_anew() {
    let mut stage = stage().await;
    let happened = vec![
        known("c1"),
        placed("o1", "c1", 5_000, "1997-01-01T00:00:00Z"),
        confirmed("o1"),
        known("c2"),
    ];
    stage.apply(noon(), happened).await.unwrap();
    assert_eq!(classes(&stage).await.len(), 2);

    let all = Rule::new(Money::from_minor(10_000), Money::from_minor(1_000), Window::All);
    let mut second = stage.second(Classifier::new(all.clone())).unwrap();
    // An event that comes before the search has reached its customer.
    let happened = vec![placed("o2", "c2", 1_000, "1998-01-01T00:00:00Z"), confirmed("o2")];
    let happened = happened.into_iter().map(|happened| happened.in_partition(1)).collect();
    second.apply(noon(), happened).await.unwrap();
    let aging = Aging::new(all, Duration::from_secs(1));
    assert_eq!(age(&second, &aging, noon()).await, 2);
    assert_eq!(classes(&stage).await[2..], ["2: C>B 10.00 of 1", "2: C>B 50.00 of 1"]);
}
