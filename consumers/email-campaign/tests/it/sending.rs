//! A crash at each point of a mail's way, and servers that go wrong.

use consumer_runtime::effect::{Effect, Standing};
use email_campaign::sending::SEND;
use schemas::{
    EventId, Timestamp,
    campaign::{CampaignCompleted, CampaignPaused},
};
use testkit::{eventually, postbox::Faults};

use crate::stage::{PATIENCE, World, after, campaign, customer, fixed, requested, withdrawn};

const OUTCOMES: &str = "select mailing_id || ' ' || outcome from delivery order by 1";
const TOLD: &str = "select message_type from outbox where key = 'spring:c1' order by id";

/// A campaign to one customer, whose mail is due.
async fn due() -> World {
    let mut world = World::new().await;
    world.started(customer("c1")).await;
    world.turn(1, 0, "").await;
    world.apply(vec![fixed(1, 1), requested("c1")]).await;
    world
}

async fn send(world: &World) {
    world.sender().send_some(Timestamp::now()).await.unwrap();
}

/// Sends until something came of it: the lock of who was killed is free a moment later.
async fn outcome(world: &World) -> Vec<String> {
    let look = async || {
        send(world).await;
        world.texts(OUTCOMES).await
    };
    eventually("an outcome", look, |outcomes| !outcomes.is_empty()).await
}

#[tokio::test]
async fn killed_before_the_server_was_asked_it_is_uncertain_and_not_sent() {
    let world = due().await;
    let cause = EventId::of_sequence("mailing.events", "spring:c1", 1);
    let effect = Effect { name: SEND, cause, subject: "spring:c1" };
    let begun = effect.begin(&world.stage.applier.database, Timestamp::now()).await.unwrap();
    assert!(matches!(begun, Standing::Due(_)));
    drop(begun);
    assert_eq!(outcome(&world).await, ["spring:c1 uncertain"]);
    send(&world).await;
    assert!(world.postbox.mails().is_empty());
}

#[tokio::test]
async fn killed_while_the_server_has_it_it_is_uncertain_and_not_sent_again() {
    let world = due().await;
    world.postbox.fall_silent(true);
    let sender = world.sender();
    let sending = tokio::spawn(async move { sender.send_some(Timestamp::now()).await });
    eventually("the mail", async || world.postbox.mails().len(), |mails| *mails == 1).await;
    sending.abort();
    world.postbox.fall_silent(false);
    assert_eq!(outcome(&world).await, ["spring:c1 uncertain"]);
    send(&world).await;
    assert_eq!(world.postbox.mails().len(), 1);
}

#[tokio::test]
async fn killed_before_it_was_told_it_is_told_once() {
    let world = due().await;
    send(&world).await;
    assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 sent"]);
    // Whoever sent it is gone; two others tell.
    world.turn(1, 1, "").await;
    world.turn(1, 2, "").await;
    assert_eq!(world.texts(TOLD).await, ["mark_sent"]);
    assert_eq!(world.texts(OUTCOMES).await, [""; 0]);
    send(&world).await;
    assert_eq!(world.postbox.mails().len(), 1, "before the log says that it was sent");
}

#[tokio::test]
async fn a_server_that_does_not_answer_leaves_it_uncertain() {
    for faults in [Faults { unanswered: 100, ..Faults::default() }, Faults::default()] {
        let world = due().await;
        world.postbox.go_wrong(faults, 1);
        world.postbox.fall_silent(faults.unanswered == 0);
        send(&world).await;
        assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 uncertain"]);
        send(&world).await;
        assert_eq!(world.postbox.mails().len(), 1);
    }
}

#[tokio::test]
async fn what_is_refused_for_now_is_tried_later_and_not_for_ever() {
    let world = due().await;
    world.postbox.go_wrong(Faults { later: 100, ..Faults::default() }, 1);
    send(&world).await;
    send(&world).await;
    let attempts = "select attempts::text from retry";
    assert_eq!(world.texts(attempts).await, ["1"], "it waits");
    let mut seconds = 0;
    for refusals in 1..PATIENCE.attempts {
        seconds += PATIENCE.wait(refusals).as_secs() + 1;
        world.sender().send_some(after(seconds)).await.unwrap();
    }
    assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 failed"]);
    let reason = world.texts("select detail from delivery").await;
    assert!(reason[0].starts_with("given up after 3 attempts: "), "{reason:?}");
    assert!(!reason[0].contains("example.org"), "{reason:?}");
}

#[tokio::test]
async fn what_is_refused_for_good_has_failed() {
    let world = due().await;
    world.postbox.go_wrong(Faults { never: 100, ..Faults::default() }, 1);
    send(&world).await;
    assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 failed"]);
}

#[tokio::test]
async fn a_mail_that_waits_is_not_sent_to_who_withdrew_meanwhile() {
    let mut world = due().await;
    world.postbox.go_wrong(Faults { later: 100, ..Faults::default() }, 1);
    send(&world).await;
    world.postbox.go_wrong(Faults::default(), 1);
    world.apply(vec![withdrawn("c1")]).await;
    world.sender().send_some(after(3_600)).await.unwrap();
    assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 excluded"]);
    assert!(world.postbox.mails().is_empty());
}

#[tokio::test]
async fn a_pause_and_an_end_are_kept() {
    let mut world = due().await;
    world.apply(vec![campaign(4, CampaignPaused {}.into())]).await;
    send(&world).await;
    assert_eq!(world.texts(OUTCOMES).await, [""; 0]);
    world.apply(vec![campaign(5, CampaignCompleted {}.into())]).await;
    send(&world).await;
    assert_eq!(world.texts(OUTCOMES).await, ["spring:c1 excluded"]);
    let reason = world.texts("select detail from delivery").await;
    assert_eq!(reason, ["campaign_completed"]);
    assert!(world.postbox.mails().is_empty());
}

#[tokio::test]
async fn two_senders_send_each_mail_once() {
    let mut world = World::new().await;
    let names: Vec<_> = (0..20).map(|n| format!("c{n:02}")).collect();
    world.started(names.iter().flat_map(|id| customer(id)).collect()).await;
    world.apply(names.iter().map(|id| requested(id)).collect()).await;
    let (one, two) = (world.sender(), world.sender());
    let now = Timestamp::now();
    let (one, two) = tokio::join!(one.send_some(now), two.send_some(now));
    one.and(two).unwrap();
    send(&world).await;
    assert_eq!(world.texts("select outcome from delivery group by 1").await, ["sent"]);
    let counts = world.postbox.counts("Hello");
    assert!(counts.len() == 20 && counts.values().all(|count| *count == 1), "{counts:?}");
}

/// A command is of the moment at which its turn began: of what came later it would tell as of the
/// future, and be refused for it.
#[tokio::test]
async fn what_is_noted_during_a_turn_is_told_by_the_next() {
    let world = due().await;
    send(&world).await;
    let client = world.stage.client().await.unwrap();
    let note = "insert into reaction values ('spring:c1', 'opened', now() + interval '1 minute')";
    client.execute(note, &[]).await.unwrap();
    world.turn(1, 30, "").await;
    assert_eq!(world.texts(TOLD).await, ["mark_sent"]);
    world.turn(1, 90, "").await;
    assert_eq!(world.texts(TOLD).await, ["mark_sent", "record_reaction"]);
    let ahead = "select count(*)::text from reaction";
    assert_eq!(world.texts(ahead).await, ["0"]);
}
