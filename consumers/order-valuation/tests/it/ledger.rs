//! The ledger of effects, and a crash at each point of a fetch.

use consumer_runtime::{
    Chore,
    chore::turn,
    effect::{Effect, Standing, Undertaking},
};
use order_valuation::valuing::FETCH;
use schemas::{EventId, Timestamp};

use crate::stage::{World, placed};

async fn begin(world: &World, event: EventId) -> Standing {
    let effect = Effect { name: FETCH, cause: event, subject: "a test" };
    effect.begin(&world.stage.applier.database, Timestamp::now()).await.unwrap()
}

async fn due(world: &World, event: EventId) -> Undertaking {
    match begin(world, event).await {
        Standing::Due(undertaking) => undertaking,
        other => panic!("{other:?}"),
    }
}

const EFFECTS: &str = "select name || ' ' || state || ' ' || attempts || ' ' || \
                         coalesce(outcome, '-') || ' ' || (ended_at is null) \
                       from effect order by started_at";

#[tokio::test]
async fn what_is_completed_is_never_done_again() {
    let world = World::new().await;
    let event = EventId::of_sequence("order.events", "o1", 1);
    let undertaking = due(&world, event).await;
    assert_eq!(world.texts(EFFECTS).await, ["fetch-reference-rate begun 1 - true"]);
    // Somebody is at it.
    assert!(matches!(begin(&world, event).await, Standing::Busy));
    undertaking.fail("no answer", Timestamp::now()).await.unwrap();
    assert_eq!(world.texts(EFFECTS).await, ["fetch-reference-rate failed 1 no answer false"]);
    let mut undertaking = due(&world, event).await;
    assert_eq!(undertaking.attempt, 2);
    undertaking.open().await.unwrap();
    undertaking.complete("good", Timestamp::now()).await.unwrap();
    assert!(matches!(begin(&world, event).await, Standing::Completed));
    assert_eq!(world.texts(EFFECTS).await, ["fetch-reference-rate completed 2 good false"]);
    // Another event, another effect.
    due(&world, EventId::of_sequence("order.events", "o2", 1)).await;
}

#[tokio::test]
async fn an_interrupted_effect_is_seen_and_leaves_nothing_behind() {
    let world = World::new().await;
    let event = EventId::of_sequence("order.events", "o1", 1);
    let mut undertaking = due(&world, event).await;
    let connection = undertaking.open().await.unwrap();
    let sql = "insert into rate_of_day values ('2026-11-20', 1, '2026-11-20', 'ecb', true, now())";
    connection.batch_execute(sql).await.unwrap();
    // As a crash would: the connection ends with it, and with that its transaction and lock.
    drop(undertaking);
    let free = async || match begin(&world, event).await {
        Standing::Interrupted(undertaking) => Some(undertaking),
        _ => None,
    };
    let mut taken = free().await;
    while taken.is_none() {
        tokio::task::yield_now().await;
        taken = free().await;
    }
    assert_eq!(taken.unwrap().attempt, 2);
    assert_eq!(world.texts("select day from rate_of_day").await, [""; 0]);
}

/// Killed at any point of its work, it goes on where it was: the order is answered once.
#[tokio::test]
async fn a_crash_between_fetch_and_command_repeats_no_completed_fetch() {
    let mut world = World::new().await;
    world.place(vec![placed("o1", "1", 0)]).await;
    // Killed after the fetch was recorded, before anything was answered.
    let database = world.stage.applier.database.clone();
    world.valuing.prepare(&database, Timestamp::now()).await.unwrap();
    assert_eq!((world.asked(), world.commands().await.len()), (1, 0));
    let again = world.another();
    again.prepare(&database, Timestamp::now()).await.unwrap();
    assert_eq!(world.asked(), 1, "the fetch was completed");
    // Long after, the rate is still good for this order.
    let later = "2099-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(turn(&world.stage.applier, &again, later).await.unwrap().emitted, 1);
    assert_eq!(turn(&world.stage.applier, &world.valuing, later).await.unwrap().emitted, 0);
    assert_eq!(world.commands().await.len(), 1);
}

#[tokio::test]
async fn two_instances_answer_each_order_once() {
    let mut world = World::new().await;
    let orders = (0..1_200).map(|n| placed(&format!("o{n}"), "1", 0)).collect();
    world.place(orders).await;
    world.valuing.prepare(&world.stage.applier.database, Timestamp::now()).await.unwrap();
    let other = world.another();
    let now = Timestamp::now();
    let (one, two) = tokio::join!(
        turn(&world.stage.applier, &world.valuing, now),
        turn(&world.stage.applier, &other, now)
    );
    let mut answered = one.unwrap().emitted + two.unwrap().emitted;
    while answered < 1_200 {
        let emitted = world.work().await;
        assert!(emitted > 0, "{answered} of them");
        answered += emitted;
    }
    let twice = "select key from outbox group by key having count(*) > 1";
    assert_eq!(world.texts(twice).await, [""; 0]);
    assert_eq!(world.commands().await.len(), 1_200);
}

/// A document that does not reach back so far: its other days are learnt all the same, and orders
/// that need another document do not wait for it.
#[tokio::test]
async fn a_day_that_is_not_in_the_history_holds_no_other_up() {
    let mut world = World::new().await;
    world.place(vec![placed("too-far", "1", 200), placed("far", "1", 100)]).await;
    world.place(vec![placed("today", "1", 0)]).await;
    for _ in 0..3 {
        world.work().await;
    }
    let states = ["far impossible", "today valued", "too-far pending"];
    assert_eq!(world.states().await, states);
    let sql = "select outcome from effect where state = 'failed'";
    let outcomes = world.texts(sql).await;
    assert!(outcomes[0].starts_with("it does not reach back to 2"), "{outcomes:?}");
}
