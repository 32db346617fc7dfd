//! Which orders are answered, when, and by what.

use consumer_runtime::testing::Happened;
use schemas::{CommandId, EventId, Topic};
use service::health::State;

use crate::stage::{World, placed, placed_at};

#[tokio::test]
async fn an_order_waits_for_its_rate_and_is_answered_once() {
    let mut world = World::new().await;
    let orders = vec![placed("today", "13.99", 0), placed("yesterday", "10", 1)];
    assert_eq!(world.place(orders).await, 0);
    assert_eq!(world.states().await, ["today pending", "yesterday pending"]);
    // One document for today, another one for the day before.
    assert_eq!(world.work().await + world.work().await, 2);
    assert_eq!(world.work().await, 0);
    assert_eq!(world.asked(), 2);
    assert_eq!(world.states().await, ["today valued", "yesterday valued"]);
    // Nothing was published yesterday: it has the rate of the day before.
    assert_eq!(
        world.commands().await,
        ["today: 1.2000 of 0 days ago, 16.79", "yesterday: 1.1000 of 2 days ago, 11.00"]
    );

    // From now on both are known.
    assert_eq!(world.place(vec![placed("o3", "1", 0), placed("o4", "1", 1)]).await, 2);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn the_command_follows_from_the_order() {
    let mut world = World::new().await;
    world.place(vec![placed("o1", "1", 0)]).await;
    world.work().await;
    let event = EventId::of_sequence("order.events", "o1", 1);
    let command = CommandId::of_policy(event, "order-valuation");
    let sql = "select event_id || ' ' || causation_id || ' ' || correlation_id || ' ' || topic \
               from outbox where sequence is null";
    assert_eq!(world.texts(sql).await, [format!("{command} {event} cor-o1 order.commands")]);
}

#[tokio::test]
async fn a_repeated_event_is_not_answered_again() {
    let mut world = World::new().await;
    world.place(vec![placed("o1", "1", 0)]).await;
    world.place(vec![placed("o1", "1", 0)]).await;
    world.work().await;
    world.place(vec![placed("o1", "1", 0)]).await;
    assert_eq!(world.commands().await.len(), 1);
}

#[tokio::test]
async fn a_feed_that_is_away_keeps_only_its_orders_waiting() {
    let mut world = World::new().await;
    world.place(vec![placed("known", "1", 0)]).await;
    world.work().await;
    world.feed_is_away(true);
    assert_eq!(world.place(vec![placed("waits", "1", 1), placed("goes-on", "1", 0)]).await, 1);
    assert_eq!(world.work().await, 0);
    assert_eq!(world.states().await, ["goes-on valued", "known valued", "waits pending"]);
    assert!(world.health.is_ready());
    let State::Impaired(said) = world.health.states()["feed"].clone() else { panic!("no reason") };
    assert!(said.contains("503"), "{said}");
    // It is left alone for a while.
    let asked = world.asked();
    world.work().await;
    assert_eq!(world.asked(), asked);

    world.feed_is_away(false);
    world.valuing = world.another();
    assert_eq!(world.work().await, 1);
    assert_eq!(world.health.states()["feed"], State::Ready);
}

#[tokio::test]
async fn orders_without_a_rate_are_told_and_never_tried_again() {
    let mut world = World::new().await;
    let old = placed_at("too-old", "1", "1999-01-03T23:59:59Z".parse().unwrap());
    // The newest rate up to then was published eleven days before.
    world.place(vec![old, placed("in-a-gap", "1", 9)]).await;
    assert_eq!(world.work().await, 0);
    assert_eq!(world.states().await, ["in-a-gap impossible", "too-old impossible"]);
    let reasons = world.texts("select reason from valuation order by order_id").await;
    assert!(reasons[0].starts_with("no reference rate was published within 10 days before 2"));
    assert_eq!(reasons[1], "there is no reference rate before 1999-01-04");
    let asked = world.asked();
    assert_eq!(world.work().await, 0);
    assert_eq!((asked, world.asked()), (1, 1));
    // The next one of that day is known to have none.
    world.place(vec![placed("in-a-gap2", "1", 9)]).await;
    assert_eq!(world.states().await.len(), 3);
    assert!(world.states().await.iter().all(|state| state.ends_with("impossible")));
}

#[tokio::test]
async fn other_events_change_nothing() {
    let mut world = World::new().await;
    let other = Happened::new(Topic::ORDER_EVENTS, "o1", 2, None);
    assert_eq!(world.place(vec![other]).await, 0);
    assert_eq!(world.states().await, [""; 0]);
}
