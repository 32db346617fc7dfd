//! What a group has committed, seen from outside.

use std::collections::BTreeSet;

use event_log::{
    Consumer, Partition, Settings, TransactionalProducer,
    consumer::{Change, Polled},
    group::committed,
    restore::PartitionReader,
};
use schemas::Topic;
use std::time::Duration;

use crate::installation::{eventually, fresh, record};

#[tokio::test(flavor = "multi_thread")]
async fn offsets_are_seen_from_outside_the_group_and_disturb_nobody() {
    let settings = fresh(2).await;
    tokio::task::spawn_blocking(move || {
        let [first, second] =
            [0, 1].map(|number| Partition { topic: Topic::ORDER_COMMANDS, number });
        let look = || committed(&settings, "copier", &[first, second]).unwrap();
        assert_eq!(look(), [(first, None), (second, None)]);
        let member = Consumer::join(&settings, "copier", &[first.topic]).unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        loop {
            assert!(std::time::Instant::now() < deadline, "nothing was assigned");
            member.poll(Duration::from_millis(100)).unwrap();
            let Some(Change::Assigned(partitions)) = member.next_change() else { continue };
            if !partitions.is_empty() {
                break member.assign(&member.committed(&partitions).unwrap()).unwrap();
            }
        }
        let producer = TransactionalProducer::new(&settings, "copier").unwrap();
        producer.begin().unwrap();
        producer.send_offsets(&[(second, 7)], &member.group_metadata().unwrap()).unwrap();
        producer.commit().unwrap();
        assert_eq!(look(), [(first, None), (second, Some(7))]);
        let polled = member.poll(Duration::from_secs(1)).unwrap();
        assert!(matches!(polled, Polled::Nothing), "the group was disturbed: {polled:?}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_knows_the_ends_of_what_is_committed() {
    let settings = fresh(2).await;
    tokio::task::spawn_blocking(move || {
        let partitions = [1, 0].map(|number| Partition { topic: Topic::ORDER_EVENTS, number });
        let producer = TransactionalProducer::new(&settings, "writer").unwrap();
        producer.begin().unwrap();
        producer.produce(record(Topic::ORDER_EVENTS, 0, 1)).unwrap();
        producer.commit().unwrap();
        let member = Consumer::join(&settings, "reader", &[Topic::ORDER_EVENTS]).unwrap();
        let ends = || member.ends(&partitions).unwrap();
        // The record and the marker of its transaction.
        let expected = partitions.into_iter().zip([0, 2]).collect::<Vec<_>>();
        eventually("the marker to arrive", ends, |ends| *ends == expected);
        producer.begin().unwrap();
        producer.produce(record(Topic::ORDER_EVENTS, 0, 2)).unwrap();
        let [_, written] = partitions;
        let log = PartitionReader::new(&settings).unwrap();
        let arrives = || {
            producer.poll();
            log.high_watermark(written).unwrap()
        };
        eventually("the record to arrive", arrives, |end| *end == 3);
        assert_eq!(ends(), expected);
        producer.abort().unwrap();
    })
    .await
    .unwrap();
}

/// Polls members until a condition on what each of them owns holds, completing every change but
/// the revocations of those that are told not to.
fn until(members: &mut [Member], what: &str, holds: impl Fn(&[Member]) -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while !holds(members) {
        for member in &mut *members {
            member.poll();
        }
        let owned: Vec<_> = members.iter().map(|member| &member.owned).collect();
        assert!(std::time::Instant::now() < deadline, "{what}: {owned:?}");
    }
}

struct Member {
    consumer: Consumer,
    owned: BTreeSet<Partition>,
    /// Keeps what it is to give up.
    clings: bool,
    is_asked_to_give_up: bool,
}

impl Member {
    fn join(settings: &Settings, instance: &str, clings: bool) -> Self {
        let settings = Settings { instance: Some(instance.to_owned()), ..settings.clone() };
        let consumer = Consumer::join(&settings, "copier", &[Topic::ORDER_COMMANDS]).unwrap();
        Self { consumer, owned: BTreeSet::new(), clings, is_asked_to_give_up: false }
    }

    fn poll(&mut self) {
        if self.is_asked_to_give_up {
            return;
        }
        self.consumer.poll(Duration::from_millis(50)).unwrap();
        if self.clings && !self.owned.is_empty() && self.consumer.has_change() {
            self.is_asked_to_give_up = true;
            return;
        }
        match self.consumer.next_change() {
            Some(Change::Assigned(partitions)) => {
                let starts: Vec<_> = partitions.iter().map(|partition| (*partition, 0)).collect();
                self.consumer.assign(&starts).unwrap();
                self.owned.extend(partitions);
            }
            Some(Change::Revoked { partitions, .. }) => {
                self.consumer.unassign(&partitions).unwrap();
                self.owned.retain(|partition| !partitions.contains(partition));
            }
            None => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_a_restart_in_a_rebalance_left_without_owner_get_one() {
    let settings = fresh(4).await;
    tokio::task::spawn_blocking(move || {
        let mut members = vec![Member::join(&settings, "a", true)];
        until(&mut members, "the first owns all", |members| members[0].owned.len() == 4);
        members.push(Member::join(&settings, "b", false));
        until(&mut members, "the first is to give up", |all| all[0].is_asked_to_give_up);
        // It dies before it does so, and comes back under its name.
        let first = members.remove(0);
        drop(first);
        members.push(Member::join(&settings, "a", false));
        let owned = |all: &[Member]| all.iter().map(|member| member.owned.len()).sum::<usize>();
        until(&mut members, "all are owned", |all| owned(all) == 4);
    })
    .await
    .unwrap();
}
