use std::time::Duration;

use schemas::{
    AggregateId,
    command::Rejection,
    order::{ConfirmOrder, OrderCommand},
};
use tokio::time::timeout;
use uuid::Uuid;

use super::*;
use crate::command::Submission;

fn outcomes(in_flight: usize) -> Arc<Outcomes> {
    Outcomes::new(&Limits {
        wait: Duration::from_secs(1),
        delivery: Duration::from_secs(1),
        in_flight,
        body_kbytes: 64,
        queue_kbytes: 1_024,
        remembered: 2,
        lookup: Duration::from_secs(1),
    })
}

fn id(number: u128) -> CommandId {
    CommandId(Uuid::from_u128(number))
}

fn identity(aggregate_id: &str, payload: &[u8]) -> Identity {
    let submission = Submission {
        id: id(1),
        aggregate_id: AggregateId::new(aggregate_id).unwrap(),
        command: OrderCommand::Confirm(ConfirmOrder::default()).into(),
        expected_version: None,
        actor: "anna".to_owned(),
        correlation_id: "c".to_owned(),
        trace: None,
    };
    submission.identity(payload)
}

fn outcome(aggregate_id: &str, version: i64) -> Outcome {
    Outcome {
        outcome: CommandOutcome {
            aggregate: "order".to_owned(),
            aggregate_id: aggregate_id.to_owned(),
            fingerprint: identity(aggregate_id, b"").fingerprint,
            version,
            event_ids: Vec::new(),
            rejection: None,
            latest_change: None,
        },
        correlation_id: None,
    }
}

fn reuse(aggregate_id: &str) -> Outcome {
    let mut outcome = outcome(aggregate_id, 9);
    outcome.outcome.rejection = Some(Rejection::new(RejectionCode::CommandIdReused, "used"));
    outcome
}

async fn version(waiter: &mut Waiter) -> Option<i64> {
    let outcome = timeout(Duration::from_millis(1), waiter.outcome()).await;
    outcome.ok().map(|outcome| outcome.version)
}

#[tokio::test]
async fn everybody_who_waits_for_a_command_is_told() {
    let outcomes = outcomes(10);
    let mut waiters: Vec<_> =
        (0..3).map(|_| outcomes.wait_for(id(1), &identity("o", b"")).unwrap()).collect();
    let mut other = outcomes.wait_for(id(2), &identity("o", b"")).unwrap();
    outcomes.decided(id(1), outcome("o", 7));
    for waiter in &mut waiters {
        assert_eq!(version(waiter).await, Some(7));
    }
    assert_eq!(version(&mut other).await, None);
}

#[tokio::test]
async fn places_are_bounded_and_given_back() {
    let outcomes = outcomes(2);
    let first = outcomes.wait_for(id(1), &identity("o", b"")).unwrap();
    let mut second = outcomes.wait_for(id(1), &identity("o", b"")).unwrap();
    assert_eq!(outcomes.wait_for(id(3), &identity("o", b"")).unwrap_err(), Refusal::Full);
    // As when its time-out has passed.
    drop(first);
    let third = outcomes.wait_for(id(3), &identity("o", b"")).unwrap();
    outcomes.decided(id(1), outcome("o", 1));
    assert_eq!(version(&mut second).await, Some(1));
    drop((second, third));
    let state = outcomes.lock();
    assert_eq!((state.waiters, state.groups.len()), (0, 0));
}

#[tokio::test]
async fn an_id_belongs_to_one_command() {
    let outcomes = outcomes(10);
    let mut waiter = outcomes.wait_for(id(1), &identity("o", b"")).unwrap();
    // While the first is under way, its content counts.
    let refusal = outcomes.wait_for(id(1), &identity("o", b"b")).unwrap_err();
    assert_eq!(refusal, Refusal::Reused);
    // The outcome of another aggregate under the same id is not ours.
    outcomes.decided(id(1), outcome("other", 5));
    assert_eq!(version(&mut waiter).await, None);
    outcomes.decided(id(1), outcome("o", 6));
    assert_eq!(version(&mut waiter).await, Some(6));
    drop(waiter);
    // Later too: what is remembered of the command tells its content.
    assert!(outcomes.wait_for(id(1), &identity("o", b"")).is_ok());
    for other in [identity("o", b"b"), identity("p", b"")] {
        assert_eq!(outcomes.wait_for(id(1), &other).unwrap_err(), Refusal::Reused);
    }
}

#[tokio::test]
async fn nobody_gets_the_answer_to_another_command_under_the_same_id() {
    let outcomes = outcomes(10);
    // The first one's sender went away before its outcome came, and nothing is known of it here.
    let mut second = outcomes.wait_for(id(1), &identity("o", b"second")).unwrap();
    outcomes.decided(id(1), outcome("o", 5));
    assert_eq!(version(&mut second).await, None);
    let mut taken = reuse("o");
    taken.outcome.fingerprint = identity("o", b"second").fingerprint;
    outcomes.decided(id(1), taken);
    assert_eq!(version(&mut second).await, Some(9));
}

#[test]
fn a_command_that_waits_in_the_log_keeps_its_id() {
    let outcomes = outcomes(10);
    let pending = Pending { identity: identity("o", b"first"), correlation_id: "c".to_owned() };
    outcomes.left(id(1), pending);
    let refusal = outcomes.wait_for(id(1), &identity("o", b"second")).unwrap_err();
    assert_eq!(refusal, Refusal::Reused);
    assert!(outcomes.wait_for(id(1), &identity("o", b"first")).is_ok());
}

#[test]
fn what_is_known_of_a_command() {
    let outcomes = outcomes(1);
    let pending = Pending { identity: identity("o", b""), correlation_id: "c".to_owned() };
    assert_eq!(outcomes.known(id(1)), None);
    outcomes.left(id(1), pending.clone());
    assert_eq!(outcomes.known(id(1)), Some(Known::Pending(pending.clone())));
    outcomes.decided(id(1), outcome("o", 1));
    assert_eq!(outcomes.known(id(1)), Some(Known::Decided(outcome("o", 1))));
    // It may be left when the outcome has come, and a misuse of the id changes nothing.
    outcomes.left(id(1), pending);
    outcomes.decided(id(1), reuse("o"));
    assert_eq!(outcomes.known(id(1)), Some(Known::Decided(outcome("o", 1))));
    outcomes.decided(id(2), outcome("o", 2));
    outcomes.decided(id(3), outcome("o", 3));
    assert_eq!(outcomes.known(id(1)), None);
}
