//! Whom a campaign asks for, and in which order.

use email_campaign::audience::{self, Audience};

use crate::stage::{World, customer, fixed, requested, withdrawn};

/// What makes the database join by hashes from the other side: rows come in no order.
const BY_HASHES: &str = "set local enable_nestloop = off; set local enable_mergejoin = off";

/// Mailings that were asked for, each customer as often as it was.
const ASKED: &str = "select key from outbox where message_type = 'request_mailing' order by key";

fn names(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|n| format!("c{n:04}")).collect()
}

/// Others of the campaign have their mailings already, as when the table of who was asked is lost.
#[tokio::test]
async fn everybody_is_asked_for_once_however_the_database_joins() {
    let mut world = World::new().await;
    let all = names(0..1_000);
    world.started(all.iter().flat_map(|id| customer(id)).collect()).await;
    assert_eq!(world.turn(100, 0, "").await, 1, "the audience is fixed");
    // More mailings than customers that are left: the smaller side is hashed.
    let (known, left) = all.split_at(700);
    world.apply(known.iter().map(|id| requested(id)).collect()).await;
    world.apply(vec![fixed(1_000, 1_000)]).await;
    world.stage.client().await.unwrap().batch_execute("analyze").await.unwrap();
    for second in 1..=30 {
        world.turn(100, second, BY_HASHES).await;
    }
    let left: Vec<_> = left.iter().map(|id| format!("spring:{id}")).collect();
    assert_eq!(world.texts(ASKED).await, left);
}

#[tokio::test]
async fn whoever_comes_after_the_cut_is_not_addressed() {
    let mut world = World::new().await;
    world.started(names(0..10).iter().flat_map(|id| customer(id)).collect()).await;
    assert_eq!(world.turn(100, 0, "").await, 1);
    world.apply(names(10..20).iter().flat_map(|id| customer(id)).collect()).await;
    world.apply(vec![fixed(10, 10)]).await;
    for second in 1..=3 {
        world.turn(100, second, "").await;
    }
    let expected: Vec<_> = names(0..10).iter().map(|id| format!("spring:{id}")).collect();
    assert_eq!(world.texts(ASKED).await, expected);
    // Asked at a rate: at most so many in a second, however long nobody looked.
    let mut world = World::new().await;
    world.started(names(0..50).iter().flat_map(|id| customer(id)).collect()).await;
    world.turn(5, 0, "").await;
    world.apply(vec![fixed(50, 50)]).await;
    assert_eq!(world.turn(5, 1_000, "").await, 5);
    assert_eq!(world.turn(5, 1_000, "").await, 0);
}

#[tokio::test]
async fn a_draft_says_whom_it_would_write_to() {
    let mut world = World::new().await;
    world.apply(names(0..5).iter().flat_map(|id| customer(id)).collect()).await;
    // Classified, but not known otherwise.
    let class = |id: &String| customer(id).pop().unwrap();
    world.apply(names(5..7).iter().map(class).collect()).await;
    world.started(vec![withdrawn("c0000")]).await;
    let database = &world.stage.applier.database;
    let expected = Audience { customers: 7, written: 4, no_address: 2, no_permission: 1 };
    assert_eq!(audience::of(database, "spring").await.unwrap(), expected);
    let unknown = audience::of(database, "autumn").await.unwrap_err();
    assert_eq!(unknown.to_json()["status"], 404);
}
